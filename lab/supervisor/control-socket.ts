/** The run's control socket: api.ts over HTTP on a unix socket, for the owner with the token. */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { EXIT, LabError } from '../errors.ts';
import { equalSecrets } from './equal.ts';
import type { RunEvents } from './events.ts';
import { messageOf } from './run-context.ts';

/** Queries and orders are short. */
const MAX_BODY_BYTES = 1024 * 1024;
/** An event stream whose reader does not read is ended. */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;

/** What the routes do; `body` is parsed JSON, not yet checked. A string answers as text. */
export interface ControlRoutes {
  status(): Promise<unknown>;
  attack(body: unknown): Promise<unknown>;
  steerAttack(id: string, body: unknown): Promise<unknown>;
  fault(body: unknown): Promise<unknown>;
  clearFault(id: string): Promise<unknown>;
  links(): Promise<unknown>;
  query(body: unknown): Promise<unknown>;
  stop(): Promise<unknown>;
  start(): Promise<unknown>;
  logs(member: string, lines: number): Promise<string>;
  result(): Promise<unknown>;
  down(): Promise<unknown>;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  request.setEncoding('utf8');
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > MAX_BODY_BYTES) {
      throw new LabError('the request is too long', { exitCode: EXIT.badUse });
    }
  }
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LabError('the request is not JSON', { exitCode: EXIT.badUse, cause });
  }
}

function sendError(response: ServerResponse, error: unknown): void {
  const exitCode = error instanceof LabError ? error.exitCode : EXIT.broke;
  const remedy = error instanceof LabError ? error.remedy : undefined;
  const body = { error: messageOf(error), exitCode, ...(remedy === undefined ? {} : { remedy }) };
  response.writeHead(exitCode === EXIT.badUse ? 400 : 500, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

export class ControlSocket {
  private readonly server: Server;
  private readonly authorisation: string;
  private readonly file: string;
  private readonly events: RunEvents;
  private readonly routes: ControlRoutes;
  private readonly streams = new Set<ServerResponse>();

  constructor(file: string, token: string, events: RunEvents, routes: ControlRoutes) {
    this.file = file;
    this.authorisation = `Bearer ${token}`;
    this.events = events;
    this.routes = routes;
    this.server = createServer((request, response) => {
      this.handle(request, response).catch((error: unknown) => sendError(response, error));
    });
  }

  /** Listens; the lock says that no other supervisor does, so a socket file there is a dead one's. */
  listen(): Promise<void> {
    rmSync(this.file, { force: true });
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.file, () => {
        chmodSync(this.file, 0o600);
        resolve();
      });
    });
  }

  /** Ends the event streams after what was written is sent, then closes. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
    await Promise.all(
      [...this.streams].map((stream) => new Promise<void>((resolve) => stream.end(resolve))),
    );
    this.server.closeIdleConnections();
    await closed;
    rmSync(this.file, { force: true });
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!equalSecrets(request.headers.authorization ?? '', this.authorisation)) {
      response.writeHead(401).end(JSON.stringify({ error: 'wrong token', exitCode: EXIT.broke }));
      return;
    }
    const url = new URL(request.url ?? '/', 'http://lab');
    if (request.method === 'GET' && url.pathname === '/events') {
      this.stream(Number(url.searchParams.get('since') ?? 0), response);
      return;
    }
    const body = await bodyOf(request);
    const result = await this.route(`${request.method} ${url.pathname}`, url.searchParams, body);
    const text = typeof result === 'string';
    response.writeHead(200, { 'content-type': text ? 'text/plain' : 'application/json' });
    response.end(text ? result : JSON.stringify(result));
  }

  private route(what: string, search: URLSearchParams, body: unknown): Promise<unknown> {
    const { routes } = this;
    const attack = /^POST \/attack\/([^/]+)$/.exec(what)?.[1];
    const fault = /^DELETE \/fault\/([^/]+)$/.exec(what)?.[1];
    if (attack !== undefined) return routes.steerAttack(decodeURIComponent(attack), body);
    if (fault !== undefined) return routes.clearFault(decodeURIComponent(fault));
    if (what === 'GET /status') return routes.status();
    if (what === 'POST /attack') return routes.attack(body);
    if (what === 'POST /fault') return routes.fault(body);
    if (what === 'POST /links') return routes.links();
    if (what === 'POST /query') return routes.query(body);
    if (what === 'POST /stop') return routes.stop();
    if (what === 'POST /start') return routes.start();
    if (what === 'POST /result') return routes.result();
    if (what === 'POST /down') return routes.down();
    if (what === 'GET /logs') {
      return routes.logs(search.get('member') ?? '', Number(search.get('lines') ?? 100));
    }
    throw new LabError(`the supervisor has no ${what}`, { exitCode: EXIT.badUse });
  }

  private stream(since: number, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    this.streams.add(response);
    const leave = this.events.follow(Number.isFinite(since) ? since : 0, (event) => {
      response.write(`${JSON.stringify(event)}\n`);
      if (response.writableLength > MAX_BUFFERED_BYTES) response.destroy();
    });
    response.on('close', () => {
      leave();
      this.streams.delete(response);
    });
  }
}
