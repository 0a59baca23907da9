/**
 * ClickHouse's HTTP interface over what is offered, for readers with the token. `GET /ping` answers
 * anyone; every other request is a query. The user is `reader`, its password the token.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { equalSecrets } from '../supervisor/equal.ts';
import { readCredentials, refuse, type Refusal } from '../telemetry/request.ts';
import { EngineGone, type Engine } from './engine.ts';
import { MAX_QUERY_BYTES, readQuestion, tooLong } from './question.ts';
import { refusalOf, sendAnswer, sendRefusal } from './reply.ts';

export const READER = 'reader';
/** The machine has other things to do; a dashboard of 20 panels is served in turns. */
const MAX_RUNNING = 4;
/** Several people's dashboards at once. */
const MAX_WAITING = 128;
const MAX_CONNECTIONS = 256;
/** Queries are short; a client that sends one byte at a time holds a connection no longer. */
const REQUEST_TIMEOUT_MS = 30_000;

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string;
}

export interface Serving {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Listens. Throws what listening throws. */
export async function serve(
  engine: () => Promise<Engine>,
  { host, port, token }: ServeOptions,
): Promise<Serving> {
  const handler = new Handler(engine, token);
  const server = createServer((request, response) => void handler.handle(request, response));
  server.maxConnections = MAX_CONNECTIONS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  const bound = address !== null && typeof address === 'object' ? address.port : port;
  return { host, port: bound, close: () => closeServer(server) };
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

class Handler {
  readonly #engine: () => Promise<Engine>;
  readonly #token: string;
  #running = 0;
  readonly #queue: (() => void)[] = [];

  constructor(engine: () => Promise<Engine>, token: string) {
    this.#engine = engine;
    this.#token = token;
  }

  /** Answers one request; never throws. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const refusal = await this.#answer(request, response);
      if (refusal !== null) sendRefusal(response, refusal);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const status = error instanceof EngineGone ? 503 : 500;
      sendRefusal(response, refuse(status, 1002, 'UNKNOWN_EXCEPTION', reason));
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<Refusal | null> {
    const url = URL.parse(request.url ?? '/', 'http://lab');
    if (url === null) return refuse(400, 36, 'BAD_ARGUMENTS', 'the address makes no sense');
    if (url.pathname === '/ping') {
      response.end('Ok.\n');
      return null;
    }
    if (!['GET', 'POST'].includes(request.method ?? '')) {
      return refuse(405, 36, 'BAD_ARGUMENTS', 'only GET and POST ask');
    }
    if (!this.#authorised(request, url)) {
      const reason = `${READER}: Authentication failed: password is incorrect, or there is no such user`;
      return refuse(403, 516, 'AUTHENTICATION_FAILED', reason);
    }
    const body = await bodyOf(request);
    if (body === null) return tooLong();
    const asked = readQuestion(url, request.headers, body);
    if (!asked.ok) return asked;
    if (!(await this.#turn())) return overloaded();
    try {
      if (response.destroyed) return null;
      const engine = await this.#engine();
      const answer = await engine.ask(asked.query);
      if (!answer.ok) return refusalOf(answer.error);
      sendAnswer(response, asked, answer, asked.queryId ?? randomUUID());
      return null;
    } finally {
      this.#running -= 1;
      this.#queue.shift()?.();
    }
  }

  #authorised(request: IncomingMessage, url: URL): boolean {
    const given = readCredentials(request.headers, url);
    return given !== null && given.user === READER && equalSecrets(given.password, this.#token);
  }

  /** Waits for one's turn; false when too many wait already. */
  async #turn(): Promise<boolean> {
    if (this.#running >= MAX_RUNNING) {
      if (this.#queue.length >= MAX_WAITING) return false;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#queue.push(resolve);
      await promise;
    }
    this.#running += 1;
    return true;
  }
}

function overloaded(): Refusal {
  const reason = `${MAX_RUNNING} queries run and ${MAX_WAITING} wait`;
  return refuse(503, 202, 'TOO_MANY_SIMULTANEOUS_QUERIES', reason);
}

/** The whole body, or null if it is too long. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > MAX_QUERY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
