/**
 * Lying to those that are eclipsed: whatever they ask for belongs to others. All accomplices tell
 * the same, and each as of a chain that fits all it has told them before (kit/false-face.ts).
 */
import type { Block } from '../../node/ledger/types.ts';
import type { Statement } from '../../node/minefield/types.ts';
import type { Peer } from '../../node/peer.ts';
import { FalseFace } from '../kit/false-face.ts';

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

  /** What is said instead of `honest`. */
  answer(honest: Statement): Statement {
    if (this.#face === null && this.#peer.chain.state.get(honest.token) === undefined) {
      return honest;
    }
    this.#face ??= new FalseFace(this.#peer);
    return this.#face.speak(honest, [honest.token]);
  }

  /** Null for a block of the true chain that those who were lied to would not find in theirs. */
  serve(block: Block | null): Block | null {
    return block !== null && this.#face?.shares(block) === false ? null : block;
  }
}
