/** About once a second, what this process costs and whether its host still keeps up. */
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { ResourcesRow } from '../telemetry.ts';

const INTERVAL_MS = 1000;
/** Sampling of the event loop's delay: every sample wakes an idle peer, of which there are many. */
const RESOLUTION_MS = 50;
/** Private memory changes slowly, and asking the kernel for it took 9 % of an idle peer's CPU. */
const ROWS_PER_MEMORY_READING = 10;

export interface ResourceSources {
  socketDrops(): number;
  telemetryDropped(): number;
  report(row: ResourcesRow): void;
}

/** Starts reporting; returns what ends it. */
export function reportResources(sources: ResourceSources): () => void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let cpu = process.cpuUsage();
  let rows = 0;
  let privateNow: number | null = null;
  const timer = setInterval(() => {
    const used = process.cpuUsage(cpu);
    cpu = process.cpuUsage();
    // The histogram holds whole intervals between samples: what exceeds the resolution is delay.
    const loopDelayP99Ms = Math.max(0, delays.percentile(99) / 1e6 - RESOLUTION_MS);
    delays.reset();
    if (rows % ROWS_PER_MEMORY_READING === 0) privateNow = privateBytes(readRollup());
    rows += 1;
    sources.report({
      table: 'resources',
      cpuMs: (used.user + used.system) / 1000,
      residentBytes: process.memoryUsage.rss(),
      privateBytes: privateNow,
      loopDelayP99Ms,
      socketDrops: sources.socketDrops(),
      telemetryDropped: sources.telemetryDropped(),
    });
  }, INTERVAL_MS);
  return () => {
    clearInterval(timer);
    delays.disable();
  };
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
