/** Attack orders: to all members of an adversary, steered by id, restored after restarts. */
import type { AttackOrder } from '../../node/control.ts';
import { EXIT, LabError } from '../errors.ts';
import { concurrently } from './concurrently.ts';
import { addRow, storeTime, messageOf, warn, type RunContext } from './run-context.ts';

const MEMBERS_AT_ONCE = 16;
const REQUEST_TIMEOUT_MS = 10_000;

export type Knobs = Readonly<Record<string, number | string | boolean>>;
export type SteerAction = 'stop' | 'pause' | 'resume' | 'set';

/** The state that an action leads to; null where the action makes no sense. */
export function nextState(
  state: 'running' | 'paused' | 'stopped',
  action: SteerAction,
): 'running' | 'paused' | 'stopped' | null {
  if (state === 'stopped') return null;
  if (action === 'stop') return 'stopped';
  if (action === 'set') return state;
  if (action === 'pause') return state === 'running' ? 'paused' : null;
  return state === 'paused' ? 'running' : null;
}

/** One attack as it stands. */
export interface Attack {
  readonly id: string;
  readonly name: string;
  readonly state: 'running' | 'paused' | 'stopped';
  /** Names of those that take part. */
  readonly members: readonly string[];
  readonly knobs: Knobs;
}

/** Those of `attacks` that a member takes part in now. */
export function ongoing<A extends Attack>(attacks: Iterable<A>, member: string): A[] {
  return [...attacks].filter(({ state, members }) => {
    return state !== 'stopped' && members.includes(member);
  });
}

/** Who hears what a colluder tells: those that take part in an attack with it, and nobody else. */
export function accomplices(attacks: Iterable<Attack>, member: string): ReadonlySet<string> {
  const together = new Set(ongoing(attacks, member).flatMap(({ members }) => members));
  together.delete(member);
  return together;
}

/** What members are told of an attack. They know one another by address. */
export function orderOf(
  { id, name, knobs, members }: Attack,
  action: AttackOrder['action'],
  addressOf: (member: string) => string | undefined,
): AttackOrder {
  const addresses = members.flatMap((member) => addressOf(member) ?? []);
  return { id, name, action, knobs, members: addresses.sort() };
}

export class AttackControl {
  private readonly context: RunContext;
  /** Members that a fault keeps down or silent. */
  private readonly absent: () => ReadonlySet<string>;

  constructor(context: RunContext, absent: () => ReadonlySet<string>) {
    this.context = context;
    this.absent = absent;
  }

  /** Names of the members that run this adversary. */
  members(name: string): string[] {
    const { members } = this.context.testnet;
    return members.filter((member) => member.adversary === name).map((member) => member.name);
  }

  /** Starts an attack by all members of its adversary, or by those named. */
  async start(
    name: string,
    knobs: Knobs,
    planned: string | null,
    members: readonly string[] = this.members(name),
  ): Promise<string> {
    const { testnet, journal } = this.context;
    if (members.length === 0) {
      const there = [...new Set(testnet.members.flatMap((m) => m.adversary ?? []))];
      throw new LabError(`no member of this network runs the adversary ${name}`, {
        exitCode: EXIT.badUse,
        remedy:
          there.length === 0 ? 'add a group with an adversary' : `there is: ${there.join(', ')}`,
      });
    }
    const id = `${name}-${journal.state.attacks.size + 1}`;
    await this.change({ id, name, state: 'running', members, knobs, planned }, 'start');
    return id;
  }

  /** Stops, pauses, resumes an attack or changes its knobs. */
  async steer(id: string, action: SteerAction, knobs: Knobs = {}): Promise<void> {
    const attack = this.context.journal.state.attacks.get(id);
    if (attack === undefined) {
      const ids = [...this.context.journal.state.attacks.keys()];
      throw new LabError(`no attack ${id}`, {
        exitCode: EXIT.badUse,
        remedy: ids.length === 0 ? 'none was started' : `there is: ${ids.join(', ')}`,
      });
    }
    const state = nextState(attack.state, action);
    if (state === null) {
      throw new LabError(`cannot ${action} attack ${id}: it is ${attack.state}`, {
        exitCode: EXIT.badUse,
      });
    }
    await this.change({ ...attack, state, knobs: { ...attack.knobs, ...knobs } }, action);
  }

  /** Tells a member that came back (its earlier process's orders are gone) what it is to do. */
  async restore(member: string): Promise<void> {
    for (const attack of ongoing(this.context.journal.state.attacks.values(), member)) {
      await this.order(member, this.orderFor(attack, 'start'));
      if (attack.state === 'paused') await this.order(member, this.orderFor(attack, 'pause'));
    }
  }

  /** Passes a colluder's message on to those who take part in an attack with it, and to nobody else. */
  conspire(from: string, message: unknown): void {
    const { control, journal } = this.context;
    // Accomplices know one another as their orders name them: by address.
    const address = journal.state.hellos.get(from)?.address ?? from;
    for (const other of accomplices(journal.state.attacks.values(), from)) {
      control.relay(other, address, message);
    }
  }

  private orderFor(attack: Attack, action: AttackOrder['action']): AttackOrder {
    const { hellos } = this.context.journal.state;
    return orderOf(attack, action, (member) => hellos.get(member)?.address);
  }

  private async order(member: string, attack: AttackOrder): Promise<void> {
    const request = { method: 'attack', attack } as const;
    if (this.absent().has(member)) {
      // A paused one reads it when it goes on, a killed one is told when it is back.
      this.context.control.request(member, request, REQUEST_TIMEOUT_MS).catch(() => undefined);
      return;
    }
    try {
      await this.context.control.request(member, request, REQUEST_TIMEOUT_MS);
    } catch (error) {
      // A member that is down gets the order when it is back.
      warn(this.context, `attack ${attack.id}: ${messageOf(error)}`);
    }
  }

  private async change(
    attack: Attack & { readonly planned: string | null },
    action: AttackOrder['action'],
  ): Promise<void> {
    const { journal, events } = this.context;
    const { id, name, state, members, knobs, planned } = attack;
    const entry = { id, name, state, members: [...members], knobs, planned };
    const atMs = Date.now();
    journal.write({ entry: 'attack', atMs, ...entry });
    const order = this.orderFor(attack, action);
    await concurrently(members, MEMBERS_AT_ONCE, (member) => this.order(member, order));
    events.emit({ type: 'attack', id, name, state });
    // When it was ordered, as the journal says it: it has begun by the time all have the order.
    const ts = storeTime(atMs);
    const row = { ts, attack_id: id, name, state, members, knobs: JSON.stringify(knobs) };
    await addRow(this.context, 'attacks', row);
  }
}
