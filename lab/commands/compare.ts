/** `lab run --compare RUN`: plays a simulated run again and stops at the first event that differs. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { EXIT, LabError } from '../errors.ts';
import { loadTestnet } from '../manifest/load.ts';
import { compare, type Comparison } from '../simulator/compare.ts';
import { TraceReader } from '../simulator/trace-file.ts';
import { RUN_FILES } from '../supervisor/api.ts';
import type { RunSummary } from '../supervisor/client.ts';
import { printJson, printLines, remark } from '../terminal/output.ts';
import { Progress } from '../terminal/progress.ts';
import { grouped } from '../terminal/style.ts';
import { findRun } from './common.ts';
import { version } from './launch.ts';

export interface CompareOptions {
  /** Instead of the run's own manifest and seed. */
  readonly file: string | undefined;
  readonly seed: number | undefined;
  /** Beside the run's own. */
  readonly settings: readonly string[];
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Prints what was found; the exit code is 1 when the runs differ. */
export async function compareRun(word: string, options: CompareOptions): Promise<void> {
  const earlier = findRun(word, false);
  const { plan, directory } = earlier;
  const wholeHash = traceHashOf(earlier);
  const reader = TraceReader.open(directory);
  if (plan.driver !== 'sim' || reader === null) {
    throw new LabError(`${earlier.run} left no trace: only simulated runs can be compared`, {
      exitCode: EXIT.badUse,
      remedy: 'npx lab run FILE --driver sim makes one that can be',
    });
  }
  const { file = plan.manifest, seed = plan.seed } = options;
  const settings = [...(plan.settings ?? []), ...options.settings];
  const testnet = loadTestnet(file, { seed, honest: plan.honest, settings });
  if (plan.version !== version()) {
    remark(`${earlier.run} was made by version ${plan.version}, this is ${version()}`);
  }
  const progress = new Progress(process.stderr, options.quiet);
  let n = 0;
  try {
    const found = await compare(testnet, {
      run: earlier.run,
      earlier: reader,
      cryptography: plan.cryptography ?? 'real',
      announce: (event, atMs) => {
        progress.event({ ...event, n, atMs });
        n += 1;
      },
      // A signal that nobody waits for ends the process: nothing is there to be removed.
      look: () => setImmediate(),
    });
    progress.stop();
    tell(earlier.run, found, wholeHash, options.json);
  } finally {
    progress.stop();
    reader.close();
  }
}

/** Of a run that came to its end; null of one that did not. */
function traceHashOf({ directory }: RunSummary): string | null {
  const file = path.join(directory, RUN_FILES.result);
  if (!existsSync(file)) return null;
  const result: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return z.object({ traceHash: z.string().nullable() }).parse(result).traceHash;
}

function tell(run: string, found: Comparison, wholeHash: string | null, json: boolean): void {
  const { events, traceHash, divergence } = found;
  // Past what the trace file holds only the hashes of the whole runs can tell.
  const isSame = divergence === null && (wholeHash === null || wholeHash === traceHash);
  if (!isSame) process.exitCode = EXIT.expectationFailed;
  if (json) printJson({ run, same: isSame, events, traceHash, divergence });
  else if (isSame) printLines([`the same: ${grouped(events)} events`, `Trace    ${traceHash}`]);
  else if (divergence === null) {
    printLines([
      `not the same: after the events that ${run} kept`,
      `  its trace  ${wholeHash}`,
      `  this one   ${traceHash}`,
    ]);
  } else {
    const { before, was, is } = divergence;
    printLines([
      `not the same: ${grouped(events)} events are, then`,
      ...before.map((line) => `         ${line}`),
      `  was    ${was ?? 'the end of the run'}`,
      `  is     ${is ?? 'the end of the run'}`,
    ]);
  }
}
