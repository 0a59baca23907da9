/**
 * Restoring lost mappings (ledger/supporting.ts): a keeper that is asked for a token, or shall vote on
 * it, and has no mapping of it reads the token's supporting tokens from their keepers. When three of
 * the five, each by more than 2/3 of its own neighbourhood, name one transaction that supports the
 * token, the mapping that this transaction gives is taken over.
 */
import { type Id, ZERO_ID } from '../id.ts';
import { isSupported, RESTORING, supportingTokens } from '../ledger/supporting.ts';
import { checkTransaction } from '../ledger/transaction.ts';
import type { Transaction } from '../ledger/types.ts';
import { QUERY_BYTES } from '../minefield/statement.ts';
import type { Statement } from '../minefield/types.ts';
import { isQuorum } from '../voting/rules.ts';
import { neighbourhood, type PeerContext } from './context.ts';
import { keeperRow } from './rows.ts';

/** Most tokens that are missing are only late: what neighbours can tell has come by then. */
const WAIT_MS = 2000;
/** Asked again once within it: a few far round trips each. */
const WINDOW_MS = 6000;
const ASK_AGAIN_MS = 1500;
const FETCH_AGAIN_MS = 500;
/** A search costs 5 k small questions; one token is searched for again no sooner than this. */
const SEARCH_AGAIN_MS = 60_000;
/** Searches at a time, those that wait included: with k = 8 some hundred questions a second. */
const MAX_SEARCHES = 16;
/** Of these for who merely asks: it costs a stranger nothing, and a peer that lags is asked a lot. */
const MAX_ASKED_FOR = 2;
/** Tokens remembered as searched for, oldest forgotten. */
const MAX_TRIED = 1024;

interface Search {
  readonly token: Id;
  readonly isAskedFor: boolean;
  readonly beganAt: number;
  readonly query: Uint8Array;
  readonly supporting: readonly Id[];
  /** For each supporting token and keeper of it: the transaction it names; null for none. */
  readonly said: Map<Id, Map<Id, Id | null>>;
  askAt: number;
  /** The transaction is asked of another each time, no sooner than this. */
  fetchAt: number;
  fetches: number;
}

export interface RestoringEvents {
  /** What waited for the token may go on. */
  restored(transaction: Transaction): void;
  /** A copy that this peer keeps as a witness. */
  copy(tx: Id): Transaction | undefined;
}

type RestoringContext = Pick<
  PeerContext,
  'network' | 'parameters' | 'self' | 'host' | 'membership' | 'holdings' | 'send'
>;

export class Restoring {
  readonly #context: RestoringContext;
  readonly #events: RestoringEvents;
  readonly #searches = new Map<Id, Search>();
  /** Token → when it was searched for last. */
  readonly #tried = new Map<Id, number>();

  constructor(context: RestoringContext, events: RestoringEvents) {
    this.#context = context;
    this.#events = events;
  }

  get isSearching(): boolean {
    return this.#searches.size > 0;
  }

  /** A token was asked for, or is under vote, of which this peer may have lost the mapping. */
  want(token: Id, isAskedFor: boolean): void {
    const { holdings, host, self } = this.#context;
    if (this.#searches.has(token) || holdings.mapping(token) !== undefined) return;
    const now = host.now();
    const before = this.#tried.get(token);
    if (before !== undefined && now - before < SEARCH_AGAIN_MS) return;
    const askedFor = [...this.#searches.values()].filter((search) => search.isAskedFor).length;
    if (this.#searches.size >= MAX_SEARCHES || (isAskedFor && askedFor >= MAX_ASKED_FOR)) return;
    if (!neighbourhood(this.#context, token).includes(self)) return;
    this.#remember(token, now);
    const supporting = supportingTokens(token);
    this.#searches.set(token, {
      token,
      isAskedFor,
      beganAt: now,
      query: host.random(QUERY_BYTES),
      supporting,
      said: new Map(supporting.map((support) => [support, new Map()])),
      askAt: now + WAIT_MS,
      fetchAt: 0,
      fetches: 0,
    });
  }

  /** Several times a second. */
  tick(): void {
    const { holdings, host } = this.#context;
    const now = host.now();
    for (const search of this.#searches.values()) {
      const isOver = now - search.beganAt > WAIT_MS + WINDOW_MS;
      if (isOver || holdings.mapping(search.token) !== undefined) {
        this.#searches.delete(search.token);
      } else if (now >= search.askAt) {
        search.askAt = now + ASK_AGAIN_MS;
        this.#ask(search);
      }
      this.#conclude(search);
    }
  }

  /** A statement that is well signed. */
  hear({
    peer,
    token,
    query,
    answer,
  }: Pick<Statement, 'peer' | 'token' | 'query' | 'answer'>): void {
    for (const search of this.#searches.values()) {
      const said = search.said.get(token);
      if (said === undefined || query.toHex() !== search.query.toHex()) continue;
      // Others' words would only take room: `#agreed` counts those of keepers.
      if (!neighbourhood(this.#context, token).includes(peer)) continue;
      const mapping = answer?.mapping;
      said.set(peer, mapping === undefined || mapping.owner === ZERO_ID ? null : mapping.tx);
      this.#conclude(search);
    }
  }

  /** Some transaction came, perhaps one that was asked for. */
  onTransaction(transaction: Transaction): void {
    const { network, host } = this.#context;
    for (const search of this.#searches.values()) {
      if (this.#agreed(search) !== transaction.id) continue;
      if (!checkTransaction(transaction, { network, nowMs: host.now() }).ok) return;
      this.#restore(search, transaction);
    }
  }

  #remember(token: Id, now: number): void {
    const [oldest] = this.#tried.keys();
    if (oldest !== undefined && this.#tried.size >= MAX_TRIED) this.#tried.delete(oldest);
    this.#tried.delete(token);
    this.#tried.set(token, now);
  }

  /** Those who have not answered yet; what this peer itself keeps it need not ask. */
  #ask({ query, said }: Search): void {
    const { holdings, self, send } = this.#context;
    for (const [token, answers] of said) {
      for (const keeper of neighbourhood(this.#context, token)) {
        if (keeper === self) {
          const own = holdings.mapping(token);
          answers.set(self, own === undefined || own.owner === ZERO_ID ? null : own.tx);
        } else if (!answers.has(keeper)) send(keeper, { type: 'ask-mapping', token, query });
      }
    }
  }

  /** The transaction that enough supporting tokens name, each by a quorum of its keepers. */
  #agreed({ said }: Search): Id | null {
    const named = new Map<Id, number>();
    for (const [token, answers] of said) {
      const keepers = neighbourhood(this.#context, token);
      const words = keepers.flatMap((keeper) => answers.get(keeper) ?? []);
      const tx = words.find((word) =>
        isQuorum(words.filter((other) => other === word).length, keepers.length),
      );
      if (tx !== undefined) named.set(tx, (named.get(tx) ?? 0) + 1);
    }
    return [...named].find(([, count]) => count >= RESTORING)?.[0] ?? null;
  }

  #conclude(search: Search): void {
    const tx = this.#agreed(search);
    if (tx === null) return;
    const { holdings, host, self, send } = this.#context;
    const own = holdings.transaction(tx) ?? this.#events.copy(tx);
    if (own !== undefined) {
      this.#restore(search, own);
      return;
    }
    const now = host.now();
    if (now < search.fetchAt) return;
    const having = [...search.said.values()]
      .flatMap((answers) => [...answers])
      .filter(([keeper, word]) => word === tx && keeper !== self);
    const keeper = having[search.fetches % having.length]?.[0];
    if (keeper === undefined) return;
    search.fetches += 1;
    search.fetchAt = now + FETCH_AGAIN_MS;
    send(keeper, { type: 'get-transaction', tx });
  }

  #restore({ token }: Search, transaction: Transaction): void {
    const { holdings, host } = this.#context;
    this.#searches.delete(token);
    if (holdings.mapping(token) !== undefined || !isSupported(transaction, token)) return;
    holdings.commit(transaction, new Set([token]));
    const here = { part: 'neighbour', kept: [token], firstVoteAt: null } as const;
    host.report(keeperRow(transaction, 'restored', { ...here, committedAt: host.now() }));
    this.#events.restored(transaction);
  }
}
