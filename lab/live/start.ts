/** A network that somebody launches in order to watch it. */
import type { LaunchOptions } from '../commands/launch.ts';
import { startRun } from '../supervisor/client.ts';
import type { LiveRun } from './model.ts';
import { openLive } from './open.ts';

/** Beside wall time. */
const PACE = 1;

/** Launches a testnet file, to stay up, and attaches to it. Throws LabError. */
export async function startLive(
  file: string,
  options: Omit<LaunchOptions, 'file' | 'mode'>,
): Promise<LiveRun> {
  const { prepareRun } = await import('../commands/launch.ts');
  const { run } = await prepareRun({ pace: PACE, ...options, file, mode: 'up' });
  await startRun(run);
  return openLive(run);
}
