/**
 * Hands rows to the ClickHouse HTTP endpoint without ever slowing the peer: a bounded queue, of
 * which the newest rows are dropped and counted when it is full, posted in batches; a batch is kept
 * until it is acknowledged (so a lost acknowledgement can store it twice).
 *
 * @clickhouse/client costs an idle peer 4.3 MiB resident beyond the WebSocket it needs anyway
 * (measured: 65.0 against 60.7 MiB; bare node:http 0.7 MiB), within the 8 MiB that one client for
 * embedded engine and server is worth.
 */
import { ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { Row } from '../telemetry.ts';
import { timestamp, trueNowMs } from './clock.ts';
import { reasonOf, type Log } from './log.ts';

/** Rows waiting: about a minute of a busy peer without its endpoint, some 10 MB. */
const MAX_QUEUED_ROWS = 20_000;
/** Rows of one post: about 1 MB, far below what the endpoint takes. */
const MAX_BATCH_ROWS = 2000;
const POST_INTERVAL_MS = 500;
const MAX_BACKOFF_MS = 10_000;
const REQUEST_TIMEOUT_MS = 15_000;
/** ClickHouse errors that pass by themselves: timeout, too many queries, memory, parts, no login yet. */
const PASSING_CODES = new Set(['159', '202', '209', '241', '252', '516', '1002']);

export interface TelemetryTarget {
  readonly run: string;
  readonly peer: string;
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

export type WireRow = Readonly<Record<string, unknown>>;

interface Batch {
  readonly table: string;
  readonly rows: readonly WireRow[];
}

export class Telemetry {
  readonly #target: TelemetryTarget;
  readonly #log: Log;
  readonly #client;
  readonly #queues = new Map<string, WireRow[]>();
  #queued = 0;
  #dropped = 0;
  #unsent: Batch | null = null;
  #posting: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #failures = 0;
  #stopping = false;

  constructor(target: TelemetryTarget, log: Log) {
    this.#target = target;
    this.#log = log;
    // The client takes a path inside the URL for a database's name; `pathname` is its own option.
    const { origin, pathname } = new URL(target.url);
    this.#client = createClient({
      url: origin,
      pathname,
      username: target.user,
      password: target.password,
      request_timeout: REQUEST_TIMEOUT_MS,
      max_open_connections: 1,
      // The process logs its own failures, once per outage.
      log: { level: ClickHouseLogLevel.OFF },
    });
    this.#arm(POST_INTERVAL_MS);
  }

  /** Rows lost so far: the queue was full, or the endpoint refused them for good. */
  get dropped(): number {
    return this.#dropped;
  }

  report(row: Row): void {
    if (this.#queued >= MAX_QUEUED_ROWS) {
      this.#dropped += 1;
      return;
    }
    const { run, peer } = this.#target;
    const queue = this.#queues.get(row.table) ?? [];
    if (queue.length === 0) this.#queues.set(row.table, queue);
    queue.push({ run, ts: timestamp(trueNowMs()), peer, ...wireRow(row) });
    this.#queued += 1;
  }

  /** Posts what waits, for at most `timeoutMs`, and ends; what is left then is lost. */
  async close(timeoutMs: number): Promise<void> {
    this.#stopping = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const deadlineMs = trueNowMs() + timeoutMs;
    while ((this.#queued > 0 || this.#unsent !== null) && trueNowMs() < deadlineMs) {
      this.#posting = this.#post();
      const expired = Promise.withResolvers<void>();
      const timer = setTimeout(expired.resolve, deadlineMs - trueNowMs());
      await Promise.race([this.#posting, expired.promise]);
      clearTimeout(timer);
      if (this.#failures > 0) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await this.#client.close();
  }

  #arm(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#posting = this.#post().finally(() => {
        if (!this.#stopping) this.#arm(this.#failures === 0 ? POST_INTERVAL_MS : this.#backoffMs());
      });
    }, delayMs);
  }

  #backoffMs(): number {
    const longest = Math.min(MAX_BACKOFF_MS, POST_INTERVAL_MS * 2 ** Math.min(this.#failures, 10));
    return longest * (0.5 + Math.random() / 2);
  }

  /** Empties the queues as they are now, one batch after another, until one fails. */
  async #post(): Promise<void> {
    for (;;) {
      this.#unsent ??= this.#nextBatch();
      const batch = this.#unsent;
      if (batch === null) return;
      try {
        await this.#client.insert({
          table: `lab.${batch.table}`,
          values: [...batch.rows],
          format: 'JSONEachRow',
        });
        if (this.#failures > 0) this.#log('info', 'telemetry resumed', { dropped: this.#dropped });
        this.#failures = 0;
        this.#unsent = null;
      } catch (error) {
        if (!isRefusal(error)) {
          if (this.#failures === 0) this.#log('warning', 'telemetry fails', reasonFor(error));
          this.#failures += 1;
          return;
        }
        // The same rows would be refused for ever, and everything behind them wait.
        this.#dropped += batch.rows.length;
        this.#unsent = null;
        this.#log('error', 'telemetry refused', { table: batch.table, ...reasonFor(error) });
      }
    }
  }

  #nextBatch(): Batch | null {
    for (const [table, queue] of this.#queues) {
      const rows = queue.splice(0, MAX_BATCH_ROWS);
      // Moved to the end, so that no table starves another.
      this.#queues.delete(table);
      if (queue.length > 0) this.#queues.set(table, queue);
      this.#queued -= rows.length;
      return { table, rows };
    }
    return null;
  }
}

function reasonFor(error: unknown): { readonly reason: string } {
  return { reason: reasonOf(error).slice(0, 300) };
}

function isRefusal(error: unknown): boolean {
  return error instanceof ClickHouseError && !PASSING_CODES.has(error.code);
}

/** camelCase fields as snake_case columns; numbers of fields named `…At` as timestamps. */
export function wireRow(row: Row): WireRow {
  const columns: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(row)) {
    if (field === 'table') continue;
    const column = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    columns[column] = field.endsWith('At') && typeof value === 'number' ? timestamp(value) : value;
  }
  return columns;
}
