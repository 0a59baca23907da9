/**
 * Takes a run out of the engine: everything that carries its label and nothing else. Labels are set in
 * the same call that creates, so they also find what a crash kept out of the journal's sight.
 */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { concurrently } from '../supervisor/concurrently.ts';
import type { CreatedObject } from './driver.ts';
import { engine, ENGINE_CONCURRENCY, engineError, LABEL, tolerate } from './docker-engine.ts';

/** A creation that was under way when its maker died can finish after we looked: look again. */
const ROUNDS = 20;
const ROUND_PAUSE_MS = 250;

/** Removes containers, networks, volumes of the run and journalled directories inside `runDirectory`. */
export async function removeRun(
  run: string,
  runDirectory: string,
  objects: readonly CreatedObject[],
): Promise<string[]> {
  const removed = new Set<string>();
  for (let round = 0; ; round++) {
    const left = await removeOnce(run, removed);
    if (left === 0) break;
    if (round === ROUNDS) throw engineError(`remove run ${run}`, `${left} objects stay`);
    await new Promise((resolve) => setTimeout(resolve, ROUND_PAUSE_MS));
  }
  for (const object of objects) {
    if (object.type !== 'directory' || !isInside(runDirectory, object.path)) continue;
    await rm(object.path, { recursive: true, force: true });
    removed.add(object.path);
  }
  return [...removed];
}

/** One pass; how many objects are still there after it. */
async function removeOnce(run: string, removed: Set<string>): Promise<number> {
  const filters = { label: [`${LABEL.run}=${run}`] };
  const containers = await engine().listContainers({ all: true, filters });
  await concurrently(containers, ENGINE_CONCURRENCY, async ({ Id, Names }) => {
    // 409: another removal of it is in progress.
    await tolerate(engine().getContainer(Id).remove({ force: true, v: true }), [404, 409]);
    removed.add((Names[0] ?? Id).replace(/^\//, ''));
  });
  const networks = await engine().listNetworks({ filters });
  for (const { Id, Name } of networks) {
    // 403: a container whose removal is not finished still has an address on it.
    await tolerate(engine().getNetwork(Id).remove(), [403, 404, 409]);
    removed.add(Name);
  }
  const { Volumes } = await engine().listVolumes({ filters });
  for (const { Name } of Volumes ?? []) {
    await tolerate(engine().getVolume(Name).remove(), [404, 409]);
    removed.add(Name);
  }
  if (containers.length + networks.length + (Volumes ?? []).length === 0) return 0;
  const after = await Promise.all([
    engine().listContainers({ all: true, filters }),
    engine().listNetworks({ filters }),
  ]);
  return after[0].length + after[1].length;
}

function isInside(folder: string, candidate: string): boolean {
  const relative = path.relative(folder, candidate);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}
