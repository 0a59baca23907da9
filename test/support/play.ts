/** Plays a schedule of faults on a network of peers and clients; the same run for the same schedule. */
import assert from 'node:assert/strict';
import type { Decisions } from '../../node/decisions.ts';
import type { Id } from '../../node/id.ts';
import type { Transaction } from '../../node/ledger/types.ts';
import { Befalling } from './befalling.ts';
import { FaultyNetwork } from './faulty-network.ts';
import { expectChains } from './invariants.ts';
import { PLANTS, type PlantName } from './planted.ts';
import type { Schedule } from './schedule.ts';
import { settle } from './settling.ts';
import { type Seated, Swarm } from './swarm.ts';
import { Broken, type Rule, Watch } from './watch.ts';

export interface Failure {
  readonly rule: Rule;
  readonly detail: string;
  /** After the storm's begin; negative before it. */
  readonly atMs: number;
}

export interface Outcome {
  /** Of every event that reached a host, as of a simulated run (lab/simulator/trace.ts). */
  readonly hash: string;
  readonly committed: number;
  readonly timedOut: number;
  readonly virtualMs: number;
  readonly failure: Failure | null;
}

/** How often the rules are looked at: a failure is told with the second in which it happened. */
const LOOK_MS = 500;
/**
 * Whoever first judged a transaction so short before the end of the storm has it under vote for 15 s
 * more (PENDING_LIMIT_MS), in which the others are told of it several times.
 */
const FRESH_MS = 5000;

export function play(schedule: Schedule, planted: PlantName | null = null): Outcome {
  const stage = new Stage(schedule);
  const takeOut = planted === null ? () => {} : PLANTS[planted](stage.network);
  try {
    return stage.play();
  } finally {
    takeOut();
  }
}

class Stage {
  readonly network: FaultyNetwork;
  readonly #schedule: Schedule;
  readonly #swarm: Swarm;
  readonly #befalling: Befalling;
  readonly #watch: Watch;
  /** What every peer was asked to judge. */
  readonly #transactions = new Map<Id, Transaction>();
  /** When each peer, by index, was first asked. */
  readonly #judged = new Map<number, Map<Id, number>>();
  readonly #guilty = new Set<Id>();
  readonly #guiltyIps = new Set<string>();
  #startMs = 0;

  constructor(schedule: Schedule) {
    const { peers, seed, parameters } = schedule;
    this.#schedule = schedule;
    const network = new FaultyNetwork({ seed });
    this.network = network;
    const minds: Record<number, Partial<Decisions>> = {};
    for (let index = 0; index < peers; index += 1) minds[index] = { vote: this.#mind(index) };
    this.#swarm = new Swarm({ peers, clients: 2, seed, parameters, network, decisions: minds });
    const swarm = this.#swarm;
    this.#watch = new Watch({
      parameters: swarm.parameters,
      peers,
      transactions: this.#transactions,
      guilty: this.#guilty,
      guiltyIps: this.#guiltyIps,
      rows: network.rows,
    });
    this.#befalling = new Befalling({
      schedule,
      swarm,
      network,
      minds,
      lies: (index) => {
        const { endpoint, peer } = swarm.at(index);
        this.#guilty.add(peer.identity.address);
        this.#guiltyIps.add(endpoint.ip);
      },
      forgets: (index) => {
        this.#watch.look();
        this.#watch.forget(swarm.at(index).endpoint.ip);
      },
    });
  }

  play(): Outcome {
    const failure = this.#failureOf(() => {
      this.#swarm.mesh();
      const { load } = this.#schedule;
      this.#swarm.load({ transactionsPerSecond: load, queryRatePerSecond: load / 2 });
      this.#befalling.begin();
      this.#startMs = this.network.now;
      this.#storm();
      if (this.#schedule.mode === 'liveness') this.#recover();
      this.#judgeDisks();
    });
    const rows = this.#swarm.rows('transactions').filter(({ part }) => part === 'client');
    const count = (outcome: string) => rows.filter((row) => row.outcome === outcome).length;
    return {
      hash: this.network.trace.hash,
      committed: count('committed'),
      timedOut: count('timed-out'),
      virtualMs: this.network.now - this.#startMs,
      failure,
    };
  }

  #mind(index: number): Decisions['vote'] {
    const judged = new Map<Id, number>();
    this.#judged.set(index, judged);
    return (transaction, token, honest) => {
      this.#transactions.set(transaction.id, transaction);
      if (!judged.has(transaction.id)) judged.set(transaction.id, this.network.now);
      if (honest === 'valid') this.#befalling.votes(index, token);
      return honest;
    };
  }

  #failureOf(run: () => void): Failure | null {
    try {
      run();
      return null;
    } catch (error) {
      const rule = error instanceof Broken ? error.rule : 'threw';
      const detail = error instanceof Broken ? error.message : stackOf(error);
      return { rule, detail, atMs: this.network.now - this.#startMs };
    }
  }

  #storm(): void {
    const endMs = this.#startMs + this.#schedule.stormMs;
    while (this.network.now < endMs) {
      this.network.run(Math.min(LOOK_MS, endMs - this.network.now));
      this.#watch.look();
    }
  }

  /** All faults end at once. */
  #recover(): void {
    const fresh = this.#fresh();
    const { epochs, contestable } = this.#befalling;
    this.#befalling.end();
    this.#swarm.unload();
    const isAlone = this.#schedule.owners === 'leave';
    if (isAlone) this.#dismissOwners();
    settle({
      swarm: this.#swarm,
      honest: this.#honest,
      transactions: this.#transactions,
      contestable,
      alone: isAlone ? fresh : null,
      look: () => this.#watch.look(),
    });
    for (const { index, epoch } of epochs) {
      // Whom all have banned nobody tells of its epochs.
      if (this.#guiltyIps.has(this.#swarm.at(index).endpoint.ip)) continue;
      const now = this.#swarm.at(index).peer.health().epoch;
      if (now <= epoch)
        throw new Broken('epochs rise', `peer ${index} is in ${now} after ${epoch}`);
    }
  }

  /** What an honest peer that never died has had under vote for a short time only. */
  #fresh(): ReadonlySet<Id> {
    const sinceMs = this.network.now - FRESH_MS;
    const fresh = new Set<Id>();
    for (const [index, judged] of this.#judged) {
      if (this.#guiltyIps.has(this.#swarm.at(index).endpoint.ip)) continue;
      if (this.#befalling.dead.has(index)) continue;
      for (const [tx, atMs] of judged) if (atMs >= sinceMs) fresh.add(tx);
    }
    return fresh;
  }

  /** Clients and those that spent twice: they are not heard of again. */
  #dismissOwners(): void {
    const peers = new Set(this.#swarm.seated.map(({ endpoint }) => endpoint.ip));
    for (const host of this.network.hosts) if (!peers.has(host.endpoint.ip)) host.kill();
  }

  get #honest(): Seated[] {
    return this.#swarm.seated.filter(({ endpoint }) => !this.#guiltyIps.has(endpoint.ip));
  }

  #judgeDisks(): void {
    const { down } = this.#befalling;
    const up = this.#honest.filter((seated) => !down.has(this.#swarm.seated.indexOf(seated)));
    try {
      expectChains(this.#swarm, up);
    } catch (error) {
      if (!(error instanceof assert.AssertionError)) throw error;
      throw new Broken('chains', error.message);
    }
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
