/**
 * ClickHouse's Native format between two protocol versions. The embedded engine writes it as for a
 * client that names no version (revision 0): per block the number of columns and rows, per column
 * name, type and data. A client that sends `client_protocol_version` (clickhouse-go, and with it
 * Grafana's plug-in) expects two things more: before each block its *block info*, and from version
 * 54454 on one byte per column that says whether it is serialised in a special way (0: it is not).
 * To put them in, one has to know where each column's data ends, so the data is walked over, not
 * read. Source: Formats/NativeWriter.cpp, Core/BlockInfo.cpp in ClickHouse; lib/proto/block.go in
 * clickhouse-go 2.47.
 */
import { elementType, MAX_TYPE_DEPTH, parseType } from './column-type.ts';

/** DBMS_MIN_REVISION_WITH_CUSTOM_SERIALIZATION */
const CUSTOM_SERIALIZATION_REVISION = 54_454;
/**
 * Block info: field 1 `is_overflows` = 0, field 2 `bucket_num` = -1 (none), end. Fields carry their
 * numbers, so those of later versions may be absent.
 */
const BLOCK_INFO = Buffer.from([1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0]);
/** LowCardinality: the block brings its own dictionary (`HasAdditionalKeysBit`). */
const HAS_ADDITIONAL_KEYS = 0x200;

/** Bytes per value of types of one width. */
const WIDTHS: Readonly<Record<string, number>> = {
  Bool: 1,
  Nothing: 1,
  Int8: 1,
  UInt8: 1,
  Enum8: 1,
  Int16: 2,
  UInt16: 2,
  Enum16: 2,
  BFloat16: 2,
  Date: 2,
  Int32: 4,
  UInt32: 4,
  Float32: 4,
  Date32: 4,
  DateTime: 4,
  Time: 4,
  IPv4: 4,
  Int64: 8,
  UInt64: 8,
  Float64: 8,
  DateTime64: 8,
  Time64: 8,
  Int128: 16,
  UInt128: 16,
  UUID: 16,
  IPv6: 16,
  Int256: 32,
  UInt256: 32,
};

/** Types that are others under a name of their own. */
const ALIASES: Readonly<Record<string, string>> = {
  Point: 'Tuple(Float64, Float64)',
  Ring: 'Array(Tuple(Float64, Float64))',
  LineString: 'Array(Tuple(Float64, Float64))',
  Polygon: 'Array(Array(Tuple(Float64, Float64)))',
  MultiLineString: 'Array(Array(Tuple(Float64, Float64)))',
  MultiPolygon: 'Array(Array(Array(Tuple(Float64, Float64))))',
};

export type NativeResult =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly reason: string };

/** What of a result cannot be offered; becomes the reason of a refusal. */
class NotWalkable extends Error {}

/** A type taken apart once per column. */
type Walk =
  | { readonly kind: 'fixed'; readonly width: number }
  | { readonly kind: 'string' }
  | { readonly kind: 'nullable'; readonly inner: Walk }
  | { readonly kind: 'array'; readonly inner: Walk }
  | { readonly kind: 'tuple'; readonly inner: readonly Walk[] }
  | { readonly kind: 'lowCardinality'; readonly keys: Walk };

/** The result for a client of that version; 0: as the engine wrote it. */
export function nativeFor(version: number, bytes: Uint8Array): NativeResult {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (version <= 0) return { ok: true, bytes: source };
  try {
    return { ok: true, bytes: new Translation(source, version).whole() };
  } catch (error) {
    if (error instanceof NotWalkable) return { ok: false, reason: error.message };
    // A read behind the end: the walk and the engine disagree on a type.
    if (error instanceof RangeError) return { ok: false, reason: 'the result could not be read' };
    throw error;
  }
}

class Translation {
  readonly #source: Buffer;
  readonly #custom: boolean;
  readonly #out: Buffer[] = [];
  #at = 0;
  /** Up to where the source is in the output. */
  #taken = 0;

  constructor(source: Buffer, version: number) {
    this.#source = source;
    this.#custom = version >= CUSTOM_SERIALIZATION_REVISION;
  }

  whole(): Buffer {
    while (this.#at < this.#source.length) this.#block();
    this.#take();
    return Buffer.concat(this.#out);
  }

  #block(): void {
    this.#put(BLOCK_INFO);
    const columns = this.#varint();
    const rows = this.#varint();
    for (let column = 0; column < columns; column += 1) {
      this.#skip(this.#varint());
      const length = this.#varint();
      const type = this.#source.toString('utf8', this.#at, this.#at + length);
      this.#skip(length);
      if (this.#custom) this.#put(Buffer.from([0]));
      if (rows === 0) continue;
      const walk = walkOf(type, 0);
      this.#prefix(walk);
      this.#data(walk, rows);
    }
  }

  /** What a column begins with, before any data of it: the version of its dictionaries. */
  #prefix(walk: Walk): void {
    if (walk.kind === 'lowCardinality') this.#skip(8);
    else if (walk.kind === 'tuple') for (const inner of walk.inner) this.#prefix(inner);
    else if (walk.kind === 'nullable' || walk.kind === 'array') this.#prefix(walk.inner);
  }

  #data(walk: Walk, rows: number): void {
    // Empty arrays bring nothing, not even the head of a dictionary.
    if (rows === 0) return;
    switch (walk.kind) {
      case 'fixed':
        this.#skip(rows * walk.width);
        return;
      case 'string':
        for (let row = 0; row < rows; row += 1) this.#skip(this.#varint());
        return;
      case 'nullable':
        this.#skip(rows);
        this.#data(walk.inner, rows);
        return;
      case 'array': {
        this.#skip((rows - 1) * 8);
        this.#data(walk.inner, this.#uint64());
        return;
      }
      case 'tuple':
        for (const inner of walk.inner) this.#data(inner, rows);
        return;
      case 'lowCardinality':
      default:
        this.#dictionary(walk.keys);
    }
  }

  #dictionary(keys: Walk): void {
    const flags = this.#uint64();
    if ((flags & HAS_ADDITIONAL_KEYS) !== 0) this.#data(keys, this.#uint64());
    this.#skip(this.#uint64() * 2 ** (flags & 0xff));
  }

  #varint(): number {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = this.#source.readUInt8(this.#at);
      this.#at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  }

  #uint64(): number {
    const value = Number(this.#source.readBigUInt64LE(this.#at));
    this.#at += 8;
    return value;
  }

  #skip(bytes: number): void {
    this.#at += bytes;
    if (this.#at > this.#source.length) throw new RangeError('behind the end');
  }

  /** Writes what was walked over so far, then `bytes`. */
  #put(bytes: Buffer): void {
    this.#take();
    this.#out.push(bytes);
  }

  #take(): void {
    this.#out.push(this.#source.subarray(this.#taken, this.#at));
    this.#taken = this.#at;
  }
}

function walkOf(text: string, depth: number): Walk {
  const type = depth > MAX_TYPE_DEPTH ? null : parseType(text);
  if (type === null) throw new NotWalkable(`a column is of type ${text.slice(0, 100)}`);
  const { name, arguments: given } = type;
  const inner = (part: string | undefined): Walk => walkOf(part ?? '', depth + 1);
  const width = WIDTHS[name] ?? decimalWidth(name, given) ?? intervalWidth(name);
  if (width !== null) return { kind: 'fixed', width };
  const alias = ALIASES[name];
  if (alias !== undefined) return inner(alias);
  switch (name) {
    case 'String':
      return { kind: 'string' };
    case 'FixedString':
      return { kind: 'fixed', width: Number(given[0]) };
    case 'Nullable':
      return { kind: 'nullable', inner: inner(given[0]) };
    case 'Array':
      return { kind: 'array', inner: inner(given[0]) };
    case 'Tuple':
      // An empty one has a byte per row.
      if (given.length === 0) return { kind: 'fixed', width: 1 };
      return { kind: 'tuple', inner: given.map((part) => inner(elementType(part))) };
    case 'Nested':
      return {
        kind: 'array',
        inner: { kind: 'tuple', inner: given.map((part) => inner(elementType(part))) },
      };
    case 'Map':
      return { kind: 'array', inner: { kind: 'tuple', inner: given.map(inner) } };
    case 'LowCardinality':
      // Its dictionary has no column of nulls: null is one of the keys.
      return { kind: 'lowCardinality', keys: inner(withoutNullable(given[0] ?? '')) };
    case 'SimpleAggregateFunction':
      return inner(given[1]);
    default:
      throw new NotWalkable(
        `columns of type ${name} are not offered in Native format: convert with toString()`,
      );
  }
}

function withoutNullable(text: string): string {
  const type = parseType(text);
  return type?.name === 'Nullable' ? (type.arguments[0] ?? '') : text;
}

function decimalWidth(name: string, given: readonly string[]): number | null {
  if (name !== 'Decimal') return null;
  const digits = Number(given[0]);
  if (digits <= 9) return 4;
  if (digits <= 18) return 8;
  return digits <= 38 ? 16 : 32;
}

function intervalWidth(name: string): number | null {
  return name.startsWith('Interval') ? 8 : null;
}
