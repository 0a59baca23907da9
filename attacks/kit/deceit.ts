/**
 * Lying to an audience that hears nothing else: what it asks for belongs to others. All accomplices tell
 * the same, and each as of a chain that fits all it has told them before (false-face.ts).
 */
import type { Block } from '../../node/ledger/types.ts';
import type { Statement } from '../../node/minefield/types.ts';
import type { Peer } from '../../node/peer.ts';
import { FalseFace } from './false-face.ts';

export class Deceit {
  readonly #peer: Peer;
  #face: FalseFace | null = null;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** From then on its audience must hear nothing of the true chain. */
  get hasBegun(): boolean {
    return this.#face !== null;
  }

  /** What is said instead of `honest`: a lie about its token, or the truth by the same false chain. */
  answer(honest: Statement, isLie = true): Statement {
    const { token } = honest;
    const begins = isLie && this.#peer.chain.state.get(token) !== undefined;
    if (this.#face === null && !begins) return honest;
    this.#face ??= new FalseFace(this.#peer);
    return this.#face.speak(honest, isLie ? [token] : []);
  }

  /** Null for a block of the true chain that those who were lied to would not find in theirs. */
  serve(block: Block | null): Block | null {
    return block !== null && this.#face?.shares(block) === false ? null : block;
  }
}
