/**
 * What bends a peer into an adversary's, as far as the process around it must know: the types that
 * attacks/adversary.ts builds on, and what an adversary decides before its peer exists.
 */
import type { AttackOrder, Seat } from '../control.ts';
import type { Decisions } from '../decisions.ts';
import type { Host } from '../host.ts';
import type { Id } from '../id.ts';
import type { MintSources } from '../identity/mint.ts';
import type { ProtocolParameters } from '../parameters.ts';
import type { Peer } from '../peer.ts';

/** What the attacker's operator has set, by knob. */
export type Knobs = Readonly<Record<string, number | string | boolean>>;

/** One member's part in an attack, known from its launch on. */
export interface Part {
  /** Those of the first attack of this name that the manifest plans, else the defaults. */
  readonly knobs: Knobs;
  /** Counted from 0 among all that play this adversary, and how many those are. */
  readonly index: number;
  readonly members: number;
}

/** An aside explains what an adversary does; nothing is ever scored by it. */
export type AsideDetails = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface MindContext {
  readonly peer: Peer;
  readonly host: Host;
  /** As they are at the launch; an order brings those that then hold. */
  readonly knobs: Knobs;
  /** Tells all accomplices of the attack, out of band. */
  conspire(this: void, message: unknown): void;
  /** For whoever reads the run afterwards. */
  say(this: void, event: string, details?: AsideDetails): void;
}

/** The adversary's mind: what it decides, what it is ordered, what accomplices tell it. */
export interface Mind {
  readonly decisions: Partial<Decisions>;
  order(order: AttackOrder): void;
  heard(from: string, message: unknown): void;
}

/** What an attacker knows when it mints: no peer yet, no neighbour. */
export interface Birth extends Part {
  /** 32 bytes hex. */
  readonly network: Id;
  readonly parameters: ProtocolParameters;
  /** Peers that the network is said to have. */
  readonly peers: number;
}

/** What an adversary's module exports. */
export interface AdversaryModule {
  create(this: void, context: MindContext): Mind;
  /** Which addresses are worth keeping: all others are minted, paid for and thrown away. */
  wants?(this: void, birth: Birth): (address: Id) => boolean;
  /** When an identity claims to have been made, ms since the epoch: its maker writes what it likes. */
  dates?(this: void, birth: Birth): (nowMs: number) => number;
}

/** The adversary that a member plays, and its part. */
export interface Role {
  readonly module: AdversaryModule;
  readonly part: Part;
}

/** What an identity is minted from: the host's clock and randomness, as far as the role bends them. */
export function mintingSources(seat: Seat, host: Host, role: Role | undefined): MintSources {
  const random = (length: number): Uint8Array => host.random(length);
  if (role === undefined) return { random, now: () => host.now() };
  const { module, part } = role;
  const { network, parameters, members: peers = 1 } = seat;
  const birth = { ...part, network, parameters, peers };
  const wants = module.wants?.(birth);
  const dates = module.dates?.(birth);
  return {
    random,
    now: () => (dates === undefined ? host.now() : dates(host.now())),
    ...(wants === undefined ? {} : { wants }),
  };
}
