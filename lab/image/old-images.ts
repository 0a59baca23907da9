/**
 * Images of earlier builds, which nothing removes by itself: each change of node/ makes a new tag.
 */
import { engine, engineStatus, LABEL } from '../drivers/docker-engine.ts';

/** Another checkout of the lab may be about to start members from its own newest image. */
const KEPT_MS = 24 * 3600 * 1000;
/** The engine refuses: a container uses it, or another image is built on it. Gone is gone. */
const LEFT_ALONE = new Set([404, 409]);

interface Image {
  readonly id: string;
  readonly tags: readonly string[];
  /** Value of the label `lab.image`: peer, adversary, node, … */
  readonly kind: string;
  readonly createdMs: number;
}

/** Removes them; returns their tags. Nothing where no engine answers. */
export async function removeOldImages(nowMs: number): Promise<readonly string[]> {
  let listed;
  try {
    listed = await engine().listImages({ filters: { label: [LABEL.image] } });
  } catch {
    return [];
  }
  const images = listed.map(({ Id, RepoTags, Labels, Created }) => ({
    id: Id,
    tags: RepoTags ?? [],
    kind: Labels[LABEL.image] ?? '',
    createdMs: Created * 1000,
  }));
  const removed: string[] = [];
  for (const { id, tags } of oldImages(images, nowMs)) {
    try {
      await engine().getImage(id).remove();
      removed.push(tags[0] ?? id);
    } catch (error) {
      if (!LEFT_ALONE.has(engineStatus(error) ?? 0)) throw error;
    }
  }
  return removed;
}

/** All but the newest of each kind and those of the last day; the newest first, since it stands on older ones. */
export function oldImages(images: readonly Image[], nowMs: number): readonly Image[] {
  const sorted = images.toSorted((a, b) => b.createdMs - a.createdMs);
  const newest = new Set([...Map.groupBy(sorted, ({ kind }) => kind).values()].map(([one]) => one));
  return sorted.filter((image) => !newest.has(image) && nowMs - image.createdMs > KEPT_MS);
}
