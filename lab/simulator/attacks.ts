/** Attack orders in a simulated network: the rules of the supervisor's, carried out at once. */
import type { AttackOrder } from '../../node/control.ts';
import type { AttackFacts } from '../analysis/attacks.ts';
import {
  accomplices,
  type Attack,
  type Knobs,
  nextState,
  ongoing,
  orderOf,
  type SteerAction,
} from '../supervisor/attacks.ts';
import type { SimMember } from './member.ts';
import type { Recorder } from './recorder.ts';
import type { Announce } from './world.ts';

/** What a colluder says goes through its operator, on a line that nobody shapes. */
const CONSPIRE_MS = 1;

export interface AttackNeeds {
  readonly members: ReadonlyMap<string, SimMember>;
  readonly recorder: Recorder;
  now(): number;
  after(delayMs: number, run: () => void): void;
  readonly announce: Announce;
}

export class SimAttacks {
  readonly #needs: AttackNeeds;
  readonly #attacks = new Map<string, Attack & { readonly startedAtMs: number }>();

  constructor(needs: AttackNeeds) {
    this.#needs = needs;
  }

  /** For scoring. */
  get facts(): AttackFacts[] {
    return [...this.#attacks.values()].map(({ id, name, startedAtMs, members }) => {
      return { id, name, startedAtMs, members };
    });
  }

  start(name: string, knobs: Knobs, members: readonly string[]): string {
    const id = `${name}-${this.#attacks.size + 1}`;
    this.#change({ id, name, state: 'running', members, knobs }, 'start');
    return id;
  }

  /** By id, as they stand. */
  get all(): ReadonlyMap<string, Attack & { readonly startedAtMs: number }> {
    return this.#attacks;
  }

  /** Does nothing where the action makes no sense any more. */
  steer(id: string, action: SteerAction, knobs: Knobs = {}): void {
    const attack = this.#attacks.get(id);
    const state = attack === undefined ? null : nextState(attack.state, action);
    if (attack === undefined || state === null) return;
    this.#change({ ...attack, state, knobs: { ...attack.knobs, ...knobs } }, action);
  }

  /** Tells a member that came back what it is to do. */
  restore(member: SimMember): void {
    for (const attack of ongoing(this.#attacks.values(), member.name)) {
      member.attack(this.#order(attack, 'start'));
      if (attack.state === 'paused') member.attack(this.#order(attack, 'pause'));
    }
  }

  /** It came later: now it has an address, and those of its attack are told of it. */
  joined(member: SimMember): void {
    for (const attack of ongoing(this.#attacks.values(), member.name)) {
      const others = attack.members.filter((name) => name !== member.name);
      const order = this.#order(attack, 'set');
      for (const name of others) this.#needs.members.get(name)?.attack(order);
    }
  }

  /** A colluder's message to its accomplices. */
  conspire(from: SimMember, message: unknown): void {
    const { members } = this.#needs;
    for (const name of accomplices(this.#attacks.values(), from.name)) {
      this.#needs.after(CONSPIRE_MS, () => members.get(name)?.conspire(from.address, message));
    }
  }

  #order(attack: Attack, action: AttackOrder['action']): AttackOrder {
    return orderOf(attack, action, (name) => this.#needs.members.get(name)?.address || undefined);
  }

  #change(attack: Attack, action: AttackOrder['action']): void {
    const { members: all, recorder, announce } = this.#needs;
    const nowMs = this.#needs.now();
    const { id, name, state, members, knobs } = attack;
    const startedAtMs = this.#attacks.get(id)?.startedAtMs ?? nowMs;
    this.#attacks.set(id, { ...attack, startedAtMs });
    const order = this.#order(attack, action);
    for (const member of members) all.get(member)?.attack(order);
    announce({ type: 'attack', id, name, state });
    const row = { attack_id: id, name, state, members, knobs: JSON.stringify(knobs) };
    recorder.note('attacks', nowMs, row);
  }
}
