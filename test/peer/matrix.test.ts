/**
 * Honest networks in rough worlds: each event at each loss. `npm test` takes one loss for each event;
 * with another ROTATION, others. `npm run soak` takes random ones for as long as it is told.
 */
import { expect, test } from 'vitest';
import { EVENTS, LOSSES, ride, type Storm } from '../support/storm.ts';

/** Raise it now and then. */
const ROTATION = 1;

const sample: readonly Storm[] = EVENTS.map((event, at) => ({
  event,
  lossProbability: LOSSES[(at + ROTATION) % LOSSES.length] ?? 0,
  seed: ROTATION * 1000 + at,
}));

const OTHERWISE = {
  voting: 'polled',
  commitRule: 'net',
  synchronisation: 'polling',
} as const;

/** What failed once, and what no seed draws. */
const kept: readonly Storm[] = [
  {
    event: 'kill between signing and sending',
    lossProbability: 0,
    seed: 970197683,
    parameters: OTHERWISE,
  },
  { event: 'restart', lossProbability: 0.1, seed: 970197811, parameters: OTHERWISE },
  // Smaller than k: one neighbourhood.
  { event: 'none', lossProbability: 0.05, seed: 16, peers: 5, parameters: { k: 12 } },
];

test.each([...sample, ...kept])(
  'honest peers agree, end everything and ban nobody: $event, loss $lossProbability, seed $seed',
  (storm) => {
    expect(ride(storm).committed).toBeGreaterThan(10);
  },
);
