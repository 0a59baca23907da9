/** How what another says of a token stands to what this peer and the token's other keepers say. */
import type { Id } from '../../id.ts';
import type { Mapping } from '../../ledger/types.ts';
import type { Holdings } from '../holdings.ts';

/** `open`: it may be ahead of this peer, or false: time will tell. */
export type View = 'agrees' | 'behind' | 'open' | 'differs';

/** Tokens whose tellings are kept; the one that was longest not told of goes first. */
const MAX_TOKENS = 512;
/** Speakers per token: a neighbourhood and some that were near once. */
const MAX_SPEAKERS = 32;

/** A mapping beside the own view; null: this peer has none. */
export function viewOf(holdings: Holdings, told: Mapping): View | null {
  const own = holdings.mapping(told.token);
  if (own === undefined) return null;
  if (own.tx === told.tx) return own.owner === told.owner ? 'agrees' : 'differs';
  // Nobody has the transaction of the genesis: a lease or two later it would look like news.
  const founding = holdings.founding(told.token);
  if (founding?.tx === told.tx) return founding.owner === told.owner ? 'behind' : 'differs';
  const change = holdings
    .transaction(told.tx)
    ?.body.changes.find(({ token }) => token === told.token);
  if (change !== undefined && holdings.isCommitted(told.tx)) {
    return change.owner === told.owner ? 'behind' : 'differs';
  }
  return own.previous === told.tx ? 'behind' : 'open';
}

/** Is one of the two the other, or one transaction before it? */
export function isSame(a: Mapping, b: Mapping): boolean {
  return a.tx === b.tx && a.owner === b.owner;
}

/** Is one of the two just one transaction behind? */
export function isStep(a: Mapping, b: Mapping): boolean {
  return a.previous === b.tx || b.previous === a.tx;
}

/** What was told of a token, and when. */
export interface Telling {
  readonly mapping: Mapping;
  readonly atMs: number;
}

/** Who told what of which token last. */
export class Tellings {
  readonly #tokens = new Map<Id, Map<Id, Telling>>();

  note(speaker: Id, mapping: Mapping, atMs: number): void {
    const { token } = mapping;
    const speakers = this.#tokens.get(token) ?? new Map<Id, Telling>();
    this.#tokens.delete(token);
    this.#tokens.set(token, speakers);
    const [stalest] = this.#tokens.keys();
    if (stalest !== undefined && this.#tokens.size > MAX_TOKENS) this.#tokens.delete(stalest);
    speakers.delete(speaker);
    speakers.set(speaker, { mapping, atMs });
    const [oldest] = speakers.keys();
    if (oldest !== undefined && speakers.size > MAX_SPEAKERS) speakers.delete(oldest);
  }

  of(token: Id): ReadonlyMap<Id, Telling> {
    return this.#tokens.get(token) ?? new Map<Id, Telling>();
  }

  /** Token by token. */
  all(): Iterable<ReadonlyMap<Id, Telling>> {
    return this.#tokens.values();
  }

  forget(speaker: Id): void {
    for (const speakers of this.#tokens.values()) speakers.delete(speaker);
  }
}
