/**
 * The trace of a run on disk, `trace.bin` in its folder: the records of trace.ts one after another,
 * as many as fit the limit. What another run is held against, event by event.
 */
import { closeSync, existsSync, openSync, readSync, writeSync } from 'node:fs';
import path from 'node:path';
import { RECORD_BYTES } from './trace.ts';

const TRACE_FILE = 'trace.bin';
/** 128 MB of records; a minute of thirty members makes about a million. */
export const MAX_RECORDED_EVENTS = 4_000_000;
const READ_RECORDS = 4096;

/** Writes a run's trace until the limit is reached; what comes after is in the hash alone. */
export class TraceWriter {
  readonly #descriptor: number;
  #left: number;

  constructor(directory: string, limit = MAX_RECORDED_EVENTS) {
    this.#descriptor = openSync(path.join(directory, TRACE_FILE), 'w', 0o600);
    this.#left = limit;
  }

  /** Whole records. */
  write(records: Uint8Array): void {
    const bytes = Math.min(records.length, this.#left * RECORD_BYTES);
    if (bytes > 0) writeSync(this.#descriptor, records, 0, bytes);
    this.#left -= bytes / RECORD_BYTES;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** Reads a run's trace, record by record. */
export class TraceReader {
  /** Records read so far. */
  events = 0;
  readonly #descriptor: number;
  readonly #buffer = new Uint8Array(READ_RECORDS * RECORD_BYTES);
  #at = 0;
  #filled = 0;

  readonly #limit: number;

  private constructor(descriptor: number, limit: number) {
    this.#descriptor = descriptor;
    this.#limit = limit;
  }

  /** Null where no trace was kept; `limit` as its writer had it. */
  static open(directory: string, limit = MAX_RECORDED_EVENTS): TraceReader | null {
    const file = path.join(directory, TRACE_FILE);
    return existsSync(file) ? new TraceReader(openSync(file, 'r'), limit) : null;
  }

  /** The next record, good until the call after; null after the last, undefined past the limit. */
  next(): Uint8Array | null | undefined {
    if (this.events === this.#limit) return undefined;
    if (this.#at + RECORD_BYTES > this.#filled) {
      this.#at = 0;
      this.#filled = readSync(this.#descriptor, this.#buffer, 0, this.#buffer.length, null);
    }
    if (this.#at + RECORD_BYTES > this.#filled) return null;
    const record = this.#buffer.subarray(this.#at, this.#at + RECORD_BYTES);
    this.#at += RECORD_BYTES;
    this.events += 1;
    return record;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
