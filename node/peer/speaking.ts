/** What a peer says of itself: statements and blocks of its own chain (PROTOCOL.md 3, 7). */
import { storedU64 } from '../codec/stored.ts';
import { Writer } from '../codec/writer.ts';
import type { Host } from '../host.ts';
import type { Id } from '../id.ts';
import { signStatement } from '../minefield/statement.ts';
import type { Statement } from '../minefield/types.ts';
import type { AncestorAnswer } from '../wire/keeping.ts';
import type { Holdings } from './holdings.ts';

const SEQUENCE_KEY = 'statement/sequence';
const TIME_KEY = 'statement/time';
/** Numbers made durable at a time: a write per so many answers; a restart skips the rest. */
const SEQUENCE_RANGE = 256;
/**
 * Times made durable at a time, in ms: a write in two seconds. What the next life says lies behind
 * them, wherever the clock was set meanwhile.
 */
const TIME_RANGE_MS = 2000;
/** PROTOCOL.md 7 asks for 2–4; with two a statement fits one datagram. */
const RECENT_TOLD = 2;

export class Speaking {
  readonly #host: Host;
  readonly #holdings: Holdings;
  #next: number;
  #reserved: number;
  #lastTime = 0;
  #reservedTime: number;

  constructor(holdings: Holdings, host: Host) {
    this.#holdings = holdings;
    this.#host = host;
    this.#next = storedU64(host.store, SEQUENCE_KEY) ?? 1;
    this.#reserved = this.#next;
    this.#reservedTime = storedU64(host.store, TIME_KEY) ?? 0;
  }

  /** Nothing that this disk knows of was said later. */
  get spokenUntil(): number {
    return this.#reservedTime;
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

  /** Never falls, whatever the clock does, nor below the head's or the certificate's. */
  nextTime(): number {
    const { head, session } = this.#holdings.chain;
    const { validFromMs } = session.certificate;
    const now = this.#host.now();
    this.#lastTime = Math.max(now, this.#lastTime, head.header.time, validFromMs);
    if (this.#lastTime > this.#reservedTime) {
      this.#reservedTime = this.#lastTime + TIME_RANGE_MS;
      this.#host.store.put(TIME_KEY, new Writer().u64(this.#reservedTime).finish());
    }
    return this.#lastTime;
  }

  /** The mapping as of the head. */
  statement(token: Id, query: Uint8Array): Statement {
    const { chain } = this.#holdings;
    const { header } = chain.head;
    const { certificate, lamppost } = chain.session;
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
      lamppost,
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
