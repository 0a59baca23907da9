/** Attack orders: to all members of an adversary, steered by id, restored after restarts. */
import type { AttackOrder } from '../../node/control.ts';
import { EXIT, LabError } from '../errors.ts';
import { concurrently } from './concurrently.ts';
import { addRow, messageOf, warn, type RunContext } from './run-context.ts';

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

export class AttackControl {
  private readonly context: RunContext;

  constructor(context: RunContext) {
    this.context = context;
  }

  /** Names of the members that run this adversary. */
  members(name: string): string[] {
    const { members } = this.context.testnet;
    return members.filter((member) => member.adversary === name).map((member) => member.name);
  }

  async start(name: string, knobs: Knobs, planned: string | null): Promise<string> {
    const { testnet, journal } = this.context;
    if (this.members(name).length === 0) {
      const there = [...new Set(testnet.members.flatMap((m) => m.adversary ?? []))];
      throw new LabError(`no member of this network runs the adversary ${name}`, {
        exitCode: EXIT.badUse,
        remedy:
          there.length === 0 ? 'add a group with an adversary' : `there is: ${there.join(', ')}`,
      });
    }
    const id = `${name}-${journal.state.attacks.size + 1}`;
    await this.change(id, name, 'running', knobs, planned, 'start');
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
    const merged = { ...attack.knobs, ...knobs };
    await this.change(id, attack.name, state, merged, attack.planned, action);
  }

  /** Tells a member that came back (its earlier process's orders are gone) what it is to do. */
  async restore(member: string): Promise<void> {
    for (const [id, attack] of this.context.journal.state.attacks) {
      if (attack.state === 'stopped' || !this.members(attack.name).includes(member)) continue;
      await this.order(member, this.orderFor(id, attack.name, 'start', attack.knobs));
      if (attack.state === 'paused') {
        await this.order(member, this.orderFor(id, attack.name, 'pause', attack.knobs));
      }
    }
  }

  /** Passes a colluder's message on to the other members of its adversary, and to nobody else. */
  conspire(from: string, message: unknown): void {
    const { testnet, control } = this.context;
    const adversary = testnet.members.find((member) => member.name === from)?.adversary;
    if (adversary === undefined) return;
    for (const other of this.members(adversary)) {
      if (other !== from) control.relay(other, from, message);
    }
  }

  private orderFor(
    id: string,
    name: string,
    action: AttackOrder['action'],
    knobs: Knobs,
  ): AttackOrder {
    const { hellos } = this.context.journal.state;
    const addresses = this.members(name).flatMap((member) => hellos.get(member)?.address ?? []);
    return { id, name, action, knobs, members: addresses.sort() };
  }

  private async order(member: string, attack: AttackOrder): Promise<void> {
    try {
      await this.context.control.request(member, { method: 'attack', attack }, REQUEST_TIMEOUT_MS);
    } catch (error) {
      // A member that is down gets the order when it is back.
      warn(this.context, `attack ${attack.id}: ${messageOf(error)}`);
    }
  }

  private async change(
    id: string,
    name: string,
    state: 'running' | 'paused' | 'stopped',
    knobs: Knobs,
    planned: string | null,
    action: AttackOrder['action'],
  ): Promise<void> {
    const { journal, events } = this.context;
    journal.write({ entry: 'attack', atMs: Date.now(), id, name, state, knobs, planned });
    const order = this.orderFor(id, name, action, knobs);
    await concurrently(this.members(name), MEMBERS_AT_ONCE, (member) => this.order(member, order));
    events.emit({ type: 'attack', id, name, state });
    await addRow(this.context, 'attacks', {
      attack_id: id,
      name,
      state,
      members: this.members(name),
      knobs: JSON.stringify(knobs),
    });
  }
}
