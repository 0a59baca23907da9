/** Runs a testnet file by the lab's own command, as a user would, and gives its JSON. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { RunResult } from '../lab/analysis/result.ts';

const LAB = path.join(import.meta.dirname, '../lab/cli.ts');
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** `home`: LAB_HOME of the run. Throws an Error with the command's own words when it failed. */
export async function runNetwork(
  manifest: string,
  home: string,
  options: readonly string[] = [],
): Promise<RunResult> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [LAB, 'run', manifest, '--json', '--quiet', ...options],
    { env: { ...process.env, LAB_HOME: home }, maxBuffer: MAX_OUTPUT_BYTES },
  );
  // Our own command's own document.
  const result: RunResult = JSON.parse(stdout);
  return result;
}
