/** `lab doctor --fix`: shows and runs the commands that the findings name, and touches nothing else. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { EXIT, LabError } from '../errors.ts';
import { apt, START_DOCKER } from './examine.ts';
import type { Finding } from './examine.ts';

/** How long a fresh engine may take to answer; its first start makes its folders. */
const ENGINE_TIMEOUT_MS = 60_000;
const ENGINE_POLL_MS = 500;

/** The commands for what is not ok, each once, packages first: an engine needs its helper's to be of use. */
export function mendCommands(findings: readonly Finding[]): string[] {
  const lacking = findings.filter(({ level }) => level !== 'ok');
  const packages = new Set(lacking.flatMap((finding) => finding.packages));
  const install = packages.size === 0 ? [] : [apt([...packages])];
  return [...new Set([...install, ...lacking.flatMap(({ mends }) => mends)])];
}

/** Runs every mend of what is not ok; a failed one is reported and the rest goes on. */
export async function mend(
  findings: readonly Finding[],
  say: (line: string) => void,
): Promise<void> {
  const commands = mendCommands(findings);
  if (commands.length === 0) {
    say('nothing to mend');
    return;
  }
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    throw new LabError('--fix works as root on Debian and Ubuntu', {
      exitCode: EXIT.machineCannot,
      remedy: 'run the commands that npx lab doctor names, as this system does such things',
    });
  }
  for (const command of commands) {
    // A limit of a shell ends with that shell: it cannot be set from here.
    if (command.startsWith('ulimit') || command.startsWith('npm')) {
      say(`to be typed in your own shell: ${command}`);
      continue;
    }
    say(`+ ${command}`);
    const { status } = spawnSync('sh', ['-c', command], { stdio: ['ignore', 2, 2] });
    if (status !== 0) say(`  failed with status ${status ?? 'unknown'}; going on`);
    else if (command === START_DOCKER) await engineAnswers(say);
  }
}

async function engineAnswers(say: (line: string) => void): Promise<void> {
  const { dockerAvailable } = await import('../drivers/docker.ts');
  const deadline = performance.now() + ENGINE_TIMEOUT_MS;
  for (;;) {
    const { ok, reason } = await dockerAvailable();
    if (ok) return;
    if (performance.now() > deadline) {
      say(`  the engine does not answer: ${reason}; see /var/log/dockerd.log`);
      return;
    }
    await delay(ENGINE_POLL_MS);
  }
}
