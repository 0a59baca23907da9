/** What is known of one remote: keys, its ticket for us, its epoch, what waits to be sent to it. */
import type { Endpoint, Timer } from '../host.ts';
import type { Id } from '../id.ts';
import type { LinkKeys } from './keys.ts';
import { MAX_OUTBOX_BYTES, MAX_OUTBOX_MESSAGES } from './limits.ts';
import { ReplayWindow } from './replay-window.ts';
import { type MessageValue, takeLeast } from './shedding.ts';

export interface Outgoing {
  readonly type: string;
  readonly value: MessageValue;
  readonly bytes: Uint8Array;
}

const NONE: readonly Outgoing[] = [];

/** Who the remote is; `record` is the encoded identity record of a peer, null for a client. */
export interface RemoteIdentity {
  readonly id: Id;
  readonly transportKey: Uint8Array;
  readonly record: Uint8Array | null;
}

export class Link {
  readonly id: Id;
  readonly kind: 'peer' | 'client';
  readonly record: Uint8Array | null;
  readonly keys: LinkKeys;
  /** Middle of our nonces to it: known to it alone, so that nobody else can fake its challenges. */
  readonly nonceRandom: Uint8Array;
  endpoint: Endpoint;
  /** Told by `learn`: kept for ever, its record trusted. */
  isMember: boolean;
  /** Each holds a live ticket of the other. */
  up = false;
  /** Its ticket for us, as last told. */
  ticket: Uint8Array | null = null;
  /** Generation of our ticket that it was last seen to hold. */
  heldGeneration = 0;
  /** Our ticket as it last showed it, from where, and found good: it shows the same one for long. */
  shown: {
    readonly ticket: Uint8Array;
    readonly from: Endpoint;
    readonly generation: number;
  } | null = null;
  /** Nonce prefix, hex, and epoch that it proved with a round trip. */
  prefix = '';
  epoch = -1;
  #prefixBytes: Uint8Array = new Uint8Array(0);
  window = new ReplayWindow();
  /** Hellos under way: counter → generation of the ticket granted inside. */
  readonly hellos = new Map<number, number>();
  helloTries = 0;
  hellosThisTick = 0;
  helloTimer: Timer | null = null;
  /** Challenges to what we sent up to here are stale: an answer came, or a hello went, since. */
  settledCounter = -1;
  flushTimer: Timer | null = null;
  /** An empty datagram is due: to grant a renewed ticket, or to show that we hold one. */
  owesDatagram = false;
  lastHeardTick = 0;
  #outbox: Outgoing[] = [];
  #outboxBytes = 0;

  constructor(
    identity: RemoteIdentity,
    state: { keys: LinkKeys; nonceRandom: Uint8Array; endpoint: Endpoint; isMember: boolean },
  ) {
    this.id = identity.id;
    this.kind = identity.record === null ? 'client' : 'peer';
    this.record = identity.record;
    this.keys = state.keys;
    this.nonceRandom = state.nonceRandom;
    this.endpoint = state.endpoint;
    this.isMember = state.isMember;
  }

  get waitingBytes(): number {
    return this.#outboxBytes;
  }

  /** Queues; returns what had to go: the least valuable, the oldest of those. */
  enqueue(message: Outgoing): readonly Outgoing[] {
    this.#outbox.push(message);
    this.#outboxBytes += message.bytes.length;
    if (this.#outbox.length <= MAX_OUTBOX_MESSAGES && this.#outboxBytes <= MAX_OUTBOX_BYTES) {
      return NONE;
    }
    const shed: Outgoing[] = [];
    while (this.#outbox.length > MAX_OUTBOX_MESSAGES || this.#outboxBytes > MAX_OUTBOX_BYTES) {
      const least = takeLeast(this.#outbox);
      if (least === null) break;
      this.#outboxBytes -= least.bytes.length;
      shed.push(least);
    }
    return shed;
  }

  /** Empties the outbox. */
  takeAll(): readonly Outgoing[] {
    const all = this.#outbox;
    this.#outbox = [];
    this.#outboxBytes = 0;
    return all;
  }

  /** Does a nonce have the prefix that it proved? Without one, none does. */
  isProven(nonce: Uint8Array): boolean {
    const prefix = this.#prefixBytes;
    for (let at = 0; at < prefix.length; at += 1) if (prefix[at] !== nonce[at]) return false;
    return prefix.length > 0;
  }

  /** Its nonce counts from here: a new epoch begins a new window. False: replayed, or an old epoch. */
  adopt(prefix: string, epoch: number, counter: number): boolean {
    if (prefix === this.prefix) {
      if (!this.window.isFresh(counter)) return false;
    } else {
      if (epoch <= this.epoch) return false;
      this.prefix = prefix;
      this.#prefixBytes = Uint8Array.fromHex(prefix);
      this.epoch = epoch;
      this.window = new ReplayWindow();
    }
    this.window.mark(counter);
    return true;
  }

  /** Goes on where the link under an older record of the same identity was: nothing is heard twice. */
  succeed(former: Link): void {
    this.prefix = former.prefix;
    this.#prefixBytes = former.#prefixBytes;
    this.epoch = former.epoch;
    this.window = former.window;
    for (const message of former.takeAll()) this.enqueue(message);
  }

  cancelTimers(): void {
    this.helloTimer?.cancel();
    this.flushTimer?.cancel();
    this.helloTimer = null;
    this.flushTimer = null;
  }
}
