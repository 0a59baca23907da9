/**
 * Which driver a run gets when nobody asked for one, and why, in words that the summary shows.
 */
import { dockerAvailable } from './docker.ts';
import type { DriverName } from './driver.ts';

/** `available` is the engine's answer; replaced in tests. */
export async function chooseDriver(
  asked: 'auto' | DriverName,
  available: typeof dockerAvailable = dockerAvailable,
): Promise<{ readonly driver: DriverName; readonly reason: string }> {
  if (asked !== 'auto') return { driver: asked, reason: 'asked for' };
  const docker = await available();
  if (docker.ok) return { driver: 'docker', reason: docker.reason };
  return { driver: 'process', reason: `${docker.reason}; members run as plain processes` };
}
