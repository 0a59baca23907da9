/** Carries out the faults of a schedule on a network of peers, each at its time. */
import type { Decisions } from '../../node/decisions.ts';
import { UNSHAPED } from '../../node/control.ts';
import type { Endpoint } from '../../node/host.ts';
import type { Id } from '../../node/id.ts';
import type { Transaction } from '../../node/ledger/types.ts';
import type { Death } from '../../lab/simulator/host.ts';
import type { FaultyHost, FaultyNetwork, Path } from './faulty-network.ts';
import { forged } from './forger.ts';
import type { MemoryStore } from './network.ts';
import type { Fault, FaultKind, Schedule } from './schedule.ts';
import { Spender, spending } from './spender.ts';
import type { Swarm } from './swarm.ts';

/** An owner that spends twice sends both transfers so often. */
const INSIST_MS = 1500;
const CALM_MS = 40;
/** How often a path falls into a burst of losses, and comes out of it: of about twenty datagrams four. */
const BURST = { enter: 0.05, leave: 0.25, lossGood: 0 };

/** Which kind ends a peer how, in the middle of a turn. */
const DEATHS: Partial<Record<FaultKind, Death>> = { 'torn write': 'torn', unsent: 'unsent' };

export interface BefallingOptions {
  readonly schedule: Schedule;
  readonly swarm: Swarm;
  readonly network: FaultyNetwork;
  /** The decisions of each peer, by index. */
  readonly minds: Readonly<Record<number, Partial<Decisions>>>;
  /** This peer becomes a liar. */
  lies(index: number): void;
  /** The disk of this peer is about to be put back. */
  forgets(index: number): void;
}

type At = (ms: number, run: () => void) => void;

export class Befalling {
  /** Disks of peers that are down. */
  readonly down = new Map<number, MemoryStore>();
  /** Peers that have died at least once. */
  readonly dead = new Set<number>();
  /** In which epoch a peer died, in order. */
  readonly epochs: { readonly index: number; readonly epoch: number }[] = [];
  /** Tokens of owners that sign two transfers of one mapping. */
  readonly contestable = new Set<Id>();
  readonly #options: BefallingOptions;
  /** Under way now. */
  readonly #active = new Set<Fault>();
  /** Peers that are to die in the turn in which they vote: how, and for how long. */
  readonly #doomed = new Map<number, { readonly death: Death; readonly downMs: number }>();
  #isOver = false;

  constructor(options: BefallingOptions) {
    this.#options = options;
    this.#relink();
  }

  /** From now on, after some seconds in which owners create what they will spend twice. */
  begin(): void {
    const { schedule, swarm } = this.#options;
    const spends = schedule.faults.filter(({ kind }) => kind === 'double spend');
    const created = spends.length === 0 ? [] : this.#owners(new Spender(swarm), spends.length);
    for (const fault of schedule.faults) {
      const owner = fault.kind === 'double spend' ? created.shift() : undefined;
      this.#plan(fault, owner);
    }
  }

  /** All that befalls anybody ends now. */
  end(): void {
    const { swarm, network, minds } = this.#options;
    this.#isOver = true;
    this.#active.clear();
    this.#doomed.clear();
    this.#relink();
    for (const from of swarm.seated) {
      for (const to of swarm.seated) network.clog(from.endpoint, to.endpoint, network.now);
    }
    for (const index of this.down.keys()) this.#revive(index);
    for (const index of swarm.seated.keys()) {
      this.#setClock(index, 0, 0);
      this.#host(index).spare();
      delete minds[index]?.answerMapping;
    }
  }

  /**
   * This peer is about to call a change of `token` valid, in the turn that runs. Where owners spend
   * twice, deaths wait for votes on what is theirs: others take nothing from anybody.
   */
  votes(index: number, token: Id): void {
    const doom = this.#doomed.get(index);
    if (doom === undefined || this.down.has(index)) return;
    if (this.contestable.size > 0 && !this.contestable.has(token)) return;
    this.#doomed.delete(index);
    this.#dieNext(index, doom.death, doom.downMs);
  }

  #owners(spender: Spender, count: number): { spender: Spender; created: Transaction }[] {
    return spender.create(count, 2).map((created) => {
      for (const { token } of created.body.changes) this.contestable.add(token);
      return { spender, created };
    });
  }

  #plan(fault: Fault, owner?: { spender: Spender; created: Transaction }): void {
    const { kind, atMs, forMs, who, amount } = fault;
    const at: At = (ms, run) => {
      this.#options.network.after(ms, () => {
        if (!this.#isOver) run();
      });
    };
    const end = atMs + forMs;
    at(atMs, () => this.#begin(fault));
    at(end, () => {
      this.#active.delete(fault);
      this.#relink();
    });
    if (owner !== undefined) this.#planSpending(fault, owner, at);
    for (const index of who) {
      if (kind === 'skew' || kind === 'drift') {
        at(atMs, () =>
          this.#setClock(index, kind === 'skew' ? amount : 0, kind === 'drift' ? amount : 0),
        );
        at(end, () => this.#setClock(index, 0, 0));
      }
      if (kind === 'pause') at(atMs, () => this.#host(index).pause(forMs));
      if (kind === 'liar') this.#planLies(index, fault, at);
      if (kind === 'crash') at(atMs, () => this.#kill(index, forMs));
      const death = DEATHS[kind];
      if (death !== undefined && amount === 1) {
        at(atMs, () => this.#doomed.set(index, { death, downMs: forMs }));
      } else if (death !== undefined) at(atMs, () => this.#dieNext(index, death, forMs));
      if (kind === 'restore') this.#planRestore(index, fault, at);
    }
  }

  #begin(fault: Fault): void {
    const { network } = this.#options;
    this.#active.add(fault);
    this.#relink();
    if (fault.kind !== 'clog') return;
    for (const from of fault.who) {
      for (const to of fault.to) {
        const [sender, receiver] = [this.#endpoint(from), this.#endpoint(to)];
        if (sender === undefined || receiver === undefined) continue;
        network.clog(sender, receiver, network.now + fault.forMs);
      }
    }
  }

  #setClock(index: number, skewMs: number, driftPpm: number): void {
    const host = this.#host(index);
    host.setDrift(driftPpm);
    host.setSkew(skewMs);
  }

  #planLies(index: number, { atMs, forMs }: Fault, at: At): void {
    const { minds, swarm } = this.#options;
    const mind = minds[index];
    if (mind === undefined) return;
    at(atMs, () => {
      this.#options.lies(index);
      mind.answerMapping = ({ kind }, _token, _query, honest) =>
        kind === 'client' ? forged(swarm.at(index).peer, honest()) : honest();
    });
    at(atMs + forMs, () => {
      delete mind.answerMapping;
    });
  }

  #planRestore(index: number, { atMs, forMs, amount }: Fault, at: At): void {
    const { swarm } = this.#options;
    let snapshot: MemoryStore | null = null;
    at(Math.max(0, atMs - amount), () => {
      snapshot = (this.down.get(index) ?? swarm.at(index).host.store).copy();
    });
    at(atMs, () => {
      if (snapshot === null) return;
      this.#kill(index, forMs);
      this.down.set(index, snapshot.copy());
      this.#options.forgets(index);
    });
  }

  #planSpending(
    { atMs, forMs, who, to, amount }: Fault,
    { spender, created }: { spender: Spender; created: Transaction },
    at: At,
  ): void {
    const { network, schedule, swarm } = this.#options;
    const tokens = created.body.changes.map(({ token }) => token);
    const submit = (indexes: readonly number[], transaction: Transaction): void => {
      spender.submit(
        indexes.map((index) => swarm.at(index).peer.identity.address),
        transaction,
      );
    };
    const everyone = swarm.seated.map((_, index) => index);
    at(atMs, () => {
      const terms = { previous: created.id, timestamp: network.now };
      const one = spending({ ...terms, tokens, to: 1 });
      const other = spending({ ...terms, tokens: tokens.slice(0, amount), to: 2 });
      submit(who, one);
      submit(to, other);
      // It insists.
      for (let ms = forMs; atMs + ms < schedule.stormMs; ms += INSIST_MS) {
        network.after(ms, () => {
          submit(everyone, one);
          submit(everyone, other);
        });
      }
    });
  }

  #dieNext(index: number, death: Death, downMs: number): void {
    if (this.down.has(index)) return;
    this.#host(index).dieNext(death, () => this.#kill(index, downMs));
  }

  /** As kill -9, and a start on what the disk holds by then. */
  #kill(index: number, downMs: number): void {
    if (this.down.has(index)) return;
    const { host, peer } = this.#options.swarm.at(index);
    if (peer.health().meshed) this.epochs.push({ index, epoch: peer.health().epoch });
    host.kill();
    this.dead.add(index);
    this.down.set(index, host.store);
    this.#options.network.after(downMs, () => this.#revive(index));
  }

  #revive(index: number): void {
    const disk = this.down.get(index);
    if (disk === undefined) return;
    this.down.delete(index);
    this.#options.swarm.seatAgain(index, disk);
  }

  #host(index: number): FaultyHost {
    return this.#options.network.hostAt(this.#options.swarm.at(index).endpoint);
  }

  #endpoint(index: number): Endpoint | undefined {
    return this.#options.swarm.seated[index]?.endpoint;
  }

  #relink(): void {
    this.#options.network.setPaths((from, to) => this.#path(from, to));
  }

  #path(from: Endpoint, to: Endpoint): Path {
    let path: Path = { ...UNSHAPED, delayMs: CALM_MS, cut: false };
    const includes = (indexes: readonly number[], { ip }: Endpoint): boolean =>
      indexes.some((index) => this.#endpoint(index)?.ip === ip);
    for (const { kind, who, to: receivers, amount } of this.#active) {
      if (kind === 'loss') path = { ...path, loss: Math.max(path.loss, amount) };
      if (kind === 'burst') path = { ...path, burst: { ...BURST, lossBad: amount } };
      if (kind === 'duplicate') path = { ...path, duplicate: Math.max(path.duplicate, amount) };
      if (kind === 'narrow') path = { ...path, rateBitsPerSecond: amount };
      if (kind === 'reorder') {
        const jitterMs = path.jitterMs + amount / 2;
        path = { ...path, delayMs: CALM_MS + jitterMs, jitterMs, distribution: 'uniform' };
      }
      if (kind === 'cut' && includes(who, from) && includes(receivers, to)) {
        path = { ...path, cut: true };
      }
    }
    return path;
  }
}
