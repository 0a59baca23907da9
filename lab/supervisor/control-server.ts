/**
 * The one server that members reach, on the control network: `/control` takes their WebSocket
 * (node/control.ts), `/telemetry` their rows. A member opens it with `?member=NAME&token=TOKEN` or
 * with `?member=NAME` and the header `authorization: Bearer TOKEN`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { ControlRequest, Health, PeerMessage } from '../../node/control.ts';
import { equalSecrets } from './equal.ts';
import { parsePeerMessage } from './peer-message.ts';

/** A probe's result with 400 round trips is 8 KB; conspiracies are small. */
const MAX_MESSAGE_BYTES = 256 * 1024;
/** A health a second and replies to what we asked; the rest is for bursts of conspiracies. */
const MAX_MESSAGES_PER_SECOND = 200;
const MAX_BURST_MESSAGES = 1000;
/** Requests under way to one member; the supervisor asks a handful at a time. */
const MAX_PENDING_REQUESTS = 64;
/** A member that reads nothing must not fill our memory. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

/** Members that mint say so every five seconds. */
const MINTING_SILENCE_MS = 30_000;

export type Hello = Extract<PeerMessage, { type: 'hello' }>;

export interface ControlServerOptions {
  /** The member's control token, undefined for a name that is not of this run. */
  token(member: string): string | undefined;
  telemetry(request: IncomingMessage, response: ServerResponse): void;
  /** A member dialled. `again` when the same process was known (the connection or the lab was lost). */
  hello(hello: Hello): void;
  conspire(from: string, message: unknown): void;
  /** The line to a member ended and no newer one is there. */
  lost(member: string): void;
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
  readonly timer: NodeJS.Timeout;
}

class Connection {
  readonly pending = new Map<number, Pending>();
  readonly socket: WebSocket;
  readonly member: string;
  private allowance = MAX_BURST_MESSAGES;
  private allowanceAtMs = Date.now();
  private nextId = 1;

  constructor(socket: WebSocket, member: string) {
    this.socket = socket;
    this.member = member;
  }

  /** Token bucket: whether one more message may be read now. */
  mayRead(nowMs: number): boolean {
    const gained = ((nowMs - this.allowanceAtMs) / 1000) * MAX_MESSAGES_PER_SECOND;
    this.allowance = Math.min(MAX_BURST_MESSAGES, this.allowance + gained);
    this.allowanceAtMs = nowMs;
    if (this.allowance < 1) return false;
    this.allowance -= 1;
    return true;
  }

  request(request: ControlRequest, timeoutMs: number): Promise<unknown> {
    if (this.pending.size >= MAX_PENDING_REQUESTS || this.full) {
      return Promise.reject(new Error(`${this.member} does not keep up with the lab's requests`));
    }
    const id = this.nextId;
    this.nextId += 1;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.pending.delete(id);
        reject(new Error(`${this.member} did not answer ${request.method} in ${timeoutMs} ms`));
      }, timeoutMs);
      this.pending.set(id, { resolve, reject, timer });
      this.socket.send(JSON.stringify({ id, ...request }));
    });
  }

  get full(): boolean {
    return this.socket.bufferedAmount > MAX_BUFFERED_BYTES;
  }

  settle(message: Extract<PeerMessage, { type: 'reply' }>): void {
    const pending = this.pending.get(message.id);
    if (pending === undefined) return;
    this.pending.delete(message.id);
    clearTimeout(pending.timer);
    if (message.error === undefined) pending.resolve(message.result);
    else pending.reject(new Error(`${this.member}: ${message.error}`));
  }

  closed(): void {
    for (const pending of this.pending.values()) {
      clearTimeout(pending.timer);
      pending.reject(new Error(`${this.member} is not connected`));
    }
    this.pending.clear();
  }
}

export class ControlServer {
  private readonly options: ControlServerOptions;
  private readonly http: Server;
  private readonly sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
  private readonly connections = new Map<string, Connection>();
  private readonly healths = new Map<string, Health>();
  private readonly mintingAtMs = new Map<string, number>();
  /** Messages not read because a member sent too many. */
  dropped = 0;
  private closing = false;

  constructor(options: ControlServerOptions) {
    this.options = options;
    this.http = createServer((request, response) => {
      if (request.url?.startsWith('/telemetry') === true) options.telemetry(request, response);
      else response.writeHead(404).end();
    });
    this.http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy());
      const member = this.authenticate(request);
      if (member === null) {
        socket.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n');
        return;
      }
      this.sockets.handleUpgrade(request, socket, head, (opened) => this.opened(opened, member));
    });
  }

  /** Listens on `host`; port 0 takes a free one. Returns the port. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.http.once('error', reject);
      this.http.listen(port, host, () => {
        this.http.off('error', reject);
        const address = this.http.address();
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('the control server has no port'));
      });
    });
  }

  connected(member: string): boolean {
    return this.connections.has(member);
  }

  health(member: string): Health | null {
    return this.healths.get(member) ?? null;
  }

  /** Whether a member said of late that it still searches for its identity. */
  minting(member: string): boolean {
    return Date.now() - (this.mintingAtMs.get(member) ?? 0) < MINTING_SILENCE_MS;
  }

  /** Asks a member; rejects when it is not connected, answers with an error, or not in time. */
  request(member: string, request: ControlRequest, timeoutMs: number): Promise<unknown> {
    const connection = this.connections.get(member);
    if (connection === undefined) return Promise.reject(new Error(`${member} is not connected`));
    return connection.request(request, timeoutMs);
  }

  /** Passes on what one adversary tells another, when that one keeps up; nobody waits for it. */
  relay(to: string, from: string, message: unknown): void {
    const connection = this.connections.get(to);
    if (connection === undefined || connection.full) return;
    connection.socket.send(JSON.stringify({ id: 0, method: 'conspire', from, message }));
  }

  /** Forgets what a member's earlier process said, before it is started again. */
  forgetHealth(member: string): void {
    this.healths.delete(member);
  }

  async close(): Promise<void> {
    this.closing = true;
    for (const connection of this.connections.values()) connection.socket.terminate();
    this.sockets.close();
    this.http.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.http.close(() => resolve());
    });
  }

  private authenticate(request: IncomingMessage): string | null {
    const url = URL.parse(request.url ?? '', 'http://lab');
    if (url === null || url.pathname !== '/control') return null;
    const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    const member = url.searchParams.get('member');
    const given = url.searchParams.get('token') ?? bearer;
    if (member === null || given === undefined) return null;
    const token = this.options.token(member);
    return token !== undefined && equalSecrets(token, given) ? member : null;
  }

  private opened(socket: WebSocket, member: string): void {
    const connection = new Connection(socket, member);
    // A member that redials before we noticed that it was gone: the newest is the real one.
    this.connections.get(member)?.socket.terminate();
    this.connections.set(member, connection);
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      connection.closed();
      if (this.connections.get(member) !== connection) return;
      this.connections.delete(member);
      this.healths.delete(member);
      if (!this.closing) this.options.lost(member);
    });
    socket.on('message', (data, isBinary) => {
      if (isBinary || !Buffer.isBuffer(data) || !connection.mayRead(Date.now())) {
        this.dropped += 1;
        return;
      }
      this.heard(connection, data.toString('utf8'));
    });
  }

  private heard(connection: Connection, text: string): void {
    const message = parsePeerMessage(text);
    if (message === null) this.dropped += 1;
    else if (message.type === 'health') this.healths.set(connection.member, message.health);
    else if (message.type === 'reply') connection.settle(message);
    else if (message.type === 'minting') this.mintingAtMs.set(connection.member, Date.now());
    else if (message.type === 'conspire') this.options.conspire(connection.member, message.message);
    else if (message.name === connection.member) this.options.hello(message);
    else this.dropped += 1;
  }
}
