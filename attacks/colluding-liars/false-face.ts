/** The second face of a liar: its real chain, continued by one block that never was. */
import { hash } from '../../node/crypto/hash.ts';
import { type Id, idToBytes } from '../../node/id.ts';
import { entriesRoot, headerHash } from '../../node/ledger/block.ts';
import { HistoryTree } from '../../node/ledger/history-tree.ts';
import type { StateTrie } from '../../node/ledger/state-trie.ts';
import type { BlockEntry, BlockHeader, Mapping } from '../../node/ledger/types.ts';
import { signStatement } from '../../node/minefield/statement.ts';
import type { Statement } from '../../node/minefield/types.ts';
import type { Peer } from '../../node/peer.ts';

/** The story is a function of the token, so that accomplices tell the same without a word. */
function falseMapping({ token, tx }: Mapping): Mapping {
  const seed = idToBytes(token);
  const owner = hash('attack', seed, Uint8Array.of(0));
  return { token, owner, tx: hash('attack', seed, Uint8Array.of(1)), previous: tx };
}

/** A forged head on the peer's chain in which `tokens` belong to the conspiracy. */
export class FalseFace {
  readonly #peer: Peer;
  readonly #tokens: readonly Id[];
  #state: StateTrie;
  #header: BlockHeader;

  constructor(peer: Peer, tokens: readonly Id[]) {
    this.#peer = peer;
    this.#tokens = tokens;
    [this.#state, this.#header] = forge(peer, tokens);
  }

  /** The lie that goes out instead of the honest statement, under the number that one had. */
  lie(token: Id, honest: Statement): Statement {
    // The real chain grew: a head below the true one would look stale, so the face moves along.
    if (this.#header.height <= this.#peer.chain.height) {
      [this.#state, this.#header] = forge(this.#peer, this.#tokens);
    }
    const mapping = this.#state.get(token);
    const path = this.#state.path(token);
    if (mapping === undefined || path === undefined) return honest;
    const block = headerHash(this.#header);
    const time = Math.max(honest.time, this.#header.time);
    const { signature: _, ...truth } = honest;
    return signStatement(
      {
        ...truth,
        answer: { mapping, path, block },
        recent: [{ mapping, committedAt: this.#header.time, block }],
        head: this.#header,
        time,
      },
      this.#peer.identity.lamppost,
    );
  }
}

function forge(peer: Peer, tokens: readonly Id[]): [StateTrie, BlockHeader] {
  const { chain } = peer;
  const state = chain.state.clone();
  const entries: BlockEntry[] = [];
  for (const token of tokens) {
    const mapping = state.get(token);
    if (mapping === undefined) continue;
    const lie = falseMapping(mapping);
    state.set(lie);
    entries.push({ kind: 'committed', mapping: lie });
  }
  const head = chain.head.header;
  const header: BlockHeader = {
    ...head,
    height: head.height + 1,
    previous: chain.headHash,
    entriesRoot: entriesRoot(entries),
    stateRoot: state.root,
    accumulator: historyRoot(peer),
    time: head.time + 1,
  };
  return [state, header];
}

/** The true history up to and including the head, as the next block's accumulator would have it. */
function historyRoot({ chain }: Peer): Id {
  const tree = new HistoryTree();
  for (let height = 0; height <= chain.height; height += 1) {
    const block = chain.blockAt(height);
    if (block !== undefined) tree.append(headerHash(block.header));
  }
  return tree.root;
}
