/**
 * What happened in a run, as one number: a rolling hash over every event that reached a member, in
 * the order in which they did. Two runs with the same hash were the same. The skeleton hash leaves the
 * contents out: runs that differ only in what cannot be told from outside (signature bytes) share it.
 *
 * A record is 32 bytes, big-endian: time as a float64 of ms since the epoch (8), member's address (4)
 * and port (2), kind (1: datagram, 2: timer, 3: order), zero (1), sender's address (4) and port (2; both
 * zero when there is none), length of the content (2), digest of the content (8). The hash is BLAKE3 of
 * (hash so far, then the next 2,048 records), begun with 32 zero bytes and ended with what is left.
 */
import { blake3 } from '../../node/crypto/hash.ts';
import type { Endpoint } from '../../node/host.ts';
import { endpointNumber, endpointOf } from './address.ts';

export const RECORD_BYTES = 32;
/** Of a record, what the skeleton sees: all but the digest of the content. */
export const SKELETON_BYTES = 24;
const RECORDS_AT_ONCE = 2048;
/** Longest content that a record can state; a UDP payload is shorter. */
const MAX_LENGTH = 0xffff;

const KINDS = ['datagram', 'timer', 'order'] as const;
export type EventKind = (typeof KINDS)[number];

/** One event as its record tells it. */
export interface TraceEvent {
  readonly timeMs: number;
  readonly member: Endpoint;
  readonly kind: EventKind;
  readonly from: Endpoint | null;
  readonly lengthBytes: number;
  /** 8 bytes, hex. */
  readonly digest: string;
}

/** Where two runs part: null stands for a run that ended. */
export interface Divergence {
  /** How many events were the same. */
  readonly index: number;
  readonly recorded: TraceEvent | null;
  readonly seen: TraceEvent | null;
  /** The content as seen now; the record has only its digest. */
  readonly content: Uint8Array;
}

export interface TraceOptions {
  /** Takes whole records, some at once; the buffer is used again afterwards. */
  readonly record?: (records: Uint8Array) => void;
  /** The next record of an earlier run, null after its last, undefined where it was not kept. */
  readonly compare?: () => Uint8Array | null | undefined;
  /** Called once, at the first event that the earlier run did not have there. */
  readonly onDivergence?: (divergence: Divergence) => void;
}

export class Trace {
  /** Events so far. */
  events = 0;
  divergence: Divergence | null = null;
  readonly #options: TraceOptions;
  readonly #records = new Uint8Array(RECORD_BYTES * RECORDS_AT_ONCE);
  readonly #view = new DataView(this.#records.buffer);
  #filled = 0;
  #hash: Uint8Array = new Uint8Array(32);
  #skeleton: Uint8Array = new Uint8Array(32);

  constructor(options: TraceOptions = {}) {
    this.#options = options;
  }

  add(
    timeMs: number,
    member: Endpoint,
    kind: EventKind,
    from: Endpoint | null,
    content: Uint8Array,
  ): void {
    const at = this.#filled * RECORD_BYTES;
    const view = this.#view;
    digest(content);
    view.setFloat64(at, timeMs);
    writeEndpoint(view, at + 8, member);
    view.setUint16(at + 14, (KINDS.indexOf(kind) + 1) << 8);
    writeEndpoint(view, at + 16, from);
    view.setUint16(at + 22, Math.min(content.length, MAX_LENGTH));
    view.setUint32(at + 24, digestHigh);
    view.setUint32(at + 28, digestLow);
    if (this.#options.compare !== undefined && this.divergence === null) {
      this.#compare(this.#options.compare(), at, content);
    }
    this.events += 1;
    this.#filled += 1;
    if (this.#filled === RECORDS_AT_ONCE) this.#fold();
  }

  /** Over everything, 32 bytes hex. */
  get hash(): string {
    return rolled(this.#hash, this.#filledRecords()).toHex();
  }

  /** Over everything but the contents, 32 bytes hex. */
  get skeleton(): string {
    return rolled(this.#skeleton, skeletons(this.#filledRecords())).toHex();
  }

  /** The run is over: hands the last records over, and asks whether the earlier run went on. */
  end(): void {
    this.#fold();
    const left = this.divergence === null ? (this.#options.compare?.() ?? null) : null;
    if (left !== null) this.#diverge(left, null, new Uint8Array(0));
  }

  #compare(recorded: Uint8Array | null | undefined, at: number, content: Uint8Array): void {
    if (recorded === undefined) return;
    const seen = this.#records.subarray(at, at + RECORD_BYTES);
    if (recorded === null || Buffer.compare(recorded, seen) !== 0) {
      this.#diverge(recorded, seen, content);
    }
  }

  #diverge(recorded: Uint8Array | null, seen: Uint8Array | null, content: Uint8Array): void {
    this.divergence = {
      index: this.events,
      recorded: recorded === null ? null : readRecord(recorded),
      seen: seen === null ? null : readRecord(seen),
      content,
    };
    this.#options.onDivergence?.(this.divergence);
  }

  #filledRecords(): Uint8Array {
    return this.#records.subarray(0, this.#filled * RECORD_BYTES);
  }

  #fold(): void {
    if (this.#filled === 0) return;
    const records = this.#filledRecords();
    this.#options.record?.(records);
    this.#hash = rolled(this.#hash, records);
    this.#skeleton = rolled(this.#skeleton, skeletons(records));
    this.#filled = 0;
  }
}

/** The event that a record tells of. RangeError for what is no record. */
export function readRecord(record: Uint8Array): TraceEvent {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const kind = record.length === RECORD_BYTES ? KINDS[view.getUint8(14) - 1] : undefined;
  if (kind === undefined) throw new RangeError('not a record of a trace');
  const from = readEndpoint(view, 16);
  return {
    timeMs: view.getFloat64(0),
    member: readEndpoint(view, 8),
    kind,
    from: kind === 'datagram' ? from : null,
    lengthBytes: view.getUint16(22),
    digest: record.subarray(SKELETON_BYTES).toHex(),
  };
}

function writeEndpoint(view: DataView, at: number, endpoint: Endpoint | null): void {
  const number = endpoint === null ? 0 : (endpointNumber(endpoint) ?? 0);
  view.setUint32(at, Math.floor(number / 65_536));
  view.setUint16(at + 4, number % 65_536);
}

function readEndpoint(view: DataView, at: number): Endpoint {
  return endpointOf(view.getUint32(at) * 65_536 + view.getUint16(at + 4));
}

/** With no record since, the hash stays. */
function rolled(hash: Uint8Array, records: Uint8Array): Uint8Array {
  return records.length === 0 ? hash : blake3(Buffer.concat([hash, records]));
}

function skeletons(records: Uint8Array): Uint8Array {
  const count = records.length / RECORD_BYTES;
  const bytes = new Uint8Array(count * SKELETON_BYTES);
  let to = 0;
  for (let at = 0; at < records.length; at += RECORD_BYTES) {
    for (let from = at; from < at + SKELETON_BYTES; from += 1) {
      bytes[to] = records[from] ?? 0;
      to += 1;
    }
  }
  return bytes;
}

const scratch = new Uint8Array(MAX_LENGTH + 1);
const scratchWords = new Uint32Array(scratch.buffer);
/** Of the content that was looked at last. */
let digestHigh = 0;
let digestLow = 0;

/**
 * Two lanes of MurmurHash3 (Austin Appleby, public domain): tells apart what differs by accident,
 * which is all a trace is for, in a third of a nanosecond per byte.
 */
function digest(content: Uint8Array): void {
  const length = Math.min(content.length, MAX_LENGTH);
  scratch.set(length === content.length ? content : content.subarray(0, length));
  const words = (length + 3) >>> 2;
  scratch.fill(0, length, words * 4);
  let high = 0x9747b28c;
  let low = 0x3c6ef372;
  for (let index = 0; index < words; index += 1) {
    const word = scratchWords[index] ?? 0;
    let mixed = Math.imul(word, 0xcc9e2d51);
    mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
    high ^= mixed;
    high = (Math.imul((high << 13) | (high >>> 19), 5) + 0xe6546b64) | 0;
    mixed = Math.imul(word, 0x239b961b);
    mixed = Math.imul((mixed << 16) | (mixed >>> 16), 0xab0e9789);
    low ^= mixed;
    low = (Math.imul((low << 17) | (low >>> 15), 5) + 0x561ccd1b) | 0;
  }
  digestHigh = finish(high ^ length);
  digestLow = finish(low ^ length);
}

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
