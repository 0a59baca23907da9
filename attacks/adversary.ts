/**
 * What an adversary is: the real peer whose decisions are replaced, in a folder of its own,
 * `attacks/<name>/index.ts`, that exports `declaration` and `create`. It gets what a real attacker
 * gets: its own peer, the orders of its operator, and a channel to its accomplices.
 */
import type { AttackOrder } from '../node/control.ts';
import type { Decisions } from '../node/decisions.ts';
import type { Host } from '../node/host.ts';
import type { Peer } from '../node/peer.ts';

/** One thing that the attacker's operator can set. Bounds are inclusive. */
export interface Knob {
  readonly type: 'integer' | 'number' | 'boolean' | 'string';
  readonly default: number | string | boolean;
  readonly min?: number;
  readonly max?: number;
  readonly unit?: string;
  readonly description: string;
  /** The only values allowed. */
  readonly values?: readonly (number | string)[];
}

/** What `lab attacks` tells of an adversary. */
export interface Declaration {
  /** The folder's name. */
  readonly name: string;
  readonly goal: string;
  readonly knobs: Readonly<Record<string, Knob>>;
  /** What is expected to stop it. */
  readonly defence: string;
  /** Detection layers that should notice it. */
  readonly layers: readonly string[];
  /** Where the attack is described. */
  readonly source: string;
  /** What counts as success, as the lab judges it from the truth. */
  readonly success: string;
}

export interface AdversaryContext {
  readonly peer: Peer;
  readonly host: Host;
  /** Tells all accomplices of the attack, out of band. */
  readonly conspire: (message: unknown) => void;
}

/** The adversary's mind: what it decides, what it is ordered, what accomplices tell it. */
export interface Adversary {
  readonly decisions: Partial<Decisions>;
  order(order: AttackOrder): void;
  heard(from: string, message: unknown): void;
}

export type Create = (context: AdversaryContext) => Adversary;
