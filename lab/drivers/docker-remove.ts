/**
 * Takes a run out of the engine: everything that carries its label and nothing else. Labels are set in
 * the same call that creates, so they also find what a crash kept out of the journal's sight.
 */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type Docker from 'dockerode';
import { EXIT, LabError } from '../errors.ts';
import { concurrently } from '../supervisor/concurrently.ts';
import type { CreatedObject } from './driver.ts';
import { engine, ENGINE_CONCURRENCY, LABEL, tolerate } from './docker-engine.ts';

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
    if (round === ROUNDS) {
      throw new LabError(`${left} objects of run ${run} cannot be removed yet`, {
        exitCode: EXIT.broke,
        remedy: 'if a network "has active endpoints", restart the engine, then lab down again',
      });
    }
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
  const [containers, networks] = await Promise.all([
    engine().listContainers({ all: true, filters }),
    engine().listNetworks({ filters }),
  ]);
  const alone = disconnectInTurn(containers, networks);
  await concurrently(containers, ENGINE_CONCURRENCY, async ({ Id, Names }) => {
    await alone.get(Id);
    // 409: another removal of it is in progress.
    await tolerate(engine().getContainer(Id).remove({ force: true, v: true }), [404, 409]);
    removed.add((Names[0] ?? Id).replace(/^\//, ''));
  });
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

/**
 * Takes the containers off each network one after another, all networks at once; per container, the
 * promise that it is off all of them. Engines before 28 lose count of a network's endpoints when
 * containers on it are removed at the same time (moby issue 42119): the network then "has active
 * endpoints" and stays until the engine restarts. In turn it does not happen, and takes less time.
 */
function disconnectInTurn(
  containers: readonly Docker.ContainerInfo[],
  networks: readonly Docker.NetworkInspectInfo[],
): ReadonlyMap<string, Promise<unknown>> {
  const turns = networks.map(({ Id, Name }) => {
    let turn: Promise<void> = Promise.resolve();
    const network = engine().getNetwork(Id);
    return containers.map((container) => {
      if (container.NetworkSettings?.Networks?.[Name] === undefined) return turn;
      const leave = async (before: Promise<void>) => {
        await before;
        // Whatever is refused here (not connected, already gone) the removal settles.
        const options = { Container: container.Id, Force: true };
        await tolerate(network.disconnect(options), [403, 404, 409, 500]);
      };
      turn = leave(turn);
      return turn;
    });
  });
  return new Map(
    containers.map(({ Id }, index) => [
      Id,
      Promise.all(turns.flatMap((chain) => chain[index] ?? [])),
    ]),
  );
}

function isInside(folder: string, candidate: string): boolean {
  const relative = path.relative(folder, candidate);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}
