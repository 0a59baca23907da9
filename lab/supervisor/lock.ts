/**
 * One supervisor per run: `supervisor.pid` holds the pid and the start time (ticks since boot) of
 * the process that owns the run's directory. A lock whose owner is gone is taken over.
 */
import { existsSync, linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { EXIT, LabError } from '../errors.ts';

const LOCK_FILE = 'supervisor.pid';
/** Several starters may race for a stale lock; each try settles at least one of them. */
const MAX_TRIES = 10;

const ownerSchema = z.object({ pid: z.number(), startTicks: z.number() });
export type LockOwner = z.infer<typeof ownerSchema>;

/** Start time of a process in ticks since boot, null when there is no such process (proc(5), field 22). */
export function startTicksOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name, field 2, may hold blanks and brackets: count after the last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended already; only its parent has not asked yet.
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    return Number(fields[19]);
  } catch {
    return null;
  }
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function parseOwner(text: string): LockOwner | null {
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The living supervisor of a run, or null. */
export function lockOwner(runDirectory: string): LockOwner | null {
  const text = readText(path.join(runDirectory, LOCK_FILE));
  const owner = text === null ? null : parseOwner(text);
  return owner !== null && startTicksOf(owner.pid) === owner.startTicks ? owner : null;
}

/** Whether a lock lies there, be its owner alive or not. */
export function isLocked(runDirectory: string): boolean {
  return existsSync(path.join(runDirectory, LOCK_FILE));
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Takes the run's lock; returns the release. Throws LabError when another supervisor lives. */
export function takeLock(runDirectory: string): () => void {
  const file = path.join(runDirectory, LOCK_FILE);
  const mine = `${file}.${process.pid}`;
  const own = JSON.stringify({ pid: process.pid, startTicks: startTicksOf(process.pid) ?? 0 });
  writeFileSync(mine, own, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
      // A link appears with its content at once: nobody reads a half-written owner.
      if (tryLink(mine, file)) {
        return () => {
          if (readText(file) === own) unlinkSync(file);
        };
      }
      const held = readText(file);
      if (held === null) continue;
      const owner = lockOwner(runDirectory);
      if (owner !== null) {
        throw new LabError(`run has a supervisor already (pid ${owner.pid})`, {
          exitCode: EXIT.broke,
        });
      }
      takeAside(file, `${mine}.stale`, held);
    }
  } finally {
    unlinkSync(mine);
  }
  throw new LabError(`cannot take ${file}: it keeps changing hands`, { exitCode: EXIT.broke });
}

/** Moves a stale lock away; puts it back when it was a newer one that came in between. */
function takeAside(file: string, aside: string, stale: string): void {
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (readText(aside) !== stale) tryLink(aside, file);
  unlinkSync(aside);
}
