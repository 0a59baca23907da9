/** Plain facts about this machine, each read from the kernel; null where it does not say. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';

/** A check that hangs says as much as one that fails. */
const COMMAND_TIMEOUT_MS = 20_000;

export function readNumber(file: string): number | null {
  try {
    const value = Number(readFileSync(file, 'utf8').trim());
    return Number.isFinite(value) ? value : null;
  } catch {
    return null;
  }
}

/** Memory that processes can still have, bytes: the kernel's estimate, within the cgroup's limit. */
export function availableMemoryBytes(): number {
  let available = os.freemem();
  try {
    const line = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'));
    if (line?.[1] !== undefined) available = Number(line[1]) * 1024;
  } catch {
    // Not Linux: what the system calls free is the best there is.
  }
  const constrained = process.constrainedMemory();
  const limited = constrained > 0 && constrained < os.totalmem();
  return limited ? Math.min(available, process.availableMemory()) : available;
}

/** Soft limit of open files of this process, which its children inherit. */
export function openFileLimit(): number | null {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const value = /^Max open files\s+(\S+)/m.exec(limits)?.[1];
    if (value === undefined) return null;
    return value === 'unlimited' ? Infinity : Number(value);
  } catch {
    return null;
  }
}

/** Runs a command; what it printed, and whether it ended well. */
export function tryCommand(
  command: string,
  args: readonly string[],
): { readonly ok: boolean; readonly text: string } {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: COMMAND_TIMEOUT_MS,
  });
  const text = `${stdout ?? ''}${stderr ?? ''}`.trim();
  return { ok: status === 0, text: error === undefined ? text : error.message };
}

/** Whether a program is found on the path. */
export function hasProgram(name: string): boolean {
  return tryCommand('sh', ['-c', `command -v ${name}`]).ok;
}
