/**
 * One member of a simulated network: the inhabitant that a process would hold, on a simulated host,
 * with what the lab does to processes: start, stop, kill, pause, put another disk in, give orders.
 */
import type { AttackOrder, ClientLoad, GenesisMember, Health, Seat } from '../../node/control.ts';
import type { Host } from '../../node/host.ts';
import { mintingPow } from '../../node/identity/difficulty.ts';
import { type Identity, mint } from '../../node/identity/mint.ts';
import { storedIdentity } from '../../node/identity/stored.ts';
import type { Genesis } from '../../node/peer/genesis.ts';
import { mintingSources, type Role } from '../../node/runtime/adversarial.ts';
import type { Inhabitant } from '../../node/runtime/inhabit.ts';
import { clientIn, peerIn } from '../../node/runtime/run-process.ts';
import type { Member } from '../manifest/testnet.ts';
import type { Death, SimHost } from './host.ts';
import { MemoryStore } from './store.ts';

/** Virtual time stands still meanwhile, and real time must not: some ten seconds with ideal work. */
const MAX_THROWN_AWAY = 1_000_000;

export interface SimMemberNeeds {
  readonly seat: Seat;
  /** Absent for the honest. */
  readonly role: Role | undefined;
  /** A host on `store` for the `life`-th process of this member, counted from 1. */
  openHost(store: MemoryStore, life: number): SimHost;
  /** Passes on what it tells its accomplices. */
  conspire(from: SimMember, message: unknown): void;
}

interface Life {
  readonly host: SimHost;
  readonly inhabitant: Inhabitant;
  isPaused: boolean;
}

export class SimMember {
  readonly member: Member;
  readonly #needs: SimMemberNeeds;
  #store = new MemoryStore();
  #life: Life | null = null;
  #lives = 0;
  /** Of its newest process. */
  #hello = { record: '', address: '' };
  /** Of the whole network, shared: its disk holds none. */
  #genesis: Genesis | undefined;

  constructor(member: Member, needs: SimMemberNeeds) {
    this.member = member;
    this.#needs = needs;
  }

  get name(): string {
    return this.member.name;
  }

  /** As its newest process told the lab; empty before its first. */
  get address(): string {
    return this.#hello.address;
  }

  /** What others are told of it in the genesis. */
  get founder(): GenesisMember {
    return { record: this.#hello.record, endpoint: this.#needs.seat.bind };
  }

  get state(): 'running' | 'paused' | 'exited' {
    if (this.#life === null) return 'exited';
    return this.#life.isPaused ? 'paused' : 'running';
  }

  /** Whether its process knows the genesis; false while it has none. */
  get founded(): boolean {
    return this.#life?.inhabitant.founded ?? false;
  }

  /** How it stands; null while it does not run. */
  get health(): Health | null {
    return this.state === 'running' ? (this.#life?.inhabitant.health() ?? null) : null;
  }

  /** A process on what its disk holds, minting its identity if that is none. */
  start(): void {
    if (this.#life !== null) return;
    this.#lives += 1;
    const host = this.#needs.openHost(this.#store, this.#lives);
    host.order('start', () => {
      const inhabitant = this.#inhabitantOn(host);
      this.#life = { host, inhabitant, isPaused: false };
      this.#hello = { record: inhabitant.record, address: inhabitant.address };
      host.listen((from, datagram) => inhabitant.receive(from, datagram));
      inhabitant.start();
    });
  }

  /** As SIGTERM: what is under way is left in order. */
  stop(): void {
    this.#order('stop', (inhabitant) => inhabitant.stop());
    this.kill();
  }

  /** As kill -9. */
  kill(): void {
    this.#life?.host.kill();
    this.#life = null;
  }

  pause(): void {
    if (this.#life === null) return;
    this.#life.isPaused = true;
    this.#life.host.pause();
  }

  resume(): void {
    if (this.#life === null) return;
    this.#life.isPaused = false;
    this.#life.host.resume();
  }

  /** A copy of what its disk holds for good. */
  snapshot(): MemoryStore {
    return this.#store.copy();
  }

  /** Puts another disk into a member that does not run. */
  putBack(disk: MemoryStore): void {
    if (this.#life !== null) throw new Error(`${this.name} runs: its disk is in use`);
    this.#store = disk;
  }

  /** Sets its clock right but for this, and its pace. */
  setClock(skewMs: number, driftPpm: number): void {
    this.#life?.host.setSkew(skewMs);
    this.#life?.host.setDrift(driftPpm);
  }

  /** Its process dies in one of its next turns. */
  dieNext(death: Death): void {
    this.#life?.host.dieNext(death, () => this.kill());
  }

  /** Of the death that was to come. */
  spare(): void {
    this.#life?.host.spare();
  }

  /** Orders of the lab; a member that is down does not hear them. */
  found(genesis: Genesis): void {
    this.#genesis = genesis;
    this.#order('genesis', (inhabitant) => inhabitant.join?.(genesis));
  }

  load(load: ClientLoad | null): void {
    this.#order('load', (inhabitant) => inhabitant.load?.(load));
  }

  attack(order: AttackOrder): void {
    this.#order(`attack ${order.action}`, (inhabitant) => inhabitant.attack?.(order));
  }

  conspire(from: string, message: unknown): void {
    this.#order('conspire', (inhabitant) => inhabitant.conspire?.(from, message));
  }

  #order(text: string, run: (inhabitant: Inhabitant) => void): void {
    const life = this.#life;
    if (life !== null) life.host.order(text, () => run(life.inhabitant));
  }

  #inhabitantOn(host: Host): Inhabitant {
    const { seat, role } = this.#needs;
    if (seat.kind === 'client') return clientIn(seat, host, this.#genesis);
    const minted = mintIfNeeded(seat, host, role);
    const conspire = (message: unknown): void => this.#needs.conspire(this, message);
    return peerIn(seat, { host, conspire, minted, role, genesis: this.#genesis });
  }
}

/** In one go, in no virtual time: a run begins when everyone has an identity. */
function mintIfNeeded(seat: Seat, host: Host, role: Role | undefined): Identity | null {
  if (storedIdentity(host.store) !== null) return null;
  const pow = mintingPow(seat.parameters, seat.members ?? 1);
  const { wants, ...sources } = mintingSources(seat, host, role);
  if (wants === undefined) return mint(seat.network, pow, sources);
  let thrownAway = 0;
  return mint(seat.network, pow, {
    ...sources,
    wants: (address) => {
      const isWanted = wants(address);
      if (!isWanted) thrownAway += 1;
      if (thrownAway > MAX_THROWN_AWAY) {
        throw new Error(`${seat.name} wants none of ${MAX_THROWN_AWAY} addresses that it minted`);
      }
      return isWanted;
    },
  });
}
