/** Figures and states in words, as the rest of the lab writes them. */
import type { LiveModel } from '../live/model.ts';
import type { RunPhase } from '../supervisor/api.ts';

/** Phases of a run in words. */
export const PHASE_WORDS: Readonly<Record<RunPhase, string>> = {
  preparing: 'preparing',
  launching: 'launching peers',
  meshing: 'peers find one another',
  measuring: 'measuring links',
  running: 'running',
  draining: 'letting the last transactions finish',
  scoring: 'scoring against the truth',
  stopped: 'stopped',
  removing: 'removing everything',
  ended: 'ended',
  failed: 'failed',
};

/** `0:37`, `12:05`, `1:02:05`; with `tenths`, `0:37.2` as long as there are no hours. */
export function clock(ms: number, tenths = false): string {
  const sign = ms < 0 ? '-' : '';
  const total = Math.abs(ms) / 1000;
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const seconds = total % 60;
  const fraction = tenths && hours === 0;
  const shown = fraction
    ? (Math.floor(seconds * 10) / 10).toFixed(1).padStart(4, '0')
    : String(Math.floor(seconds)).padStart(2, '0');
  return hours === 0
    ? `${sign}${minutes}:${shown}`
    : `${sign}${hours}:${String(minutes).padStart(2, '0')}:${shown}`;
}

/**
 * When the load began, by the run's clock; before that, when the first thing happened: `since` is
 * wall time, which a simulated run's clock is not.
 */
export function originMs({
  status: { elapsedMs },
  atMs,
  feed,
}: Pick<LiveModel, 'status' | 'atMs' | 'feed'>): number {
  return elapsedMs === null ? (feed[0]?.atMs ?? atMs) : atMs - elapsedMs;
}

/** `950 B`, `12.3 kB`, `4.5 MB`: of 1,000 each. */
export function bytes(count: number): string {
  if (count < 1000) return `${Math.round(count)} B`;
  if (count < 1e6) return `${(count / 1e3).toFixed(1)} kB`;
  return count < 1e9 ? `${(count / 1e6).toFixed(1)} MB` : `${(count / 1e9).toFixed(1)} GB`;
}

/** An address or a hash as people compare it: the first digits. */
export function shortId(id: string | null): string {
  return id === null ? '–' : id.slice(0, 10);
}

/** `1 peer`, `2 peers` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}
