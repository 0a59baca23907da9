/** What a peer says of itself: statements and blocks of its own chain (PROTOCOL.md 3, 7). */
import { Writer } from '../codec/writer.ts';
import type { Host } from '../host.ts';
import type { Id } from '../id.ts';
import type { Identity } from '../identity/mint.ts';
import { signStatement } from '../minefield/statement.ts';
import type { Statement } from '../minefield/types.ts';
import type { AncestorAnswer } from '../wire/keeping.ts';
import type { Holdings } from './holdings.ts';

const SEQUENCE_KEY = 'statement/sequence';
/** Numbers made durable at a time: a write per so many answers; a restart skips the rest. */
const SEQUENCE_RANGE = 256;
/** PROTOCOL.md 7 asks for 2–4; with two a statement fits one datagram. */
const RECENT_TOLD = 2;

export class Speaking {
  readonly #host: Host;
  readonly #identity: Identity;
  readonly #holdings: Holdings;
  #next: number;
  #reserved: number;
  #lastTime = 0;

  constructor(identity: Identity, holdings: Holdings, host: Host) {
    this.#identity = identity;
    this.#holdings = holdings;
    this.#host = host;
    const stored = host.store.get(SEQUENCE_KEY);
    this.#next =
      stored === undefined
        ? 1
        : Number(new DataView(stored.buffer, stored.byteOffset).getBigUint64(0));
    this.#reserved = this.#next;
  }

  /** The next number of this epoch; durable before what carries it is sent. */
  nextSequence(): number {
    if (this.#next >= this.#reserved) {
      this.#reserved = this.#next + SEQUENCE_RANGE;
      this.#host.store.put(SEQUENCE_KEY, new Writer().u64(this.#reserved).finish());
    }
    this.#next += 1;
    return this.#next - 1;
  }

  /** Never falls, whatever the clock does, nor below the head's. */
  nextTime(): number {
    const { header } = this.#holdings.chain.head;
    this.#lastTime = Math.max(this.#host.now(), this.#lastTime, header.time);
    return this.#lastTime;
  }

  /** The mapping as of the head. */
  statement(token: Id, query: Uint8Array): Statement {
    const { chain } = this.#holdings;
    const { header, certificate } = chain.head;
    const mapping = chain.state.get(token);
    const path = chain.state.path(token);
    const block = chain.committedIn(token);
    const isKnown = mapping !== undefined && path !== undefined && block !== undefined;
    return signStatement(
      {
        network: header.network,
        peer: header.peer,
        certificate,
        epoch: header.epoch,
        sequence: this.nextSequence(),
        query,
        token,
        answer: isKnown ? { mapping, path, block } : null,
        recent: chain.recent.slice(0, RECENT_TOLD),
        head: header,
        time: this.nextTime(),
      },
      this.#identity.lamppost,
    );
  }

  /** Proof that the block at `height` lies under the one at `under`; null if they don't exist so. */
  ancestor(height: number, under: number): AncestorAnswer | null {
    const { chain } = this.#holdings;
    const higher = chain.blockAt(under);
    const proof = chain.ancestorPath(height, under);
    if (higher === undefined || proof === undefined) return null;
    return { epoch: higher.header.epoch, height, under, ...proof };
  }
}
