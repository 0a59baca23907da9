/** Plays a schedule of faults on a network of peers and clients; the same run for the same schedule. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Decisions } from '../../node/decisions.ts';
import type { Endpoint } from '../../node/host.ts';
import type { Id } from '../../node/id.ts';
import type { Transaction } from '../../node/ledger/types.ts';
import { type Death, FaultyNetwork } from './faulty-network.ts';
import { forged } from './forger.ts';
import { expectChains } from './invariants.ts';
import { endpointText, type MemoryStore, seededRandom, type VirtualLink } from './network.ts';
import { PLANTS, type PlantName } from './planted.ts';
import type { Fault, FaultKind, Schedule } from './schedule.ts';
import { settle } from './settling.ts';
import { Spender, spending } from './spender.ts';
import { type Seated, Swarm } from './swarm.ts';
import { Broken, type Rule, Watch } from './watch.ts';

export interface Failure {
  readonly rule: Rule;
  readonly detail: string;
  /** After the storm's begin; negative before it. */
  readonly atMs: number;
}

export interface Outcome {
  /** Of every datagram sent: when, from where, where to, and what. */
  readonly hash: string;
  readonly committed: number;
  readonly timedOut: number;
  readonly virtualMs: number;
  readonly failure: Failure | null;
}

/** How often the rules are looked at: a failure is told with the second in which it happened. */
const LOOK_MS = 500;
/** An owner that spends twice sends both transfers so often. */
const INSIST_MS = 1500;
const CALM: VirtualLink = { delayMs: 40 };

/** Which kind ends a peer how, in the middle of its next turn. */
const DEATHS: Partial<Record<FaultKind, Death>> = { 'torn write': 'torn', unsent: 'unsent' };

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
  readonly #hash = createHash('sha256');
  readonly #random: () => number;
  /** What every peer was asked to judge. */
  readonly #transactions = new Map<Id, Transaction>();
  readonly #minds: Record<number, Partial<Decisions>> = {};
  readonly #guilty = new Set<Id>();
  readonly #guiltyIps = new Set<string>();
  readonly #contestable = new Set<Id>();
  readonly #watch: Watch;
  /** Of peers that are down. */
  readonly #down = new Map<number, MemoryStore>();
  readonly #epochs: { readonly index: number; readonly epoch: number }[] = [];
  /** Under way now. */
  readonly #active = new Set<Fault>();
  #startMs = 0;
  #isOver = false;

  constructor(schedule: Schedule) {
    const { peers, seed, parameters } = schedule;
    this.#schedule = schedule;
    this.#random = seededRandom(seed ^ 0x11f7);
    this.network = new FaultyNetwork({ seed });
    for (let index = 0; index < peers; index += 1) this.#minds[index] = { vote: this.#capture };
    this.#swarm = new Swarm({
      peers,
      clients: 2,
      seed,
      parameters,
      network: this.network,
      decisions: this.#minds,
    });
    this.network.link = (from, to) => this.#link(from, to);
    this.network.tap = (from, to, datagram) => {
      this.#hash.update(`${this.network.now} ${endpointText(from)} ${endpointText(to)} `);
      this.#hash.update(datagram);
    };
    this.#watch = new Watch({
      parameters: this.#swarm.parameters,
      peers,
      transactions: this.#transactions,
      guilty: this.#guilty,
      guiltyIps: this.#guiltyIps,
      rows: this.network.rows,
    });
  }

  play(): Outcome {
    const failure = this.#failureOf(() => {
      this.#prepare();
      this.#storm();
      if (this.#schedule.mode === 'liveness') this.#recover();
      this.#judgeDisks();
    });
    const rows = this.#swarm.rows('transactions').filter(({ part }) => part === 'client');
    const count = (outcome: string) => rows.filter((row) => row.outcome === outcome).length;
    return {
      hash: this.#hash.digest('hex'),
      committed: count('committed'),
      timedOut: count('timed-out'),
      virtualMs: this.network.now - this.#startMs,
      failure,
    };
  }

  readonly #capture: Decisions['vote'] = (transaction, _token, honest) => {
    this.#transactions.set(transaction.id, transaction);
    return honest;
  };

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

  #prepare(): void {
    const { faults, load } = this.#schedule;
    this.#swarm.mesh();
    this.#swarm.load({ transactionsPerSecond: load, queryRatePerSecond: load / 2 });
    const spends = faults.filter(({ kind }) => kind === 'double spend');
    const created = spends.length === 0 ? [] : this.#owners(spends.length);
    this.#startMs = this.network.now;
    for (const fault of faults) {
      const one = fault.kind === 'double spend' ? created.shift() : undefined;
      this.#plan(fault, one);
    }
  }

  #owners(count: number): { spender: Spender; created: Transaction }[] {
    const spender = new Spender(this.#swarm);
    return spender.create(count, 2).map((created) => {
      for (const { token } of created.body.changes) this.#contestable.add(token);
      return { spender, created };
    });
  }

  #storm(): void {
    const endMs = this.#startMs + this.#schedule.stormMs;
    while (this.network.now < endMs) {
      this.network.run(Math.min(LOOK_MS, endMs - this.network.now));
      this.#watch.look();
    }
  }

  #plan(fault: Fault, owner?: { spender: Spender; created: Transaction }): void {
    const { kind, atMs, forMs, who, amount } = fault;
    const at = (ms: number, run: () => void): void => {
      this.network.after(ms, () => {
        if (!this.#isOver) run();
      });
    };
    const end = atMs + forMs;
    at(atMs, () => this.#active.add(fault));
    at(end, () => this.#active.delete(fault));
    if (owner !== undefined) this.#planSpending(fault, owner, at);
    for (const index of who) {
      if (kind === 'skew') this.#planClock(index, at, { from: atMs, end, skewMs: amount });
      if (kind === 'drift') this.#planClock(index, at, { from: atMs, end, driftPpm: amount });
      if (kind === 'pause') at(atMs, () => this.#swarm.at(index).host.pause(forMs));
      if (kind === 'liar') this.#planLies(index, fault, at);
      if (kind === 'crash') at(atMs, () => this.#kill(index, forMs));
      const death = DEATHS[kind];
      if (death !== undefined) at(atMs, () => this.#dieNext(index, death, forMs));
      if (kind === 'restore') this.#planRestore(index, fault, at);
    }
  }

  #planClock(
    index: number,
    at: (ms: number, run: () => void) => void,
    wrong: { from: number; end: number; skewMs?: number; driftPpm?: number },
  ): void {
    const { from, end, skewMs = 0, driftPpm = 0 } = wrong;
    const set = (skew: number, drift: number): void => {
      this.network.setClock(this.#swarm.at(index).endpoint, skew, drift);
    };
    at(from, () => set(skewMs, driftPpm));
    at(end, () => set(0, 0));
  }

  #planLies(
    index: number,
    { atMs, forMs }: Fault,
    at: (ms: number, run: () => void) => void,
  ): void {
    const mind = this.#minds[index];
    if (mind === undefined) return;
    at(atMs, () => {
      const { endpoint, peer } = this.#swarm.at(index);
      this.#guilty.add(peer.identity.address);
      this.#guiltyIps.add(endpoint.ip);
      mind.answerMapping = ({ kind }, _token, _query, honest) =>
        kind === 'client' ? forged(this.#swarm.at(index).peer, honest()) : honest();
    });
    at(atMs + forMs, () => {
      delete mind.answerMapping;
    });
  }

  #planRestore(
    index: number,
    { atMs, forMs, amount }: Fault,
    at: (ms: number, run: () => void) => void,
  ): void {
    let snapshot: MemoryStore | null = null;
    at(Math.max(0, atMs - amount), () => {
      snapshot = (this.#down.get(index) ?? this.#swarm.at(index).host.store).copy();
    });
    at(atMs, () => {
      if (snapshot === null) return;
      this.#kill(index, forMs);
      this.#down.set(index, snapshot.copy());
      this.#watch.look();
      this.#watch.forget(this.#swarm.at(index).endpoint.ip);
    });
  }

  #planSpending(
    { atMs, forMs, who, to, amount }: Fault,
    { spender, created }: { spender: Spender; created: Transaction },
    at: (ms: number, run: () => void) => void,
  ): void {
    const tokens = created.body.changes.map(({ token }) => token);
    const submit = (indexes: readonly number[], transaction: Transaction): void => {
      spender.submit(
        indexes.map((index) => this.#swarm.at(index).peer.identity.address),
        transaction,
      );
    };
    const everyone = this.#swarm.seated.map((_, index) => index);
    at(atMs, () => {
      const terms = { previous: created.id, timestamp: this.network.now };
      const one = spending({ ...terms, tokens, to: 1 });
      const other = spending({ ...terms, tokens: tokens.slice(0, amount), to: 2 });
      submit(who, one);
      submit(to, other);
      // It insists.
      for (let ms = forMs; atMs + ms < this.#schedule.stormMs; ms += INSIST_MS) {
        this.network.after(ms, () => {
          submit(everyone, one);
          submit(everyone, other);
        });
      }
    });
  }

  #dieNext(index: number, death: Death, downMs: number): void {
    if (this.#down.has(index)) return;
    this.network.dieNext(this.#swarm.at(index).endpoint, death, () => this.#kill(index, downMs));
  }

  /** As kill -9, and a start on what the disk holds by then. */
  #kill(index: number, downMs: number): void {
    if (this.#down.has(index)) return;
    const { host, peer } = this.#swarm.at(index);
    if (peer.health().meshed) this.#epochs.push({ index, epoch: peer.health().epoch });
    host.kill();
    this.#down.set(index, host.store);
    this.network.after(downMs, () => this.#revive(index));
  }

  #revive(index: number): void {
    const disk = this.#down.get(index);
    if (disk === undefined) return;
    this.#down.delete(index);
    this.#swarm.seatAgain(index, disk);
  }

  /** All faults end at once. */
  #recover(): void {
    this.#isOver = true;
    this.#active.clear();
    for (const index of this.#down.keys()) this.#revive(index);
    for (const [index, { endpoint }] of this.#swarm.seated.entries()) {
      this.network.setClock(endpoint, 0, 0);
      this.network.spare(endpoint);
      delete this.#minds[index]?.answerMapping;
    }
    this.#swarm.unload();
    settle({
      swarm: this.#swarm,
      honest: this.#honest,
      transactions: this.#transactions,
      contestable: this.#contestable,
      look: () => this.#watch.look(),
    });
    for (const { index, epoch } of this.#epochs) {
      // Whom all have banned nobody tells of its epochs.
      if (this.#guiltyIps.has(this.#swarm.at(index).endpoint.ip)) continue;
      const now = this.#swarm.at(index).peer.health().epoch;
      if (now <= epoch)
        throw new Broken('epochs rise', `peer ${index} is in ${now} after ${epoch}`);
    }
  }

  get #honest(): Seated[] {
    return this.#swarm.seated.filter(({ endpoint }) => !this.#guiltyIps.has(endpoint.ip));
  }

  #judgeDisks(): void {
    const up = this.#honest.filter((seated) => !this.#down.has(this.#swarm.seated.indexOf(seated)));
    try {
      expectChains(this.#swarm, up);
    } catch (error) {
      if (!(error instanceof assert.AssertionError)) throw error;
      throw new Broken('chains', error.message);
    }
  }

  #link(from: Endpoint, to: Endpoint): VirtualLink {
    let { delayMs = 0, lossProbability = 0, duplicate = 0 } = CALM;
    const includes = (indexes: readonly number[], { ip }: Endpoint): boolean =>
      indexes.some((index) => this.#swarm.seated[index]?.endpoint.ip === ip);
    for (const { kind, atMs, forMs, who, to: receivers, amount } of this.#active) {
      if (kind === 'loss') lossProbability = Math.max(lossProbability, amount);
      if (kind === 'duplicate') duplicate = Math.max(duplicate, amount);
      if (kind === 'reorder') delayMs += Math.floor(this.#random() * amount);
      if (kind !== 'cut' && kind !== 'clog') continue;
      if (!includes(who, from) || !includes(receivers, to)) continue;
      if (kind === 'cut') lossProbability = 1;
      else delayMs = Math.max(delayMs, this.#startMs + atMs + forMs - this.network.now);
    }
    return { delayMs, lossProbability, duplicate };
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
