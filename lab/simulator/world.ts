/**
 * A whole testnet in virtual time: members, links, load, timeline. It does what the supervisor does
 * to a network of processes, at once and in a fixed order, and waits for nothing: whoever holds it
 * plays `scheduler` and looks how things stand.
 */
import type { AdversaryModule } from '../../attacks/adversary.ts';
import type { Seat } from '../../node/control.ts';
import type { Endpoint } from '../../node/host.ts';
import type { Genesis } from '../../node/peer/genesis.ts';
import type { Part } from '../../node/runtime/adversarial.ts';
import { expandParts } from '../manifest/expand.ts';
import type { Member, OperatorOrder, Testnet } from '../manifest/testnet.ts';
import type { RunEventBody } from '../supervisor/events.ts';
import { readFault } from '../supervisor/faults.ts';
import { clientLoad } from '../supervisor/network.ts';
import { timelineOf, type TimelineStep } from '../supervisor/timeline.ts';
import { SimAttacks } from './attacks.ts';
import type { ProcessingCosts } from './costs.ts';
import { SimFaults } from './faults.ts';
import { makeGenesis, writeRole } from './founding.ts';
import { Ground } from './ground.ts';
import { LazyMembers } from './lazy.ts';
import type { SimNetwork } from './links.ts';
import { SimMember } from './member.ts';
import { Probing } from './probing.ts';
import { Streams } from './random.ts';
import type { Recorder } from './recorder.ts';
import { Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';

/** Processes are started one after another; their rounds must not beat in step. */
const LAUNCH_MS = 1000;

/** Tells whoever watches. */
export type Announce = (event: RunEventBody) => void;

export interface WorldOptions {
  readonly testnet: Testnet;
  readonly run: string;
  /** By name, as many as the testnet's members play. */
  readonly adversaries: ReadonlyMap<string, AdversaryModule>;
  readonly recorder: Recorder;
  readonly trace: Trace;
  readonly costs: ProcessingCosts;
  readonly announce: Announce;
}

export class World {
  readonly scheduler = new Scheduler();
  readonly attacks: SimAttacks;
  readonly faults: SimFaults;
  /** Those that are awake from the start, by name. */
  readonly members: ReadonlyMap<string, SimMember>;
  /** Those that are not. */
  readonly lazy: LazyMembers;
  readonly #options: WorldOptions;
  readonly #streams: Streams;
  readonly #ground: Ground;
  readonly #parts: ReadonlyMap<string, Part>;
  readonly #clients: readonly SimMember[];
  readonly #joined = new Set<string>();
  /** Shared by all, from when it is told. */
  #genesis: Genesis | null = null;
  #loading = false;

  constructor(options: WorldOptions) {
    const { testnet, recorder, announce } = options;
    this.#options = options;
    this.#streams = new Streams(testnet.seed);
    this.#parts = expandParts(testnet);
    const { scheduler } = this;
    const streams = this.#streams;
    this.#ground = new Ground({
      ...options,
      scheduler,
      streams,
      onStranger: (to) => void this.lazy.reached(to),
    });
    const shared = {
      run: options.run,
      network: networkIdOf(testnet.seed),
      parameters: testnet.protocol,
      members: testnet.members.filter(({ kind }) => kind === 'peer').length,
    };
    this.members = new Map(
      testnet.members
        .filter(({ asleep }) => asleep !== true)
        .map((member) => [member.name, this.#seat(member, shared)]),
    );
    this.lazy = new LazyMembers({
      ...shared,
      streams,
      members: testnet.members.filter(({ asleep }) => asleep === true),
      peers: shared.members,
      endpointOf: (member) => this.#ground.endpointOf(member),
      openHost: (member) => this.#ground.openHost(member, 1),
      now: () => scheduler.now,
    });
    const { members } = this;
    this.#clients = [...members.values()].filter(({ member }) => member.kind === 'client');
    const now = (): number => this.scheduler.now;
    const after = (delayMs: number, run: () => void): void => this.#after(delayMs, run);
    this.attacks = new SimAttacks({ members, recorder, announce, now, after });
    this.faults = new SimFaults({
      members,
      recorder,
      announce,
      now,
      after,
      relink: (regions) => this.#relink(regions),
      clog: (from, to, untilMs) => this.#clog(from, to, untilMs),
      returned: (member) => this.#returned(member),
    });
  }

  get now(): number {
    return this.scheduler.now;
  }

  get network(): SimNetwork {
    return this.#ground.network;
  }

  /** By name. */
  get endpoints(): ReadonlyMap<string, Endpoint> {
    return this.#ground.endpoints;
  }

  /** Begins to start everyone but the newcomers; when all will have, in virtual time. */
  launch(): number {
    this.#relink(new Set(this.#options.testnet.regions));
    for (const member of this.members.values()) {
      if (member.member.joinAtMs === undefined) this.#start(member, () => {});
    }
    return this.now + LAUNCH_MS;
  }

  /** Holds the links against what was asked; to be played until its rounds are over. */
  probing(): Probing {
    const { scheduler, network } = this;
    const { testnet } = this.#options;
    const members = testnet.members.map((member) => {
      return { ...member, endpoint: this.#ground.endpointOf(member) };
    });
    return new Probing({
      scheduler,
      network,
      testnet,
      members,
      // Nothing has left from those that sleep, or come later: they are on no link yet.
      prepare: ({ name }) => {
        const absent = members.find((member) => member.name === name);
        if (absent?.asleep === true || absent?.joinAtMs !== undefined) this.#ground.link(absent);
      },
    });
  }

  /** Tells everyone but the newcomers of the network. */
  found(): void {
    const { recorder } = this.#options;
    const present = this.#present();
    for (const { member, address } of present) writeRole(recorder, member, address);
    for (const member of present) if (this.#isIn(member)) this.#tell(member);
  }

  /** Founders that are not meshed with their neighbours yet. */
  unmeshed(): SimMember[] {
    return this.#present().filter((member) => this.#isIn(member) && !member.health?.meshed);
  }

  /** Load begins, and with it the time of the timeline. */
  startLoad(): void {
    this.#loading = true;
    for (const member of this.#clients) this.#load(member);
    for (const step of timelineOf(this.#options.testnet)) {
      this.#after(step.atMs, () => this.#begin(step));
    }
  }

  endLoad(): void {
    this.#loading = false;
    for (const member of this.#clients) member.load(null);
  }

  /** Transactions that clients still follow. */
  underWay(): number {
    return this.#clients.reduce((sum, member) => sum + (member.health?.pending ?? 0), 0);
  }

  /** Carries out what an operator orders; the id of what it began, or of what it was about. */
  order(order: OperatorOrder): string {
    const { attacks, faults } = this;
    if (order.order === 'attack') {
      const { members } = this.#options.testnet;
      const playing = members.filter(({ adversary }) => adversary === order.name);
      return attacks.start(
        order.name,
        order.knobs,
        playing.map(({ name }) => name),
      );
    }
    if (order.order === 'fault') return faults.start(order.fault, order.forMs);
    if (order.order === 'steer') attacks.steer(order.id, order.action, order.knobs);
    else faults.clear(order.id);
    return order.id;
  }

  /** Names of the newcomers whose time has come. */
  get joined(): ReadonlySet<string> {
    return this.#joined;
  }

  get loading(): boolean {
    return this.#loading;
  }

  #after(delayMs: number, run: () => void): void {
    this.scheduler.at(this.scheduler.now + delayMs, run);
  }

  #seat(
    member: Member,
    shared: Pick<Seat, 'run' | 'network' | 'parameters' | 'members'>,
  ): SimMember {
    const { adversaries } = this.#options;
    const { name, kind, region, adversary } = member;
    const module = adversary === undefined ? undefined : adversaries.get(adversary);
    const part = this.#parts.get(name);
    const seat = {
      ...shared,
      name,
      kind,
      region,
      bind: this.#ground.endpointOf(member),
      // Nothing of a process: no disk, no lab to dial, no probes.
      stateDirectory: '',
      control: { url: '', token: '' },
      telemetry: { url: '', user: '', password: '' },
      probeKey: '',
    };
    return new SimMember(member, {
      seat,
      role: module === undefined || part === undefined ? undefined : { module, part },
      conspire: (from, message) => this.attacks.conspire(from, message),
      openHost: (store, life) => this.#ground.openHost(member, life, store),
    });
  }

  /** Gives the members of these regions the link classes that hold now. */
  #relink(regions: ReadonlySet<string>): void {
    const faults = this.faults.active();
    this.#ground.relink(regions, faults, () => this.#there());
  }

  #clog(from: string, to: string, untilMs: number): void {
    for (const member of this.#options.testnet.members) {
      if (member.region === from) this.network.clog(this.#ground.endpointOf(member), to, untilMs);
    }
  }

  *#there(): Generator<Member, void> {
    for (const { member, state } of this.members.values()) if (state !== 'exited') yield member;
    yield* this.lazy.present;
  }

  /** Members that run. */
  #present(): SimMember[] {
    return [...this.members.values()].filter(({ state }) => state === 'running');
  }

  /** Was it there from the start, or has its time come? */
  #isIn({ member }: SimMember): boolean {
    return member.joinAtMs === undefined || this.#joined.has(member.name);
  }

  #tell(member: SimMember): void {
    const { testnet, recorder } = this.#options;
    const { members, lazy } = this;
    const { pow } = testnet.protocol;
    const network = networkIdOf(testnet.seed);
    this.#genesis ??= makeGenesis({ network, pow, members, lazy, recorder });
    member.found(this.#genesis);
  }

  /** Within a second from now, as machines are switched on; it mints then, if it has no identity. */
  #start(member: SimMember, started: () => void): void {
    const atMs = LAUNCH_MS * this.#streams.stream('launch', member.name).next();
    this.#after(atMs, () => {
      member.start();
      started();
    });
  }

  /** Its identity is made now that it comes: when it was made shows when it came. */
  #join(member: SimMember): void {
    this.#start(member, () => {
      writeRole(this.#options.recorder, member.member, member.address);
      this.faults.restore(member);
      this.attacks.joined(member);
      this.#returned(member);
    });
  }

  #load(member: SimMember): void {
    const { testnet } = this.#options;
    const clients = this.#clients.length;
    member.load(clientLoad(testnet.load, clients, `${testnet.seed}/${member.name}`));
  }

  #returned(member: SimMember): void {
    if (!member.founded && this.#isIn(member)) this.#tell(member);
    this.attacks.restore(member);
    if (this.#loading && member.member.kind === 'client') this.#load(member);
  }

  #begin(step: TimelineStep): void {
    // The load may end before the manifest's last step, as with living networks.
    if (!this.#loading) return;
    if (step.type === 'fault') {
      this.faults.start(readFault(step.fault, this.#options.testnet), step.fault.forMs ?? null);
    } else if (step.type === 'attack') {
      const { name, knobs, forMs } = step.attack;
      const id = this.attacks.start(name, knobs, step.members);
      if (forMs !== undefined) this.#after(forMs, () => this.attacks.steer(id, 'stop'));
    } else if (step.type === 'order') {
      this.order(step.order);
    } else {
      for (const name of step.members) {
        this.#joined.add(name);
        const member = this.members.get(name);
        if (member !== undefined) this.#join(member);
      }
      this.#options.announce(joining(step.members));
    }
  }
}

/** The id of the network that this seed gives, 32 bytes hex. */
export function networkIdOf(seed: number): string {
  return new Streams(seed).stream('network').bytes(32).toHex();
}

/** Names in a note; the rest is a number. */
const MAX_NAMED = 8;

function joining(names: readonly string[]): RunEventBody {
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
  const text = `newcomers join: ${names.slice(0, MAX_NAMED).join(', ')}${more}`;
  return { type: 'note', level: 'info', text };
}
