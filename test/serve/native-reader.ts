/**
 * Reads Native bytes as clickhouse-go 2.47 does (lib/proto/block.go, lib/column/*.go): block info when
 * the revision is above 0, the byte for custom serialisation from 54454 on. Written from that source,
 * not from lab/serve/native.ts, so that one cannot share a mistake with the other.
 */

export interface NativeColumn {
  readonly name: string;
  readonly type: string;
  readonly values: unknown[];
}

interface Column {
  prefix(): void;
  read(rows: number): unknown[];
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw new Error('unexpected end');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  uvarint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.take(1).readUInt8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  string(): string {
    return this.take(this.uvarint()).toString('utf8');
  }

  uint64(): number {
    return Number(this.take(8).readBigUInt64LE());
  }
}

const NUMBERS: Readonly<Record<string, (reader: Reader) => unknown>> = {
  UInt8: (reader) => reader.take(1).readUInt8(),
  Bool: (reader) => reader.take(1).readUInt8() === 1,
  Int8: (reader) => reader.take(1).readInt8(),
  UInt16: (reader) => reader.take(2).readUInt16LE(),
  Date: (reader) => reader.take(2).readUInt16LE(),
  UInt32: (reader) => reader.take(4).readUInt32LE(),
  Int32: (reader) => reader.take(4).readInt32LE(),
  DateTime: (reader) => reader.take(4).readUInt32LE(),
  Float32: (reader) => reader.take(4).readFloatLE(),
  UInt64: (reader) => reader.uint64(),
  Int64: (reader) => Number(reader.take(8).readBigInt64LE()),
  Float64: (reader) => reader.take(8).readDoubleLE(),
  DateTime64: (reader) => Number(reader.take(8).readBigInt64LE()),
  UUID: (reader) => reader.take(16).toString('hex'),
  String: (reader) => reader.string(),
};

function columnOf(reader: Reader, type: string): Column {
  const [, outer = type, inner = ''] = /^(\w+)\((.*)\)$/s.exec(type) ?? [];
  const nothing = (): void => undefined;
  const plain = NUMBERS[outer];
  if (plain !== undefined) {
    return { prefix: nothing, read: (rows) => Array.from({ length: rows }, () => plain(reader)) };
  }
  if (outer === 'FixedString') {
    const width = Number(inner);
    return {
      prefix: nothing,
      read: (rows) => Array.from({ length: rows }, () => reader.take(width).toString()),
    };
  }
  if (outer === 'Nullable') {
    const column = columnOf(reader, inner);
    return {
      prefix: () => column.prefix(),
      read: (rows) => {
        const nulls = [...reader.take(rows)];
        return column.read(rows).map((value, row) => (nulls[row] === 1 ? null : value));
      },
    };
  }
  if (outer === 'Array' || outer === 'Map') {
    const column = columnOf(reader, outer === 'Map' ? `Tuple(${inner})` : inner);
    return {
      prefix: () => column.prefix(),
      read: (rows) => {
        const ends = Array.from({ length: rows }, () => reader.uint64());
        const values = column.read(ends.at(-1) ?? 0);
        return ends.map((end, row) => values.slice(ends[row - 1] ?? 0, end));
      },
    };
  }
  if (outer === 'Tuple') {
    const columns = inner.split(', ').map((part) => columnOf(reader, part.split(' ').at(-1) ?? ''));
    return {
      prefix: () => columns.forEach((column) => column.prefix()),
      read: (rows) => {
        const values = columns.map((column) => column.read(rows));
        return Array.from({ length: rows }, (_, row) => values.map((column) => column[row]));
      },
    };
  }
  if (outer === 'LowCardinality') return lowCardinality(reader, inner);
  throw new Error(`no reader for ${type}`);
}

function lowCardinality(reader: Reader, inner: string): Column {
  const nullable = inner.startsWith('Nullable(');
  const keys = columnOf(reader, nullable ? inner.slice('Nullable('.length, -1) : inner);
  return {
    prefix: () => {
      if (reader.uint64() !== 1) throw new Error('not shared dictionaries with additional keys');
    },
    read: (rows) => {
      if (rows === 0) return [];
      const flags = reader.uint64();
      const known = keys.read(reader.uint64());
      if (reader.uint64() !== rows) throw new Error('other number of rows');
      const width = ['UInt8', 'UInt16', 'UInt32', 'UInt64'][flags & 0xff] ?? 'UInt8';
      const indexes = columnOf(reader, width).read(rows);
      return indexes.map((index) => (nullable && index === 0 ? null : known[Number(index)]));
    },
  };
}

/** All blocks of an answer, column by column. Throws when a single byte is missing or too many. */
export function readNative(bytes: Buffer, revision: number): NativeColumn[] {
  const reader = new Reader(bytes);
  const columns: NativeColumn[] = [];
  while (!reader.atEnd) {
    if (revision > 0) blockInfo(reader);
    const [count, rows] = [reader.uvarint(), reader.uvarint()];
    for (let at = 0; at < count; at += 1) {
      const [name, type] = [reader.string(), reader.string()];
      if (revision >= 54_454 && reader.take(1).readUInt8() !== 0) throw new Error('custom');
      const column = columnOf(reader, type);
      columns[at] ??= { name, type, values: [] };
      if (rows === 0) continue;
      column.prefix();
      columns[at]?.values.push(...column.read(rows));
    }
  }
  return columns;
}

function blockInfo(reader: Reader): void {
  const numbers = [reader.uvarint(), reader.take(1).readUInt8(), reader.uvarint()];
  const bucket = reader.take(4).readInt32LE();
  if (`${numbers.join()},${bucket},${reader.uvarint()}` !== '1,0,2,-1,0') {
    throw new Error('block info');
  }
}
