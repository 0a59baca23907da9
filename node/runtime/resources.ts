/** About once a second, what this process costs and whether its host still keeps up. */
import { readFileSync } from 'node:fs';
import type { ResourcesRow } from '../telemetry.ts';

const INTERVAL_MS = 1000;
/** Private memory changes slowly, and asking the kernel for it took 9 % of an idle peer's CPU. */
const ROWS_PER_MEMORY_READING = 10;
/** The kernel counts drops by itself; reading its table took 2 % of an idle peer's CPU. */
const ROWS_PER_SOCKET_READING = 3;

export interface ResourceSources {
  /** How late timers fired since the last call: p99 in ms. */
  takeLateness(): number;
  socketDrops(): number;
  telemetryDropped(): number;
  report(row: ResourcesRow): void;
}

/** Starts reporting; returns what ends it. */
export function reportResources(sources: ResourceSources): () => void {
  let cpu = process.cpuUsage();
  let rows = 0;
  let privateNow: number | null = null;
  let socketDrops = 0;
  const timer = setInterval(() => {
    const used = process.cpuUsage(cpu);
    cpu = process.cpuUsage();
    if (rows % ROWS_PER_MEMORY_READING === 0) privateNow = privateBytes(readRollup());
    if (rows % ROWS_PER_SOCKET_READING === 0) socketDrops = sources.socketDrops();
    rows += 1;
    sources.report({
      table: 'resources',
      cpuMs: (used.user + used.system) / 1000,
      residentBytes: process.memoryUsage.rss(),
      privateBytes: privateNow,
      loopDelayP99Ms: sources.takeLateness(),
      socketDrops,
      telemetryDropped: sources.telemetryDropped(),
    });
  }, INTERVAL_MS);
  return () => clearInterval(timer);
}

function readRollup(): string {
  try {
    return readFileSync('/proc/self/smaps_rollup', 'utf8');
  } catch {
    return '';
  }
}

/** Private_Clean and Private_Dirty of a smaps_rollup text, or null where the kernel has none. */
export function privateBytes(rollup: string): number | null {
  const found = [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)];
  if (found.length === 0) return null;
  return found.reduce((sum, [, kilobytes]) => sum + Number(kilobytes) * 1024, 0);
}
