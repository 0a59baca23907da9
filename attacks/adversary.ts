/**
 * What an adversary is: the real peer whose decisions are replaced, in a folder of its own,
 * `attacks/<name>/index.ts`, that exports `declaration` and `create`, and `wants` or `dates` if it
 * chooses what identity it mints. It gets what a real attacker gets: its own peer, the orders of its
 * operator, and a channel to its accomplices. How to write one: docs/ATTACKS.md.
 */
import type {
  AdversaryModule,
  AsideDetails,
  Birth,
  Knobs,
  Mind,
  MindContext,
} from '../node/runtime/adversarial.ts';

export type { AdversaryModule, AsideDetails, Birth, Knobs };
export type Adversary = Mind;
export type AdversaryContext = MindContext;
export type Create = AdversaryModule['create'];

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

/** How the lab judges an attack, from the truth alone. */
export interface Success {
  /** In words. */
  readonly meaning: string;
  /**
   * A SELECT that gives one row: `succeeded` (0, 1 or NULL: cannot be told) and figures by any name.
   * What it may read stands in docs/ATTACKS.md.
   */
  readonly sql: string;
}

/** What `lab attacks` tells of an adversary. */
export interface Declaration {
  /** The folder's name. */
  readonly name: string;
  readonly goal: string;
  /** What the attacker must have, in words. */
  readonly budget: string;
  /** What it goes through, in order: `position`, `wait`, `strike`, `hide`. */
  readonly phases: readonly string[];
  readonly knobs: Readonly<Record<string, Knob>>;
  /** What is expected to stop it. */
  readonly defence: string;
  /** Paths into a manifest and the values under which that defence is off: there the attack must succeed. */
  readonly switchOff: Knobs;
  /** Detection layers that should notice it. */
  readonly layers: readonly string[];
  /** Where the attack is described. */
  readonly source: string;
  readonly success: Success;
}
