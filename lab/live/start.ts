/** A network that somebody launches in order to watch it. */
import type { LaunchOptions } from '../commands/launch.ts';
import { startRun } from '../supervisor/client.ts';
import type { LiveRun } from './model.ts';
import { openLive } from './open.ts';

/** Beside wall time. */
const PACE = 1;

export interface StartOptions extends Omit<LaunchOptions, 'file' | 'mode'> {
  /** From now on the run goes on by itself, under this name. */
  readonly begun?: (run: string) => void;
  /** Aborted: what has not begun yet does not begin. */
  readonly signal?: AbortSignal;
}

/** Launches a testnet file, to stay up, and attaches to it. Throws LabError, or the signal's reason. */
export async function startLive(file: string, options: StartOptions): Promise<LiveRun> {
  const { prepareRun } = await import('../commands/launch.ts');
  const { run } = await prepareRun({ pace: PACE, ...options, file, mode: 'up' });
  options.signal?.throwIfAborted();
  options.begun?.(run);
  await startRun(run);
  return openLive(run);
}
