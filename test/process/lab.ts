/** A tiny lab for tests of member processes: takes their WebSockets, asks them, keeps their health. */
import { once } from 'node:events';
import { WebSocketServer, type WebSocket } from 'ws';
import type { ControlRequest, Health } from '../../node/control.ts';

type Fields = Readonly<Record<string, unknown>>;

export class TestLab {
  readonly hellos = new Map<string, Fields[]>();
  readonly health = new Map<string, Health>();
  readonly minting = new Map<string, Fields>();
  readonly #server: WebSocketServer;
  readonly #sockets = new Map<string, WebSocket>();
  readonly #replies = new Map<number, (reply: Fields) => void>();
  #nextId = 0;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket, request) => {
      const url = new URL(request.url ?? '', 'ws://lab');
      if (url.searchParams.get('token') !== 'secret') return socket.close();
      const name = url.searchParams.get('member') ?? '';
      this.#sockets.set(name, socket);
      socket.on('message', (data) => {
        if (Buffer.isBuffer(data)) this.#take(name, JSON.parse(data.toString('utf8')));
      });
    });
  }

  static async open(port = 0): Promise<TestLab> {
    const server = new WebSocketServer({ host: '127.0.0.1', port });
    await once(server, 'listening');
    return new TestLab(server);
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** The whole reply, with `result` or `error`. */
  ask(name: string, request: ControlRequest): Promise<Fields> {
    const id = (this.#nextId += 1);
    this.#sockets.get(name)?.send(JSON.stringify({ id, ...request }));
    return new Promise((resolve) => this.#replies.set(id, resolve));
  }

  close(): void {
    for (const socket of this.#server.clients) socket.terminate();
    this.#server.close();
  }

  #take(name: string, message: Fields & { readonly health?: Health }): void {
    if (message['type'] === 'hello') {
      this.hellos.set(name, [...(this.hellos.get(name) ?? []), message]);
    } else if (message['type'] === 'health' && message.health !== undefined) {
      this.health.set(name, message.health);
    } else if (message['type'] === 'minting') {
      this.minting.set(name, message);
    } else if (message['type'] === 'reply') {
      this.#replies.get(Number(message['id']))?.(message);
    }
  }
}

/** Waits until `holds`, or throws after `timeoutMs`. */
export async function until(what: string, holds: () => boolean, timeoutMs = 15_000): Promise<void> {
  const POLL_MS = 20;
  for (let waitedMs = 0; !holds(); waitedMs += POLL_MS) {
    if (waitedMs > timeoutMs) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
