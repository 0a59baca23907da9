/** Where the time of one function went, from a V8 CPU profile. */
import type { Profiler } from 'node:inspector';

/** Shown apart; whatever is smaller is in `rest`. */
const LEAST_SHARE = 0.01;

/**
 * Share of the samples under `root` (a function's name) by the folder of `node/` in which the
 * innermost frame of ours lies: native and library time counts for whoever called it. The collector
 * works for everything in the thread, so its time is nobody's here.
 */
export function shares(profile: Profiler.Profile, root: string): Readonly<Record<string, number>> {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const room = new Map<number, string>();
  const visit = (id: number, under: string | null): void => {
    const node = byId.get(id);
    if (node === undefined) return;
    const { functionName, url } = node.callFrame;
    let here = under;
    if (functionName === root) here = 'host';
    else if (under !== null) here = roomOf(url) ?? under;
    if (here !== null) room.set(id, here);
    for (const child of node.children ?? []) visit(child, here);
  };
  const [first] = profile.nodes;
  if (first !== undefined) visit(first.id, null);
  const counts = new Map<string, number>();
  for (const sample of profile.samples ?? []) {
    const name = room.get(sample);
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const all = [...counts].map(([name, count]) => [name, count / total] as const);
  const large = all.filter(([, share]) => share >= LEAST_SHARE).sort((a, b) => b[1] - a[1]);
  const rest = all.reduce((sum, [, share]) => sum + (share < LEAST_SHARE ? share : 0), 0);
  return Object.fromEntries(
    [...large, ['rest', rest] as const].map(([name, share]) => [
      name,
      Math.round(share * 100) / 100,
    ]),
  );
}

/** `node/crypto/box.ts` → `crypto`; a file at the top of `node/` by its own name. */
function roomOf(url: string): string | null {
  const found = /\/node\/(?:([a-z-]+)\/)?([a-z\d-]+)\.ts$/.exec(url);
  return found === null || url.includes('node_modules') ? null : (found[1] ?? found[2] ?? null);
}
