/**
 * Finds a run's processes in /proc. Each carries on its command line the marker argument
 * `lab.member=<its directory>`, an absolute path inside the run's folder that no other run has. So
 * they are found even when the lab died between starting one and writing down its pid, and a pid
 * that was given to a stranger since is never taken for one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const MEMBER_MARKER = 'lab.member=';

export interface FoundProcess {
  readonly name: string;
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: with the pid it names one process for ever. */
  readonly startTicks: number;
  readonly paused: boolean;
}

/** State letter and start time of a process, or null when there is none. */
export function readStat(pid: number): { state: string; startTicks: number } | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The command's name stands in brackets and may itself hold spaces and brackets.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  const startTicks = Number(fields[19]);
  if (state === undefined || !Number.isSafeInteger(startTicks)) return null;
  return { state, startTicks };
}

/** All living processes whose member directory lies directly in `members`. */
export function findProcesses(members: string): FoundProcess[] {
  const found: FoundProcess[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const before = readStat(pid);
    const name = memberOf(pid, members);
    if (name === null || before === null || before.state === 'Z') continue;
    found.push({
      name,
      pid,
      startTicks: before.startTicks,
      paused: before.state === 'T' || before.state === 't',
    });
  }
  return found;
}

function memberOf(pid: number, members: string): string | null {
  let line: string;
  try {
    line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return null;
  }
  const marker = line.split('\0').find((argument) => argument.startsWith(MEMBER_MARKER));
  if (marker === undefined) return null;
  const directory = marker.slice(MEMBER_MARKER.length);
  return path.dirname(directory) === members ? path.basename(directory) : null;
}

/** Signals exactly this process; false when it is gone (its pid may be somebody else's by now). */
export function signal(
  process_: Pick<FoundProcess, 'pid' | 'startTicks'>,
  name: NodeJS.Signals,
): boolean {
  const stat = readStat(process_.pid);
  if (stat === null || stat.startTicks !== process_.startTicks || stat.state === 'Z') return false;
  try {
    process.kill(process_.pid, name);
    return true;
  } catch {
    return false;
  }
}

/** Resolves true once the process is gone, false after `timeoutMs`. */
export async function gone(
  process_: Pick<FoundProcess, 'pid' | 'startTicks'>,
  timeoutMs: number,
): Promise<boolean> {
  const POLL_MS = 20;
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const stat = readStat(process_.pid);
    if (stat === null || stat.startTicks !== process_.startTicks || stat.state === 'Z') return true;
    if (waitedMs >= timeoutMs) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
