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
/**
 * A post costs 0.6 ms of CPU here (measured), whatever is in it, and as much again at the other end;
 * once a second for each of its tables took an idle peer as long as the protocol itself.
 */
const POST_INTERVAL_MS = 2000;
/** What somebody may be watching. The others are for later, and wait for every third post. */
const WATCHED: ReadonlySet<string> = new Set(['evidence', 'peers', 'slashing', 'transactions']);
const POSTS_PER_FULL_POST = 3;
/** Tables posted at once; a busy peer has rows for about six. */
const MAX_CONNECTIONS = 4;
const MAX_BACKOFF_MS = 10_000;
/** Between tries while somebody waits for the rows. */
const RETRY_MS = 100;
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

export class Telemetry {
  readonly #target: TelemetryTarget;
  readonly #log: Log;
  readonly #client;
  readonly #queues = new Map<string, WireRow[]>();
  #queued = 0;
  #dropped = 0;
  /** Per table the batch that is under way, or failed. */
  readonly #unsent = new Map<string, readonly WireRow[]>();
  /** The post under way: a second one beside it would send the same batch again. */
  #posting: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #posts = 0;
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
      max_open_connections: MAX_CONNECTIONS,
      // The process logs its own failures, once per outage.
      log: { level: ClickHouseLogLevel.OFF },
    });
    this.#arm(POST_INTERVAL_MS);
  }

  /** Rows lost so far: the queue was full, or the endpoint refused them for good. */
  get dropped(): number {
    return this.#dropped;
  }

  /** `trueTime` turns times by the reporter's own clock into true ones. */
  report(row: Row, trueTime?: (shownMs: number) => number): void {
    if (this.#queued >= MAX_QUEUED_ROWS) {
      this.#dropped += 1;
      return;
    }
    const { run, peer } = this.#target;
    const queue = this.#queues.get(row.table) ?? [];
    if (queue.length === 0) this.#queues.set(row.table, queue);
    queue.push({ run, ts: timestamp(trueNowMs()), peer, ...wireRow(row, trueTime) });
    this.#queued += 1;
  }

  /** Posts what waits, for at most `timeoutMs`, and ends; what is left then is lost. */
  async close(timeoutMs: number): Promise<void> {
    this.#stopping = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const deadlineMs = trueNowMs() + timeoutMs;
    await this.#postUntil(deadlineMs);
    await this.#client.close();
  }

  /** Posts what waits now. Throws when not all of it was acknowledged within `timeoutMs`. */
  async flush(timeoutMs: number): Promise<void> {
    if (await this.#postUntil(trueNowMs() + timeoutMs)) return;
    throw new Error(`${this.#queued} rows or more were not taken in ${timeoutMs} ms`);
  }

  /** Whether the queues were empty once before the deadline. */
  async #postUntil(deadlineMs: number): Promise<boolean> {
    while (trueNowMs() < deadlineMs) {
      const expired = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => expired.resolve(false), deadlineMs - trueNowMs());
      const posted = this.#postOnce(true).then(() => this.#failures === 0);
      const empty = await Promise.race([posted, expired.promise]);
      clearTimeout(timer);
      if (empty) return true;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    return false;
  }

  /** `all`: also what nobody watches. */
  async #postOnce(all: boolean): Promise<void> {
    // The one under way may be of the watched tables only.
    if (all) await this.#posting;
    this.#posting ??= this.#post(all).finally(() => {
      this.#posting = null;
    });
    await this.#posting;
  }

  #arm(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#posts += 1;
      void this.#postOnce(this.#posts % POSTS_PER_FULL_POST === 0).finally(() => {
        if (!this.#stopping) this.#arm(this.#failures === 0 ? POST_INTERVAL_MS : this.#backoffMs());
      });
    }, delayMs);
  }

  #backoffMs(): number {
    const longest = Math.min(MAX_BACKOFF_MS, POST_INTERVAL_MS * 2 ** Math.min(this.#failures, 10));
    return longest * (0.5 + Math.random() / 2);
  }

  /** Empties the queues, all tables at once: an endpoint may take its time to acknowledge. */
  async #post(all: boolean): Promise<void> {
    const waiting = new Set([...this.#unsent.keys(), ...this.#queues.keys()]);
    const tables = [...waiting].filter((table) => all || WATCHED.has(table));
    const failures = await Promise.all(tables.map((table) => this.#postTable(table)));
    const failure = failures.find((error) => error !== null);
    if (failure !== undefined) {
      if (this.#failures === 0) this.#log('warning', 'telemetry fails', reasonFor(failure));
      this.#failures += 1;
    } else if (this.#failures > 0) {
      this.#log('info', 'telemetry resumed', { dropped: this.#dropped });
      this.#failures = 0;
    }
  }

  /**
   * One batch after another until all that waits now is taken (null) or one fails (its error). Rows
   * that come meanwhile wait for the next post: where taking lasts as long as it takes for another
   * row to come, this would never end.
   */
  async #postTable(table: string): Promise<unknown> {
    const queued = this.#queues.get(table)?.length ?? 0;
    let batches = Math.ceil(queued / MAX_BATCH_ROWS) + (this.#unsent.has(table) ? 1 : 0);
    for (; batches > 0; batches -= 1) {
      const rows = this.#unsent.get(table) ?? this.#nextBatch(table);
      if (rows === null) break;
      this.#unsent.set(table, rows);
      try {
        await this.#client.insert({
          table: `lab.${table}`,
          values: [...rows],
          format: 'JSONEachRow',
        });
      } catch (error) {
        if (!isRefusal(error)) return error;
        // The same rows would be refused for ever, and everything behind them wait.
        this.#dropped += rows.length;
        this.#log('error', 'telemetry refused', { table, ...reasonFor(error) });
      }
      this.#unsent.delete(table);
    }
    return null;
  }

  #nextBatch(table: string): readonly WireRow[] | null {
    const queue = this.#queues.get(table);
    if (queue === undefined) return null;
    const rows = queue.splice(0, MAX_BATCH_ROWS);
    if (queue.length === 0) this.#queues.delete(table);
    this.#queued -= rows.length;
    return rows;
  }
}

function reasonFor(error: unknown): { readonly reason: string } {
  return { reason: reasonOf(error).slice(0, 300) };
}

function isRefusal(error: unknown): boolean {
  return error instanceof ClickHouseError && !PASSING_CODES.has(error.code);
}

/** Times that another peer's clock showed: nobody here knows its skew. */
const TOLD_BY_OTHERS: ReadonlySet<string> = new Set(['statedAt', 'createdAt']);

/** camelCase fields as snake_case columns; numbers of fields named `…At` as true timestamps. */
export function wireRow(row: Row, trueTime = (shownMs: number): number => shownMs): WireRow {
  const columns: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(row)) {
    if (field === 'table') continue;
    const column = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const isTime = field.endsWith('At') && typeof value === 'number';
    columns[column] = !isTime
      ? value
      : timestamp(TOLD_BY_OTHERS.has(field) ? value : trueTime(value));
  }
  return columns;
}
