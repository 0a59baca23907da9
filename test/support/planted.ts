/**
 * Bugs that are put into every peer of a run on purpose, to see that storms find them. Each is a small
 * slip that a change of the code could make.
 */
import { SimHost } from '../../lab/simulator/host.ts';
import type { Id } from '../../node/id.ts';
import { Canvass } from '../../node/peer/canvass.ts';
import { Pending } from '../../node/voting/pending.ts';
import { VoteLock } from '../../node/voting/lock.ts';
import type { Row } from '../../node/telemetry.ts';
import type { FaultyNetwork } from './faulty-network.ts';

/** Puts it in; returns what takes it out again. */
type Plant = (network: FaultyNetwork) => () => void;

/** Puts another method in the place of one of a class; returns what puts it back. */
function replace<T, K extends keyof T>(on: T, method: K, by: (honest: T[K]) => T[K]): () => void {
  const honest = on[method];
  on[method] = by(honest);
  return () => {
    on[method] = honest;
  };
}

/** Every `valid` counts for two. */
const countsTwice: Plant = () =>
  replace(
    Pending.prototype,
    'tally',
    (tally) =>
      function twice(this: Pending, token, neighbourhood) {
        const counted = tally.call(this, token, neighbourhood);
        return { ...counted, valid: Math.min(counted.size, 2 * counted.valid) };
      },
  );

/** The lock is in memory alone, so that a peer that was killed votes anew. */
const forgetsLock: Plant = () => {
  const memories = new WeakMap<VoteLock, Map<string, Id>>();
  const putBack = replace(
    VoteLock.prototype,
    'claim',
    () =>
      function inMemory(this: VoteLock, token, bound, tx) {
        const memory = memories.get(this) ?? new Map<string, Id>();
        memories.set(this, memory);
        const before = memory.get(`${token}/${bound}`);
        if (before === undefined) memory.set(`${token}/${bound}`, tx);
        return before === undefined || before === tx;
      },
  );
  const putBackToo = replace(
    VoteLock.prototype,
    'holder',
    () =>
      function inMemory(this: VoteLock, token, bound) {
        return memories.get(this)?.get(`${token}/${bound}`);
      },
  );
  return () => {
    putBack();
    putBackToo();
  };
};

/**
 * Datagrams leave at once, the writes of their turn become durable later: what a torn turn has said its
 * peer does not know any more. What it has said it has also reported.
 */
const sendsFirst: Plant = (network) => {
  const unsaid = new WeakMap<SimHost, Row[]>();
  const putBack = replace(
    SimHost.prototype,
    'report',
    (report) =>
      function noted(this: SimHost, row) {
        unsaid.set(this, [...(unsaid.get(this) ?? []), row]);
        report.call(this, row);
      },
  );
  const putBackToo = replace(
    SimHost.prototype,
    'send',
    () =>
      function atOnce(this: SimHost, to, datagram) {
        if (!this.alive) return;
        network.send(this.endpoint, to, datagram);
        for (const row of unsaid.get(this) ?? []) {
          network.rows.push({ endpoint: this.endpoint, at: network.now, row });
        }
        unsaid.delete(this);
      },
  );
  return () => {
    putBack();
    putBackToo();
  };
};

/** What was lost is never asked for again. */
const neverRepeats: Plant = () => replace(Canvass.prototype, 'repeat', () => () => {});

export const PLANTS = {
  'counts a vote twice': countsTwice,
  'forgets its vote lock at restart': forgetsLock,
  'sends before its writes are durable': sendsFirst,
  'never asks again': neverRepeats,
} as const satisfies Readonly<Record<string, Plant>>;

export type PlantName = keyof typeof PLANTS;

export function isPlant(name: string): name is PlantName {
  return Object.hasOwn(PLANTS, name);
}
