/** How far a peer has come in learning what its neighbourhood holds (PROTOCOL.md 5, 6). */
import type { Transaction } from '../ledger/types.ts';

/** PROTOCOL.md 5: with this share of its range a peer counts as synchronised. */
export const ENOUGH_DENSITY = 0.8;

export type SyncPhase = 'idle' | 'reading' | 'synchronised';

export interface SyncProgress {
  readonly phase: SyncPhase;
  /** Chains that are verified and read to their end, and those that there are to read. */
  readonly chains: number;
  readonly sources: number;
  /** Questions about random places, of the papers' baseline. */
  readonly queries: number;
  readonly hops: number;
  readonly blocks: number;
  readonly transactions: number;
  /** Tokens of the range that more than half of their keepers have. */
  readonly wanted: number;
  /** Those of them that this peer holds the same or newer. */
  readonly tokens: number;
  readonly density: number;
  readonly complete: boolean;
}

export interface SynchroniserEvents {
  /** Checked again, and its mappings taken over: older ones of a token come before newer ones. */
  adopted(transaction: Transaction): void;
  /** Once per start: enough of the range is held, and nothing that is agreed on is missing. */
  synchronised(density: number): void;
}

export const NOTHING: SyncProgress = {
  phase: 'idle',
  chains: 0,
  sources: 0,
  queries: 0,
  hops: 0,
  blocks: 0,
  transactions: 0,
  wanted: 0,
  tokens: 0,
  density: 0,
  complete: false,
};
