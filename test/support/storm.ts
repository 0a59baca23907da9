/**
 * An honest network in a rough world: members and clients under load on links that lose, something
 * that befalls some of them, and what must hold when it is over. All follows from the seed.
 */
import assert from 'node:assert/strict';
import type { ProtocolParameters } from '../../node/parameters.ts';
import {
  expectAgreement,
  expectAllEnded,
  expectBannedOnly,
  expectChains,
  expectSafe,
} from './invariants.ts';
import { joined } from './joiner.ts';
import { seededRandom } from './network.ts';
import { type Seated, Swarm } from './swarm.ts';

export const LOSSES = [0, 0.05, 0.1] as const;

/** A peer that came back has opened an epoch by then, under loss too. */
const REOPEN_MS = 15_000;
/** Longer than clients wait for a transaction, and rounds of upkeep for what a restored disk lacks. */
const SETTLE_MS = 60_000;
/** Where somebody joins, this is 6 s: two months are too long for a test. */
const JOIN_TRUST_HOURS = 6;
/** Register, catch up, trust: all of them voted, with repeats under loss. */
const JOIN_MS = 90_000;

interface Stage {
  readonly swarm: Swarm;
  readonly random: () => number;
  /** Who joined later. */
  readonly late: Seated[];
  /** Epochs of those that came back, at the ends of their lives. */
  readonly lives: { readonly index: number; readonly epoch: number }[];
}

type Befall = (stage: Stage) => void;

const between = ({ random }: Stage, low: number, high: number): number =>
  low + Math.floor(random() * (high - low));

const anyone = (stage: Stage): number => between(stage, 0, stage.swarm.seated.length);

function noteLife({ swarm, lives }: Stage, index: number): void {
  lives.push({ index, epoch: swarm.at(index).peer.health().epoch });
}

function untilMeshed({ swarm }: Stage, index: number): void {
  const { peer } = swarm.at(index);
  assert(
    swarm.network.runUntil(() => peer.health().meshed, REOPEN_MS),
    `peer ${index} did not come back`,
  );
}

/** A third of them, so that every neighbourhood of the rest may lack its quorum for a while. */
const restart: Befall = (stage) => {
  const first = anyone(stage);
  for (let at = 0; at < between(stage, 1, 4); at += 1) {
    const index = (first + at) % stage.swarm.seated.length;
    noteLife(stage, index);
    stage.swarm.restart(index, between(stage, 100, 3000));
  }
};

/** After so many datagrams more nothing that it signs leaves it, and its disk keeps what it has. */
const killBetweenSigningAndSending: Befall = (stage) => {
  const { swarm } = stage;
  const index = anyone(stage);
  const { endpoint, host } = swarm.at(index);
  const { link, now } = swarm.network;
  let left = between(stage, 1, 200);
  let disk = swarm.snapshot(index);
  swarm.network.tap = (from) => {
    if (from.ip !== endpoint.ip || left === 0) return;
    left -= 1;
    if (left > 0) return;
    noteLife(stage, index);
    disk = host.store.copy();
    host.kill();
    swarm.network.link = (one, other) =>
      one.ip === endpoint.ip ? { lossProbability: 1 } : link(one, other);
  };
  assert(
    swarm.network.runUntil(() => left === 0, 30_000),
    `peer ${index} sent nothing since ${now}`,
  );
  swarm.network.tap = undefined;
  swarm.network.link = link;
  swarm.restore(index, disk, between(stage, 100, 2000));
};

function restore(stage: Stage, times: number): void {
  const { swarm } = stage;
  const index = anyone(stage);
  const disk = swarm.snapshot(index);
  for (let time = 0; time < times; time += 1) {
    swarm.network.run(between(stage, 500, 3000));
    noteLife(stage, index);
    swarm.restore(index, disk, between(stage, 100, 2000));
    untilMeshed(stage, index);
  }
}

const partition: Befall = (stage) => {
  const { swarm, random } = stage;
  const side = new Set(
    swarm.seated.filter(() => random() < 0.5).map(({ endpoint }) => endpoint.ip),
  );
  const { link } = swarm.network;
  swarm.network.link = (from, to) =>
    side.has(from.ip) === side.has(to.ip) ? link(from, to) : { lossProbability: 1 };
  swarm.network.run(between(stage, 1000, 6000));
  swarm.network.link = link;
};

const lateJoiner: Befall = (stage) => {
  const newcomer = joined(stage.swarm, 150);
  stage.late.push(newcomer);
  const isTrusted = () => newcomer.peer.health().phase === 'trusted';
  // It catches up while tokens move, and waits for trust in peace: that takes longest.
  stage.swarm.network.run(between(stage, 1000, 6000));
  stage.swarm.unload();
  assert(stage.swarm.network.runUntil(isTrusted, JOIN_MS), 'the late joiner was not trusted');
  stage.swarm.load();
};

const pause: Befall = (stage) => {
  const { swarm } = stage;
  for (let left = between(stage, 1, 3); left > 0; left -= 1) {
    swarm.at(anyone(stage)).host.pause(between(stage, 500, 6000));
    swarm.network.run(1000);
  }
  swarm.network.run(4000);
};

export const EVENTS = [
  'none',
  'partition',
  'skew',
  'restart',
  'kill between signing and sending',
  'snapshot restored once',
  'snapshot restored twice',
  'late joiner',
  'pause',
] as const;

export type EventName = (typeof EVENTS)[number];

const BEFALL: Readonly<Record<EventName, Befall>> = {
  none: () => {},
  partition,
  // Their clocks are wrong from the start: `ride` sets them.
  skew: () => {},
  restart,
  'kill between signing and sending': killBetweenSigningAndSending,
  'snapshot restored once': (stage) => restore(stage, 1),
  'snapshot restored twice': (stage) => restore(stage, 2),
  'late joiner': lateJoiner,
  pause,
};

/** Those after which nothing may be lost: all were there all the time. */
const CALM: ReadonlySet<EventName> = new Set(['none', 'skew', 'late joiner']);

export interface Storm {
  readonly event: EventName;
  readonly lossProbability: number;
  /** Draws all that is not said. */
  readonly seed: number;
  readonly peers?: number;
  readonly parameters?: Partial<ProtocolParameters>;
}

/** Throws an AssertionError for what does not hold; returns how the clients' transactions ended. */
export function ride(storm: Storm): { committed: number; timedOut: number } {
  const { event, lossProbability, seed, parameters } = storm;
  const random = seededRandom(seed);
  const peers = storm.peers ?? 8 + Math.floor(random() * 4);
  const skews = Array.from({ length: peers }, () =>
    event === 'skew' ? Math.round(random() * 4000) - 2000 : 0,
  );
  const swarm = new Swarm({
    peers,
    clients: 2,
    seed,
    lossProbability,
    delayMs: 5 + Math.floor(random() * 60),
    skewMs: (index) => skews[index] ?? 0,
    parameters: {
      k: 5 + Math.floor(random() * 4),
      ...(event === 'late joiner' ? { trustHours: JOIN_TRUST_HOURS } : {}),
      ...parameters,
    },
  });
  const stage: Stage = { swarm, random, late: [], lives: [] };
  swarm.mesh();
  swarm.load();
  swarm.network.run(3000);
  BEFALL[event](stage);
  swarm.network.run(3000);
  swarm.unload();
  const ended = expectSound(stage);
  if (CALM.has(event)) assert.equal(ended.timedOut, 0, 'transactions timed out in calm');
  return ended;
}

function expectSound({ swarm, late, lives }: Stage): { committed: number; timedOut: number } {
  const honest = [...swarm.seated, ...late];
  const settled = () =>
    [expectAllEnded, expectAgreement].every((expectation) =>
      holds(() => expectation(swarm, honest)),
    );
  for (let left = SETTLE_MS; left > 0 && !settled(); left -= 1000) swarm.network.run(1000);
  expectSafe(swarm, honest);
  expectBannedOnly(swarm, []);
  expectChains(swarm, honest);
  for (const [at, { index, epoch }] of lives.entries()) {
    const next = lives.slice(at + 1).find((life) => life.index === index)?.epoch;
    const after = next ?? swarm.at(index).peer.health().epoch;
    assert(after > epoch, `peer ${index} came back in epoch ${after} after ${epoch}`);
  }
  for (const [index, { peer }] of honest.entries()) {
    assert(peer.health().meshed, `peer ${index} has lost the network`);
  }
  const ended = expectAllEnded(swarm);
  expectAgreement(swarm, honest);
  return ended;
}

function holds(expectation: () => unknown): boolean {
  try {
    expectation();
    return true;
  } catch (error) {
    if (error instanceof assert.AssertionError) return false;
    throw error;
  }
}
