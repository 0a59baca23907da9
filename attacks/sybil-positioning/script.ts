/**
 * The script of one attack, played by each accomplice alike: position → wait → strike → hide. Who first
 * sees the place taken, from nearest to it, leads from then on: the others follow, and strike with it.
 */
import type { Host, Timer } from '../../node/host.ts';
import type { Knobs } from '../../node/runtime/adversarial.ts';

export const PHASES = ['position', 'wait', 'strike', 'hide'] as const;
export type Phase = (typeof PHASES)[number];

/** How often it looks how things stand. */
const LOOK_MS = 500;

export interface ScriptEvents {
  /** It looks how things stand. */
  looked(this: void): void;
  /** Is the place taken? */
  isCaptured(this: void): boolean;
  /** Would it be this one that leads? */
  mayLead(this: void): boolean;
  /** Before the strike, while it waits: true when it is ready. Asked of the leader alone. */
  prepare(this: void): boolean;
  /** A new phase, told by the leader or reached by it; the leader tells the others. */
  entered(this: void, phase: Phase, isLeader: boolean): void;
}

export class Script {
  readonly #host: Host;
  readonly #events: ScriptEvents;
  #knobs: Knobs;
  #phase: Phase | null = null;
  #sinceMs = 0;
  /** Another one leads. */
  #follows = false;
  #timer: Timer | null = null;

  constructor(host: Host, knobs: Knobs, events: ScriptEvents) {
    this.#host = host;
    this.#knobs = knobs;
    this.#events = events;
  }

  /** Null: not begun, paused, or ended. */
  get phase(): Phase | null {
    return this.#timer === null ? null : this.#phase;
  }

  get knobs(): Knobs {
    return this.#knobs;
  }

  begin(knobs: Knobs): void {
    this.#knobs = knobs;
    if (this.#phase === null) this.#enter('position', false);
    this.#look();
  }

  /** Paused: nothing goes on by itself. */
  halt(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  end(): void {
    this.halt();
    this.#phase = null;
    this.#follows = false;
  }

  /** The leader says so; nobody goes back. */
  follow(phase: Phase): void {
    if (this.#phase === null) return;
    this.#follows = true;
    if (PHASES.indexOf(phase) > PHASES.indexOf(this.#phase)) this.#enter(phase, false);
  }

  #look(): void {
    this.#timer?.cancel();
    this.#timer = this.#host.after(LOOK_MS, () => this.#look());
    this.#events.looked();
    if (this.#phase === null || this.#follows || !this.#events.mayLead()) return;
    const next = this.#next(this.#phase, this.#host.now() - this.#sinceMs);
    if (next !== null) this.#enter(next, true);
  }

  #next(phase: Phase, forMs: number): Phase | null {
    const { isCaptured, prepare } = this.#events;
    switch (phase) {
      case 'position':
        return isCaptured() ? 'wait' : null;
      case 'wait':
        return prepare() && forMs >= Number(this.#knobs['waitMs']) ? 'strike' : null;
      case 'strike':
        return forMs >= Number(this.#knobs['strikeMs']) ? 'hide' : null;
      default:
        return null;
    }
  }

  #enter(phase: Phase, isLeader: boolean): void {
    this.#phase = phase;
    this.#sinceMs = this.#host.now();
    this.#events.entered(phase, isLeader);
  }
}
