/** Data datagrams of links that are up: batches, fragments, what is missing, renewal of tickets. */
import type { Endpoint, Timer } from '../host.ts';
import { type BoxKey, TAG_BYTES } from '../crypto/box.ts';
import { areEqual } from '../codec/bytes.ts';
import { type Decoded, decode, type Reader } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { isHandedOver } from '../crypto/cryptography.ts';
import { type Header, Parcel, writeHeaderTo } from './datagram.ts';
import { isSameEndpoint } from './endpoint.ts';
import { cut, readMissing, Reassembly, writeMissing } from './fragments.ts';
import type { HandshakeContext } from './handshake.ts';
import type { Link, Outgoing } from './link.ts';
import { BODY_BYTES, HEADER_BYTES, MAX_MESSAGE_BYTES, MISSING_MS, TICKET_BYTES } from './limits.ts';
import { Resends } from './resends.ts';
import type { Traffic } from './traffic.ts';

/** Flag bits of a data datagram: whether it renews, and what its body is. */
const RENEWS = 1;
const BATCH = 0;
const FRAGMENT = 2;
const MISSING = 4;
type Body = typeof BATCH | typeof FRAGMENT | typeof MISSING;
/** By the value of the flags. */
const FLAGS: readonly { readonly kind: Body; readonly renews: boolean }[] = [
  { kind: BATCH, renews: false },
  { kind: BATCH, renews: true },
  { kind: FRAGMENT, renews: false },
  { kind: FRAGMENT, renews: true },
  { kind: MISSING, renews: false },
  { kind: MISSING, renews: true },
];
/** Length field of each message in a batch. */
const LENGTH_BYTES = 2;
/** Of a data datagram without renewal and body. */
const EMPTY_BYTES = HEADER_BYTES + TICKET_BYTES + 1 + TAG_BYTES;

/** What lies in the box. */
interface Inside {
  readonly ticket: Uint8Array;
  readonly renewed: Uint8Array | null;
  readonly kind: Body;
  /** A list: the messages of a batch that was not written. */
  readonly body: Uint8Array | readonly Uint8Array[];
}

/** What became of a data datagram. */
export type Opened =
  | { readonly kind: 'messages'; readonly link: Link; readonly messages: readonly Uint8Array[] }
  | { readonly kind: 'challenge' }
  | { readonly kind: 'dropped' };

/** Where the tag of a box will be. */
const NO_TAG = new Uint8Array(TAG_BYTES);

const DROPPED: Opened = { kind: 'dropped' };
const CHALLENGE: Opened = { kind: 'challenge' };

export class Channel {
  readonly #context: HandshakeContext;
  readonly #traffic: Traffic;
  readonly #reassembly = new Reassembly();
  readonly #resends = new Resends();
  readonly #epoch: number;
  /** Not those of an earlier life, which may be remembered as whole. */
  #fragmentId: number;
  #missingTimer: Timer | null = null;

  /** `epoch`: higher at each start. */
  constructor(context: HandshakeContext, traffic: Traffic, epoch: number) {
    this.#context = context;
    this.#traffic = traffic;
    this.#epoch = epoch;
    this.#fragmentId = epoch >>> 0;
  }

  stop(): void {
    this.#missingTimer?.cancel();
    this.#missingTimer = null;
  }

  tick(): void {
    const dropped = this.#reassembly.tick();
    if (dropped > 0) this.#context.drop('fragments that waited too long', dropped);
  }

  open(from: Endpoint, header: Header, datagram: Uint8Array): Opened {
    // Shorter ones can't be real, and an answer must never be longer than what it answers.
    if (datagram.length < EMPTY_BYTES) {
      return this.#drop('data cut short');
    }
    const link = this.#context.links.get(header.sender);
    if (link === undefined) return this.#distrust('data without a session');
    if (!link.up || !link.isProven(header.nonce)) {
      // Our own hello will settle it; a challenge meanwhile would only stir.
      if (link.helloTimer !== null) return this.#drop('data before the welcome');
      return this.#distrust('data without a session');
    }
    if (!link.window.isFresh(header.counter)) return this.#drop('replayed');
    const inside = openedWith(link.keys.open, header, datagram);
    if (inside === null) return this.#drop('data that does not open');
    if (!inside.ok) return this.#drop('malformed data');
    const { ticket, renewed, kind, body } = inside.value;
    const generation = this.#generationOf(link, from, ticket);
    if (generation === null) return this.#distrust('data with a dead ticket');
    link.window.mark(header.counter);
    link.heldGeneration = Math.max(link.heldGeneration, generation);
    if (renewed !== null) {
      link.ticket = renewed;
      // Also when it is not new: whoever still renews has not seen us use it.
      link.owesDatagram = true;
    }
    return { kind: 'messages', link, messages: this.#messages(link, kind, body) };
  }

  /** Which of our tickets this is; null for none that is alive. */
  #generationOf(link: Link, from: Endpoint, ticket: Uint8Array): number | null {
    const { office } = this.#context;
    const { shown } = link;
    const isSame =
      shown !== null &&
      office.generation - shown.generation <= 1 &&
      isSameEndpoint(shown.from, from) &&
      areEqual(shown.ticket, ticket);
    if (isSame) return shown.generation;
    const generation = office.check(link.id, from, ticket);
    if (generation !== null) link.shown = { ticket, from, generation };
    return generation;
  }

  /** Sends all that waits for a link that is up. */
  flush(link: Link): void {
    let batch: Outgoing[] = [];
    let batchBytes = 0;
    const sendBatch = (): void => {
      if (batch.length === 0) return;
      this.#sealBatch(link, batch);
      this.#traffic.messages('out', batch);
      batch = [];
      batchBytes = 0;
    };
    for (const message of link.takeAll()) {
      const needed = LENGTH_BYTES + message.bytes.length;
      if (needed > BODY_BYTES) {
        sendBatch();
        this.#sendFragments(link, message);
        continue;
      }
      if (batchBytes + needed > BODY_BYTES) sendBatch();
      batch.push(message);
      batchBytes += needed;
    }
    sendBatch();
    if (link.owesDatagram) this.#sealBatch(link, []);
  }

  #sendFragments(link: Link, message: Outgoing): void {
    this.#fragmentId = (this.#fragmentId + 1) >>> 0;
    const bodies = cut(this.#fragmentId, message.bytes);
    this.#resends.keep(link.id, this.#fragmentId, bodies);
    for (const body of bodies) this.#seal(link, FRAGMENT, body);
    this.#traffic.messages('out', [message], bodies.length);
  }

  /** Looks for gaps as long as there is anything incomplete. */
  #watch(): void {
    if (this.#missingTimer !== null || !this.#reassembly.isWaiting) return;
    this.#missingTimer = this.#context.host.after(MISSING_MS, () => {
      this.#missingTimer = null;
      for (const [remote, missing] of this.#reassembly.missing()) {
        const link = this.#context.links.get(remote);
        if (link?.up === true) this.#seal(link, MISSING, writeMissing(missing));
      }
      this.#watch();
    });
  }

  #sendAgain(link: Link, body: Uint8Array): void {
    const missing = readMissing(body);
    if (missing === null) {
      this.#context.drop('malformed data');
      return;
    }
    for (const kept of this.#resends.take(link.id, missing)) this.#seal(link, FRAGMENT, kept);
  }

  #sealBatch(link: Link, batch: readonly Outgoing[]): void {
    if (isHandedOver()) {
      this.#handOver(link, batch);
      return;
    }
    this.#transmit(link, BATCH, (writer) => {
      for (const { bytes } of batch) writer.bytes(bytes);
    });
  }

  #seal(link: Link, kind: Body, body: Uint8Array): void {
    this.#transmit(link, kind, (writer) => writer.raw(body));
  }

  #transmit(link: Link, kind: Body, writeBody: (writer: Writer) => void): void {
    const { tag, self, office } = this.#context;
    if (link.ticket === null) return;
    const renewed =
      link.heldGeneration < office.generation ? office.issue(link.id, link.endpoint) : null;
    const { nonce } = this.#context.nextNonce(link.nonceRandom);
    const writer = new Writer();
    writeHeaderTo(writer, tag, { kind: 'data', sender: self.idBytes, nonce });
    writer.raw(link.ticket).u8(kind | (renewed === null ? 0 : RENEWS));
    if (renewed !== null) writer.raw(renewed);
    writeBody(writer);
    const datagram = writer.raw(NO_TAG).finishShared();
    link.keys.seal.sealInPlace(nonce, datagram, HEADER_BYTES);
    link.owesDatagram = false;
    this.#context.transmit(link.endpoint, datagram);
  }

  /** The batch in a datagram as long as the written one would be. */
  #handOver(link: Link, batch: readonly Outgoing[]): void {
    const { tag, self, office } = this.#context;
    const { ticket } = link;
    if (ticket === null) return;
    const renewed =
      link.heldGeneration < office.generation ? office.issue(link.id, link.endpoint) : null;
    const { nonce, counter } = this.#context.nextNonce(link.nonceRandom);
    let length = EMPTY_BYTES + (renewed?.length ?? 0);
    const body: Uint8Array[] = [];
    for (const { bytes } of batch) {
      length += LENGTH_BYTES + bytes.length;
      body.push(bytes);
    }
    const header: Header = { kind: 'data', sender: self.id, nonce, epoch: this.#epoch, counter };
    const inside: Inside = { ticket, renewed, kind: BATCH, body };
    link.owesDatagram = false;
    const parcel = new Parcel(length, tag, header, link.keys.seal, inside);
    this.#context.transmit(link.endpoint, parcel);
  }

  #messages(link: Link, kind: Body, body: Inside['body']): readonly Uint8Array[] {
    if (!(body instanceof Uint8Array)) return body;
    if (kind === MISSING) {
      this.#sendAgain(link, body);
      return [];
    }
    if (kind === FRAGMENT) {
      const added = this.#reassembly.add(link.id, body);
      this.#watch();
      if (added.kind === 'malformed') this.#context.drop('malformed data');
      return added.kind === 'whole' ? [added.message] : [];
    }
    const decoded = decode(body, readBatch);
    if (decoded.ok) return decoded.value;
    this.#context.drop('malformed data');
    return [];
  }

  #drop(reason: string): Opened {
    this.#context.drop(reason);
    return DROPPED;
  }

  #distrust(reason: string): Opened {
    this.#context.drop(reason);
    return CHALLENGE;
  }
}

function openedWith(key: BoxKey, header: Header, datagram: Uint8Array): Decoded<Inside> | null {
  if (datagram instanceof Parcel) {
    const inside: Inside | null = datagram.openWith(key);
    return inside === null ? null : { ok: true, value: inside };
  }
  const plain = openBox(key, header, datagram);
  return plain === null ? null : decode(plain, readPlain);
}

function openBox(key: BoxKey, { nonce }: Header, datagram: Uint8Array): Uint8Array | null {
  return key.open(nonce, datagram.subarray(0, HEADER_BYTES), datagram.subarray(HEADER_BYTES));
}

/**
 * What a data datagram brings, to whoever holds its key: whole messages, a fragment of one, or what is
 * missing. Null when it does not open. For those who look on; links are not told.
 */
export function insideOf(
  key: BoxKey,
  header: Header,
  datagram: Uint8Array,
): readonly Uint8Array[] | 'fragment' | 'missing' | null {
  const plain = openBox(key, header, datagram);
  const read = plain === null ? null : decode(plain, readPlain);
  if (read === null || !read.ok) return null;
  if (read.value.kind === FRAGMENT) return 'fragment';
  if (read.value.kind === MISSING) return 'missing';
  const batch = decode(read.value.body, readBatch);
  return batch.ok ? batch.value : null;
}

function readBatch(reader: Reader): readonly Uint8Array[] {
  const messages: Uint8Array[] = [];
  while (reader.remaining > 0) messages.push(reader.bytesView(MAX_MESSAGE_BYTES));
  return messages;
}

function readPlain(reader: Reader): Inside & { readonly body: Uint8Array } {
  const ticket = reader.raw(TICKET_BYTES);
  const { renews, kind } = reader.oneOf(FLAGS);
  const renewed = renews ? reader.raw(TICKET_BYTES) : null;
  return { ticket, renewed, kind, body: reader.rawView(reader.remaining) };
}
