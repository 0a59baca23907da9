/**
 * What the chains of a neighbourhood say of each token, and what more than half of a token's keepers
 * agree on (PROTOCOL.md 6). A minority can neither plant a mapping nor hide one.
 */
import type { Id } from '../id.ts';
import type { Mapping } from '../ledger/types.ts';

interface Candidate {
  readonly mapping: Mapping;
  readonly holders: Set<Id>;
}

export class Tally {
  /** Per token no more candidates than sources: each holds one mapping at a time. */
  readonly #candidates = new Map<Id, Candidate[]>();

  get size(): number {
    return this.#candidates.size;
  }

  tokens(): Iterable<Id> {
    return this.#candidates.keys();
  }

  /** This is now the newest mapping of its token in the chain of `source`. */
  note(source: Id, mapping: Mapping): void {
    const told = this.#candidates.get(mapping.token) ?? [];
    const others = told.filter(({ holders }) => !holders.delete(source) || holders.size > 0);
    const same = others.find(({ mapping: other }) => isSame(other, mapping));
    if (same === undefined) others.push({ mapping, holders: new Set([source]) });
    else same.holders.add(source);
    this.#candidates.set(mapping.token, others);
  }

  /** What this source holds of the token, as far as it is known. */
  of(source: Id, token: Id): Mapping | undefined {
    return this.#candidates.get(token)?.find(({ holders }) => holders.has(source))?.mapping;
  }

  /** What was heard of this source is forgotten. */
  forget(source: Id): void {
    for (const [token, told] of this.#candidates) {
      const left = told.filter(({ holders }) => !holders.delete(source) || holders.size > 0);
      if (left.length === 0) this.#candidates.delete(token);
      else this.#candidates.set(token, left);
    }
  }

  /** Those that hold some mapping of it. */
  holding(token: Id): ReadonlySet<Id> {
    const told = this.#candidates.get(token) ?? [];
    return new Set(told.flatMap(({ holders }) => [...holders]));
  }

  /** Do more than half of the keepers hold some mapping of it? */
  isSpread(token: Id, keepers: readonly Id[]): boolean {
    const told = this.#candidates.get(token) ?? [];
    const holding = keepers.filter((keeper) => told.some(({ holders }) => holders.has(keeper)));
    return 2 * holding.length > keepers.length;
  }

  /**
   * The mapping that more than half of `keepers` hold, or held until the transaction that some of
   * them have committed since; null when there is none.
   */
  decided(token: Id, keepers: readonly Id[]): Mapping | null {
    const told = this.#candidates.get(token) ?? [];
    const among = (holders: ReadonlySet<Id>) =>
      keepers.filter((keeper) => holders.has(keeper)).length;
    const now = told.find(({ holders }) => 2 * among(holders) > keepers.length);
    if (now !== undefined) return now.mapping;
    const before = told.find(({ mapping, holders }) => {
      const since = told.filter(({ mapping: next }) => next.previous === mapping.tx);
      const all = new Set([...holders, ...since.flatMap((next) => [...next.holders])]);
      return 2 * among(all) > keepers.length;
    });
    return before?.mapping ?? null;
  }

  /** Do more than half of `keepers` hold just this mapping, none of them a later one? */
  isSettled({ token, tx }: Mapping, keepers: readonly Id[]): boolean {
    const told = this.#candidates.get(token) ?? [];
    const holders = told.find(({ mapping }) => mapping.tx === tx)?.holders ?? new Set();
    return 2 * keepers.filter((keeper) => holders.has(keeper)).length > keepers.length;
  }

  /** Those that hold this mapping of the token: who to ask for its transaction. */
  holders({ token, tx }: Mapping): readonly Id[] {
    const told = this.#candidates.get(token) ?? [];
    return [...(told.find(({ mapping }) => mapping.tx === tx)?.holders ?? [])];
  }
}

function isSame(one: Mapping, other: Mapping): boolean {
  return one.tx === other.tx && one.owner === other.owner && one.previous === other.previous;
}
