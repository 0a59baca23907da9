/**
 * The lab's own ClickHouse HTTP endpoint, for inserts only. Peers post to it exactly what they would
 * post to a server. Rows are checked (rows.ts), gathered per table, inserted together every
 * FLUSH_MS or FLUSH_BYTES, and acknowledged only then: what a peer was told is stored, is stored.
 * Memory is bounded: when MAX_WAITING_BYTES wait, posts get 503 and stay in the peers' own queues.
 *
 * A post that comes again, since its sender never heard the answer, is answered as the first one was
 * and stored once. That holds as long as this process does: after a new start of the supervisor the
 * one post that each peer may have had under way can be stored twice.
 *
 * The user of a request is the lab's name of the peer (`Seat.telemetry.user` = `Seat.name`), so
 * that each may insert under its own name alone.
 */
import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { MAX_BODY_BYTES, readCredentials, readInsert, refuse, type Refusal } from './request.ts';
import { checkRows } from './rows.ts';
import { PEER_TABLES, type PeerTable } from './schema.ts';
import type { TelemetryStore } from './store.ts';

/**
 * Each insert writes a part on disk, which the engine merges later: at 200 ms that and the inserts
 * took a third of a core under the demo. A peer that is stopped has 3 s for its last posts, which
 * it makes side by side.
 */
const FLUSH_MS = 1000;
/** About 8,000 rows: an insert of that size costs the engine 6 ms, larger ones gain little. */
const FLUSH_BYTES = 1024 * 1024;
/** Bodies under way and rows waiting, together; a network of 60 peers has about 1 MB/s. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** Posts under way together: a peer has one at a time, this is a large network's worth. */
const MAX_POSTS = 4096;

/** Posts remembered of one sender: it has one under way and repeats that until it is answered. */
const MAX_REMEMBERED = 4;

interface Post {
  readonly lines: string;
  readonly rows: number;
  readonly settle: (refusal: Refusal | null) => void;
}

export interface EndpointCounts {
  /** Rows stored. */
  readonly rows: number;
  /** Posts refused for what they were (not: sent away because the endpoint was full). */
  readonly refused: number;
}

export class TelemetryEndpoint {
  readonly #store: TelemetryStore;
  readonly #authorise: (user: string, password: string) => boolean;
  readonly #run: string;
  readonly #now: () => number;
  readonly #waiting = new Map<PeerTable, Post[]>();
  /** Sender → digests of its last posts, and what became of them; senders are members of the run. */
  readonly #recent = new Map<string, Map<string, Promise<Refusal | null>>>();
  #waitingBytes = 0;
  #gatheredBytes = 0;
  #posts = 0;
  #timer: NodeJS.Timeout | null = null;
  /** The engine is given one round of inserts after another. */
  #flushing: Promise<void> = Promise.resolve();
  #rows = 0;
  #refused = 0;

  /** Only rows of `run` are taken, of about the present; `now` in ms since the epoch. */
  constructor(
    store: TelemetryStore,
    authorise: (user: string, password: string) => boolean,
    options: { readonly run: string; readonly now: () => number },
  ) {
    this.#store = store;
    this.#authorise = authorise;
    this.#run = options.run;
    this.#now = options.now;
  }

  /** Answers one request; never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    if (request.method === 'GET' && /^\/ping(\?|$)/.test(request.url ?? '')) {
      response.end('Ok.\n');
      return;
    }
    void this.#serve(request, response);
  }

  /** Inserts what waits now; resolves when it is stored or refused. */
  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#gatheredBytes = 0;
    const batches = [...this.#waiting];
    this.#waiting.clear();
    this.#flushing = this.#insertAfter(this.#flushing, batches);
    return this.#flushing;
  }

  counts(): EndpointCounts {
    return { rows: this.#rows, refused: this.#refused };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let refusal: Refusal | null;
    try {
      refusal = await this.#take(request);
    } catch (error) {
      // The sender went away in the middle of its post.
      const reason = error instanceof Error ? error.message : String(error);
      refusal = refuse(500, 1002, 'UNKNOWN_EXCEPTION', reason);
    }
    this.#answer(request, response, refusal);
  }

  async #take(request: IncomingMessage): Promise<Refusal | null> {
    if (request.method !== 'POST') return refuse(405, 497, 'ACCESS_DENIED', 'only POST inserts');
    const url = URL.parse(request.url ?? '/', 'http://lab');
    if (url === null) return refuse(400, 36, 'BAD_ARGUMENTS', 'the address makes no sense');
    const credentials = readCredentials(request.headers, url);
    if (credentials === null || !this.#authorise(credentials.user, credentials.password)) {
      return refuse(403, 516, 'AUTHENTICATION_FAILED', 'unknown user or wrong password');
    }
    const length = Number(request.headers['content-length'] ?? 0);
    if (length > MAX_BODY_BYTES) return tooLarge();
    if (this.#waitingBytes >= MAX_WAITING_BYTES || this.#posts >= MAX_POSTS) return full();
    this.#posts += 1;
    let held = 0;
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) {
        if (!Buffer.isBuffer(chunk)) continue;
        held += chunk.length;
        this.#waitingBytes += chunk.length;
        if (held > MAX_BODY_BYTES) return tooLarge();
        if (this.#waitingBytes > MAX_WAITING_BYTES) return full();
        chunks.push(chunk);
      }
      const body = Buffer.concat(chunks);
      return await this.#once(credentials.user, url.search, body, () => {
        const insert = readInsert(url, request.headers, body);
        if (!insert.ok) return insert;
        const sender = { peer: credentials.user, run: this.#run, nowMs: this.#now() };
        const checked = checkRows(insert.rows, PEER_TABLES[insert.table], sender);
        if (!checked.ok) return refuse(400, 117, 'INCORRECT_DATA', checked.reason);
        if (checked.rows === 0) return null;
        // Unpacked, a post weighs more than what came in.
        const grown = Math.max(0, checked.lines.length - held);
        held += grown;
        this.#waitingBytes += grown;
        return this.#gather(insert.table, checked.lines, checked.rows);
      });
    } finally {
      this.#posts -= 1;
      this.#waitingBytes -= held;
    }
  }

  /** What became of the same bytes when they came before, else what `store` makes of them. */
  #once(
    user: string,
    query: string,
    body: Buffer,
    store: () => Promise<Refusal | null> | Refusal | null,
  ): Promise<Refusal | null> {
    const posts = this.#recent.get(user) ?? new Map<string, Promise<Refusal | null>>();
    this.#recent.set(user, posts);
    const digest = `${query} ${hash('sha256', body)}`;
    const before = posts.get(digest);
    if (before !== undefined) return before;
    const outcome = Promise.resolve(store());
    posts.set(digest, outcome);
    const [oldest] = posts.keys();
    if (oldest !== undefined && posts.size > MAX_REMEMBERED) posts.delete(oldest);
    // What was refused may find room, or a mended store, the next time.
    void outcome.then((refusal) => refusal === null || posts.delete(digest));
    return outcome;
  }

  #gather(table: PeerTable, lines: string, rows: number): Promise<Refusal | null> {
    const { promise, resolve } = Promise.withResolvers<Refusal | null>();
    const posts = this.#waiting.get(table) ?? [];
    posts.push({ lines, rows, settle: resolve });
    this.#waiting.set(table, posts);
    this.#gatheredBytes += lines.length;
    if (this.#gatheredBytes >= FLUSH_BYTES) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS);
    return promise;
  }

  async #insertAfter(
    earlier: Promise<void>,
    batches: readonly (readonly [PeerTable, readonly Post[]])[],
  ): Promise<void> {
    await earlier;
    for (const [table, posts] of batches) await this.#insert(table, posts);
  }

  async #insert(table: PeerTable, posts: readonly Post[]): Promise<void> {
    try {
      await this.#store.insertLines(`lab.${table}`, posts.map((post) => post.lines).join('\n'));
    } catch (error) {
      // The insert is all or nothing: find the post that spoils it, let the others through.
      if (posts.length > 1) {
        for (const post of posts) await this.#insert(table, [post]);
        return;
      }
      const reason = error instanceof Error ? error.message : String(error);
      for (const post of posts) post.settle(refuse(500, 1002, 'UNKNOWN_EXCEPTION', reason));
      return;
    }
    for (const post of posts) {
      this.#rows += post.rows;
      post.settle(null);
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse, refusal: Refusal | null): void {
    if (response.destroyed || response.headersSent) return;
    if (refusal === null) {
      response.writeHead(200, { 'content-type': 'text/plain; charset=UTF-8' }).end();
      return;
    }
    if (refusal.status !== 503) this.#refused += 1;
    const text = `Code: ${refusal.code}. DB::Exception: ${refusal.reason}. (${refusal.name})\n`;
    response.writeHead(refusal.status, {
      'content-type': 'text/plain; charset=UTF-8',
      'x-clickhouse-exception-code': String(refusal.code),
      // What was not read of the body must not be taken for the next request.
      ...(request.complete ? {} : { connection: 'close' }),
      ...(refusal.status === 503 ? { 'retry-after': '1' } : {}),
    });
    response.end(text);
  }
}

function tooLarge(): Refusal {
  return refuse(413, 307, 'TOO_MANY_BYTES', `a post has at most ${MAX_BODY_BYTES} bytes`);
}

function full(): Refusal {
  return refuse(503, 202, 'TOO_MANY_SIMULTANEOUS_QUERIES', 'too much is waiting, come again');
}
