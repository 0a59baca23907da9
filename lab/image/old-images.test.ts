import { expect, test } from 'vitest';
import { oldImages } from './old-images.ts';

const DAY_MS = 24 * 3600 * 1000;
const image = (id: string, kind: string, createdMs: number) => ({ id, tags: [], kind, createdMs });

test('old images are those of earlier days, but never the newest of their kind', () => {
  const images = [
    image('peer 1', 'peer', 1),
    image('peer 2', 'peer', 2),
    image('peer today', 'peer', 2 * DAY_MS),
    image('adversary 1', 'adversary', 3),
    image('adversary 2', 'adversary', 4),
    image('node', 'node', 0),
  ];
  // What is built on another goes before it: later ones first.
  expect(oldImages(images, 2 * DAY_MS + 5).map(({ id }) => id)).toEqual([
    'adversary 1',
    'peer 2',
    'peer 1',
  ]);
});
