/**
 * What a peer holds: its chain, the entries that the next round will put into it, and the committed
 * transactions themselves, stored as `tx/` + id → bytes.
 */
import { decode } from '../codec/reader.ts';
import type { Store } from '../host.ts';
import { type Id, ZERO_ID } from '../id.ts';
import { MAX_ENTRIES } from '../ledger/block.ts';
import type { Chain, Session } from '../ledger/chain.ts';
import { position as positionIn } from '../ledger/storage-proof.ts';
import { encodeTransaction, readTransaction } from '../ledger/transaction.ts';
import type { Block, BlockEntry, Mapping, Transaction } from '../ledger/types.ts';
import { type BlockPlace, MAX_COMMITS } from '../wire/keeping.ts';
import type { CommitPlace } from '../wire/voting.ts';
import type { Genesis } from './genesis.ts';

const PREFIX = 'tx/';

/**
 * PROTOCOL.md 3 makes one block a round. Where more waits than it takes, as at a peer that catches up,
 * more are made: each costs a signature and a write, a millisecond or so.
 */
export const MAX_BLOCKS_PER_ROUND = 8;

/** Blocks read from disk for one question: a stranger's question must cost little. */
export const MAX_BLOCKS_READ = 32;

export class Holdings {
  readonly chain: Chain;
  readonly #store: Store;
  readonly #waiting: BlockEntry[] = [];
  readonly #ahead = new Map<Id, Mapping>();
  /** Transaction that passed → height of its block; null until there is one. About 150 bytes each. */
  readonly #heights = new Map<Id, number | null>();
  /** Times of the transactions it holds: each is asked for when the next one is judged. */
  readonly #timestamps = new Map<Id, number>();
  /** Those of them that are of high value: only these can be supported by other tokens. */
  readonly #highValue = new Set<Id>();
  /** Where its first entry stands in that block. */
  readonly #positions = new Map<Id, number>();
  readonly #tokens = new Set<Id>();
  /** The same in order, once somebody has asked for it. */
  #sorted: Id[] | null = null;
  #genesis: Pick<Genesis, 'mapping'> | null = null;
  /** Newest mappings that its transactions gave to tokens, where its chain has none or an older one. */
  readonly #elsewhere = new Map<Id, { readonly mapping: Mapping; readonly timestamp: number }>();

  constructor(chain: Chain, store: Store) {
    this.chain = chain;
    this.#store = store;
    for (let height = 0; height <= chain.height; height += 1) {
      const block = chain.blockAt(height);
      if (block !== undefined) this.#note(block);
    }
    for (const [key] of store.entries(PREFIX)) {
      const transaction = this.transaction(key.slice(PREFIX.length));
      if (transaction === undefined) continue;
      const { id, body } = transaction;
      this.#remember(transaction);
      // Stored when it passed: also what came late and changed nothing, or was to be in a block.
      if (!this.#heights.has(id)) this.#heights.set(id, chain.height);
      for (const change of body.changes) this.#setAside({ ...change, tx: id }, body.timestamp);
    }
    for (const [token, { mapping, timestamp }] of this.#elsewhere) {
      if (!this.#isNews(mapping, timestamp)) this.#elsewhere.delete(token);
    }
  }

  /** Tokens with a mapping. */
  get tokens(): ReadonlySet<Id> {
    return this.#tokens;
  }

  /** The same in order, for proofs of storage. */
  get sortedTokens(): readonly Id[] {
    this.#sorted ??= [...this.#tokens].sort();
    return this.#sorted;
  }

  /** What every member knows of the founding identity tokens, near or not. */
  setFounding(genesis: Pick<Genesis, 'mapping'>): void {
    this.#genesis = genesis;
  }

  /** The newest committed mapping, of the next block too; statements tell only `chain.state`. */
  mapping(token: Id): Mapping | undefined {
    return this.#ahead.get(token) ?? this.chain.state.get(token) ?? this.founding(token);
  }

  /** Of the genesis, kept here or not. */
  founding(token: Id): Mapping | undefined {
    return this.#genesis?.mapping(token);
  }

  /** Entries that wait for a block. */
  get waiting(): number {
    return this.#waiting.length;
  }

  isCommitted(tx: Id): boolean {
    return this.#heights.has(tx);
  }

  transaction(tx: Id): Transaction | undefined {
    const bytes = this.#store.get(PREFIX + tx);
    if (bytes === undefined) return undefined;
    const stored = decode(bytes, readTransaction);
    if (!stored.ok) throw new Error(`stored transaction ${tx} is damaged: ${stored.reason}`);
    return stored.value;
  }

  isOfHighValue(tx: Id): boolean {
    return this.#highValue.has(tx);
  }

  /** 0 for what it does not hold. */
  timestampOf(tx: Id): number {
    return this.#timestamps.get(tx) ?? 0;
  }

  /** Null until the round that puts it into a block. */
  place(tx: Id): CommitPlace | null {
    const height = this.#heights.get(tx);
    if (height === undefined || height === null) return null;
    const block = this.chain.ancestorPath(height, this.chain.height)?.hash ?? this.chain.headHash;
    const position = this.#positions.get(tx) ?? null;
    return { block, position, confirmations: this.chain.height - height };
  }

  /**
   * The transaction has passed, as a whole: it changes `tokens`, which this peer keeps, and whatever
   * else it holds. A mapping that follows the present one is `committed`; one that is newer but leaves
   * some out was learnt from others, `adopted`; an older one came late and changes nothing.
   */
  commit(transaction: Transaction, tokens: ReadonlySet<Id>): void {
    this.#take(transaction, tokens, (mapping, present) => {
      const isKnown =
        present === undefined ? mapping.previous === ZERO_ID : follows(mapping, present);
      return isKnown ? 'committed' : 'adopted';
    });
  }

  /** The same of what a neighbourhood has committed without this peer. */
  adopt(transaction: Transaction, tokens: ReadonlySet<Id>): void {
    this.#take(transaction, tokens, () => 'adopted');
  }

  /**
   * Neighbourhoods have grown, or this peer starts again: what it knows of tokens that are near now is
   * taken over. It has seen those transactions pass as a whole, for the sake of their other tokens, or
   * before it was killed and had made a block of them. `founders` are all those whose token may be so.
   */
  widen(isNear: (token: Id) => boolean, founders: Iterable<Id>): void {
    for (const token of founders) {
      const mapping = this.founding(token);
      if (mapping !== undefined && !this.#isHeld(token) && isNear(token)) {
        this.#enter('adopted', mapping);
      }
    }
    for (const [token, { mapping, timestamp }] of this.#elsewhere) {
      if (!this.#isHeld(token) && !isNear(token)) continue;
      this.#elsewhere.delete(token);
      if (this.#isNews(mapping, timestamp)) this.#enter('adopted', mapping);
    }
  }

  /** The next block, or null when there is nothing for one. */
  round(nowMs: number): Block | null {
    if (this.#waiting.length === 0) return null;
    const block = this.chain.append(this.#waiting.splice(0, MAX_ENTRIES), nowMs);
    this.#note(block);
    for (const { mapping } of block.entries) {
      if (this.#ahead.get(mapping.token) === mapping) this.#ahead.delete(mapping.token);
    }
    return block;
  }

  /** Opens the chain's epoch with the founding mappings; before it nothing may be stated. */
  open(session: Session, founding: readonly Mapping[], nowMs: number): void {
    const from = this.chain.height + 1;
    this.chain.open(session, founding, nowMs);
    for (let height = from; height <= this.chain.height; height += 1) {
      const block = this.chain.blockAt(height);
      if (block !== undefined) this.#note(block);
    }
  }

  /** Transactions in blocks above `above` with a token that `wanted`, at most one answer's worth. */
  commitsAbove(
    above: number,
    wanted: (token: Id) => boolean,
  ): { above: BlockPlace; upTo: BlockPlace; more: boolean; txs: Id[] } {
    const txs = new Set<Id>();
    let upTo = Math.min(above, this.chain.height);
    while (upTo < this.chain.height) {
      const block = this.chain.blockAt(upTo + 1);
      const found = block?.entries.flatMap(({ mapping }) =>
        wanted(mapping.token) ? [mapping.tx] : [],
      );
      const more = new Set([...txs, ...(found ?? [])]);
      if (more.size > MAX_COMMITS || upTo - above >= MAX_BLOCKS_READ) break;
      for (const tx of more) txs.add(tx);
      upTo += 1;
    }
    const place = (height: number) => ({ height, hash: this.chain.hashAt(height) ?? ZERO_ID });
    const more = upTo < this.chain.height;
    return { above: place(above), upTo: place(upTo), more, txs: [...txs] };
  }

  #remember({ id, body }: Transaction): void {
    this.#timestamps.set(id, body.timestamp);
    if (body.valueClass === 'high') this.#highValue.add(id);
  }

  #take(
    transaction: Transaction,
    tokens: ReadonlySet<Id>,
    kindOf: (mapping: Mapping, present: Mapping | undefined) => BlockEntry['kind'],
  ): void {
    const { id, body } = transaction;
    this.#store.put(PREFIX + id, encodeTransaction(transaction));
    this.#remember(transaction);
    if (!this.#heights.has(id)) this.#heights.set(id, this.chain.height);
    for (const change of body.changes) {
      const { token } = change;
      const mapping = { ...change, tx: id };
      if (!tokens.has(token) && !this.#isHeld(token)) this.#setAside(mapping, body.timestamp);
      else if (this.#isNews(mapping, body.timestamp)) {
        this.#enter(kindOf(mapping, this.mapping(token)), mapping);
      }
    }
  }

  /** Does it have, or will the next block give it, a mapping of its own? */
  #isHeld(token: Id): boolean {
    return this.#ahead.has(token) || this.chain.state.get(token) !== undefined;
  }

  /**
   * Does the mapping, made at `timestamp`, come after the present one? What was destroyed stays so,
   * whenever that was: a slashing carries the time of the record that it is about. Of all else the
   * later one holds, since voters let each follow an earlier one only.
   */
  #isNews(mapping: Mapping, timestamp: number): boolean {
    const present = this.mapping(mapping.token);
    if (present === undefined) return true;
    if (present.owner === ZERO_ID) return false;
    if (follows(mapping, present) || mapping.owner === ZERO_ID) return true;
    return timestamp > this.timestampOf(present.tx);
  }

  #enter(kind: BlockEntry['kind'], mapping: Mapping): void {
    this.#waiting.push({ kind, mapping });
    this.#ahead.set(mapping.token, mapping);
    this.#heights.set(mapping.tx, null);
  }

  #setAside(mapping: Mapping, timestamp: number): void {
    const before = this.#elsewhere.get(mapping.token);
    if (before?.mapping.owner === ZERO_ID) return;
    const isNewer =
      before === undefined || before.timestamp < timestamp || mapping.owner === ZERO_ID;
    if (isNewer) this.#elsewhere.set(mapping.token, { mapping, timestamp });
  }

  #note(block: Block): void {
    for (const [position, { mapping }] of block.entries.entries()) {
      if (this.#heights.get(mapping.tx) !== block.header.height) {
        this.#heights.set(mapping.tx, block.header.height);
        this.#positions.set(mapping.tx, position);
      }
      if (this.#tokens.has(mapping.token)) continue;
      this.#tokens.add(mapping.token);
      // To sort anew at a stranger's question takes a hundred milliseconds for 50,000.
      if (this.#sorted !== null) {
        this.#sorted.splice(positionIn(this.#sorted, mapping.token), 0, mapping.token);
      }
    }
  }
}

function follows(mapping: Mapping, present: Mapping): boolean {
  return mapping.previous === present.tx;
}
