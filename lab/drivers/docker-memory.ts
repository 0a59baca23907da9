/**
 * What a running member holds in memory: resident in all, and private (neither shared with other
 * members nor a page of a file), from the kernel's own account of its process.
 */
import { readFile } from 'node:fs/promises';
import type Docker from 'dockerode';

export interface MemoryUse {
  readonly totalBytes: number;
  readonly privateBytes: number;
}

/** Null when it does not run. */
export async function memoryOf(container: Docker.Container): Promise<MemoryUse | null> {
  const { State } = await container.inspect();
  if (!State.Running) return null;
  try {
    return fromRollup(await readFile(`/proc/${State.Pid}/smaps_rollup`, 'utf8'));
  } catch {
    // Not root, or the engine is elsewhere: the engine's own figures.
    return fromStats(await container.stats({ stream: false }));
  }
}

/** Exported for tests. */
export function fromRollup(text: string): MemoryUse {
  const kib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
  return {
    totalBytes: 1024 * kib('Rss'),
    privateBytes: 1024 * (kib('Private_Clean') + kib('Private_Dirty')),
  };
}

function fromStats({ memory_stats: memory }: Docker.ContainerStats): MemoryUse {
  const stats = memory.stats;
  return {
    totalBytes: memory.usage - (stats.total_inactive_file ?? 0),
    // cgroup v1 counts the anonymous pages as rss.
    privateBytes: stats.rss ?? memory.usage,
  };
}
