/**
 * The second face of a liar: a fork of its chain that grows beside the true one, block for block,
 * and holds the lies besides. Whoever only ever sees this face sees an honest chain: it never
 * rewinds, its heads descend from one another and from all heads told before the fork.
 */
import { hash } from '../../node/crypto/hash.ts';
import { type Id, idToBytes } from '../../node/id.ts';
import { entriesRoot, headerHash, MAX_ENTRIES } from '../../node/ledger/block.ts';
import type { Chain } from '../../node/ledger/chain.ts';
import { HistoryTree } from '../../node/ledger/history-tree.ts';
import type { StateTrie } from '../../node/ledger/state-trie.ts';
import type { Block, BlockEntry, BlockHeader, Mapping } from '../../node/ledger/types.ts';
import { signStatement } from '../../node/minefield/statement.ts';
import type { RecentMapping, Statement } from '../../node/minefield/types.ts';
import type { Peer } from '../../node/peer.ts';

/** The story is a function of the token, so that accomplices tell the same without a word. */
function falseMapping({ token, tx }: Mapping): Mapping {
  const seed = idToBytes(token);
  const owner = hash('attack', seed, Uint8Array.of(0));
  return { token, owner, tx: hash('attack', seed, Uint8Array.of(1)), previous: tx };
}

export class FalseFace {
  readonly #peer: Pick<Peer, 'chain' | 'identity'>;
  readonly #state: StateTrie;
  /** All blocks below the head, as the next block's accumulator has them. */
  readonly #history = new HistoryTree();
  /** Tokens lied about. */
  readonly #lies = new Set<Id>();
  /** Forged blocks that hold mappings of this face. */
  readonly #committedIn = new Map<Id, Id>();
  #recent: readonly RecentMapping[];
  #header: BlockHeader;
  /** Height of the true chain where the faces part. */
  readonly #forkedAt: number;
  /** Height up to which the true chain is retold. */
  #retold: number;

  /** Forks here and now: everything before is shared with the true chain. */
  constructor(peer: Pick<Peer, 'chain' | 'identity'>) {
    const { chain } = peer;
    this.#peer = peer;
    this.#state = chain.state.clone();
    this.#recent = chain.recent;
    this.#header = chain.head.header;
    this.#forkedAt = chain.height;
    this.#retold = chain.height;
    for (const height of Array(chain.height).keys()) this.#append(chain, height);
  }

  /**
   * The statement that goes out instead of the honest one, under its number: a lie if the token is
   * among `tokens` and this peer keeps it, else the truth, and both as of the false head.
   */
  speak(honest: Statement, tokens: readonly Id[]): Statement {
    this.#retell();
    this.#lieAbout(tokens);
    const mapping = this.#state.get(honest.token);
    const path = this.#state.path(honest.token);
    const block = this.#committedIn.get(honest.token) ?? honest.answer?.block;
    const isKnown = mapping !== undefined && path !== undefined && block !== undefined;
    const { signature: _, ...truth } = honest;
    return signStatement(
      {
        ...truth,
        answer: isKnown ? { mapping, path, block } : null,
        recent: this.#recent.slice(0, honest.recent.length),
        head: this.#header,
        time: Math.max(honest.time, this.#header.time),
      },
      this.#peer.chain.session.lamppost,
    );
  }

  /** May whoever sees this face see this block of the true chain? Only those that both have. */
  shares(block: Block): boolean {
    return block.header.height <= this.#forkedAt;
  }

  /** What the true chain committed since, but for the tokens lied about: of those the lie stays. */
  #retell(): void {
    const { chain } = this.#peer;
    for (; this.#retold < chain.height; this.#retold += 1) {
      const block = chain.blockAt(this.#retold + 1);
      if (block === undefined) return;
      const entries = block.entries.filter(({ mapping }) => !this.#lies.has(mapping.token));
      this.#forge(entries, block.header.time);
    }
  }

  #lieAbout(tokens: readonly Id[]): void {
    const entries: BlockEntry[] = [];
    for (const token of tokens) {
      const mapping = this.#state.get(token);
      if (mapping === undefined || this.#lies.has(token) || entries.length >= MAX_ENTRIES) continue;
      this.#lies.add(token);
      entries.push({ kind: 'committed', mapping: falseMapping(mapping) });
    }
    if (entries.length > 0) this.#forge(entries, this.#header.time + 1);
  }

  #forge(entries: readonly BlockEntry[], time: number): void {
    const previous = headerHash(this.#header);
    this.#history.append(previous);
    for (const { mapping } of entries) this.#state.set(mapping);
    this.#header = {
      ...this.#header,
      height: this.#header.height + 1,
      previous,
      entriesRoot: entriesRoot(entries),
      stateRoot: this.#state.root,
      accumulator: this.#history.root,
      time: Math.max(time, this.#header.time),
    };
    const block = headerHash(this.#header);
    for (const { mapping } of entries) this.#committedIn.set(mapping.token, block);
    const committedAt = this.#header.time;
    const newest = entries.map(({ mapping }) => ({ mapping, committedAt, block }));
    this.#recent = [...newest.toReversed(), ...this.#recent].slice(0, this.#recent.length);
  }

  #append(chain: Chain, height: number): void {
    const block = chain.blockAt(height);
    if (block !== undefined) this.#history.append(headerHash(block.header));
  }
}
