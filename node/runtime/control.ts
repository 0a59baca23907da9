/**
 * The process's line to the lab: one WebSocket, dialled from here as
 * `<url>?member=<name>&token=<token>` (the built-in client cannot set headers; the URL is never
 * logged), and dialled again for ever when it ends, so that a restarted supervisor finds everyone.
 */
import type { Health, LabMessage, PeerMessage, Seat } from '../control.ts';
import { readLabMessage } from './control-messages.ts';
import { reasonOf, type Log } from './log.ts';

const HEALTH_INTERVAL_MS = 1000;
/** How soon it is told that a member has meshed: launching waits for it. */
const MESH_CHECK_MS = 100;
const FIRST_REDIAL_MS = 200;
/** A restarted supervisor has everyone back within this. */
const MAX_REDIAL_MS = 3000;
/** A dial that neither opens nor fails is given up. */
const DIAL_TIMEOUT_MS = 5000;
/** Bytes waiting towards a lab that does not read; beyond it conspiracies and health are dropped. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

export interface ControlHandlers {
  hello(): PeerMessage;
  /** null while there is none to tell. */
  health(): Health | null;
  /** Carries out a request; what it resolves to is the reply's result, what it throws the error. */
  request(message: LabMessage): Promise<unknown>;
}

export class Control {
  readonly #seat: Pick<Seat, 'name' | 'control'>;
  readonly #handlers: ControlHandlers;
  readonly #log: Log;
  #healthTimer: NodeJS.Timeout | null = null;
  #socket: WebSocket | null = null;
  #redial: NodeJS.Timeout | null = null;
  #failures = 0;
  #stopped = false;
  #lastMeshed: boolean | null = null;

  constructor(seat: Pick<Seat, 'name' | 'control'>, handlers: ControlHandlers, log: Log) {
    this.#seat = seat;
    this.#handlers = handlers;
    this.#log = log;
    this.#watchHealth(0);
    this.#dial();
  }

  send(message: PeerMessage): void {
    const socket = this.#socket;
    if (socket === null || socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > MAX_WAITING_BYTES) return;
    socket.send(JSON.stringify(message));
  }

  /** Ends the line; nothing is dialled again. */
  stop(): void {
    this.#stopped = true;
    if (this.#healthTimer !== null) clearTimeout(this.#healthTimer);
    if (this.#redial !== null) clearTimeout(this.#redial);
    this.#socket?.close();
  }

  #dial(): void {
    const { name, control } = this.#seat;
    const url = new URL(control.url);
    url.searchParams.set('member', name);
    url.searchParams.set('token', control.token);
    const socket = new WebSocket(url);
    this.#socket = socket;
    const timeout = setTimeout(() => socket.close(), DIAL_TIMEOUT_MS);
    socket.addEventListener('open', () => {
      clearTimeout(timeout);
      this.#failures = 0;
      this.#lastMeshed = null;
      this.#log('info', 'control connected');
      this.send(this.#handlers.hello());
      this.#tellHealth(true);
    });
    socket.addEventListener('message', ({ data }: { readonly data: unknown }) => {
      if (typeof data === 'string') void this.#take(data);
    });
    // An error is always followed by a close.
    socket.addEventListener('error', () => {});
    socket.addEventListener('close', () => {
      clearTimeout(timeout);
      if (this.#stopped || this.#socket !== socket) return;
      if (this.#failures === 0) this.#log('warning', 'control lost');
      const longestMs = Math.min(
        MAX_REDIAL_MS,
        FIRST_REDIAL_MS * 2 ** Math.min(this.#failures, 10),
      );
      this.#failures += 1;
      this.#redial = setTimeout(() => this.#dial(), longestMs * (0.5 + Math.random() / 2));
    });
  }

  async #take(text: string): Promise<void> {
    const read = readLabMessage(text);
    if (!read.ok) {
      if (read.id !== null) this.send({ type: 'reply', id: read.id, error: read.error });
      return;
    }
    const { id } = read.message;
    try {
      const result = await this.#handlers.request(read.message);
      this.send({ type: 'reply', id, ...(result === undefined ? {} : { result }) });
    } catch (error) {
      this.send({ type: 'reply', id, error: reasonOf(error) });
    }
  }

  /** A meshed member's health is looked at when it is due; one that isn't yet is watched. */
  #watchHealth(sinceToldMs: number): void {
    const waitMs = this.#lastMeshed === true ? HEALTH_INTERVAL_MS : MESH_CHECK_MS;
    this.#healthTimer = setTimeout(() => {
      const isDue = sinceToldMs + waitMs >= HEALTH_INTERVAL_MS;
      this.#tellHealth(isDue);
      this.#watchHealth(isDue ? 0 : sinceToldMs + waitMs);
    }, waitMs);
  }

  #tellHealth(always: boolean): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    const health = this.#handlers.health();
    if (health === null || (!always && health.meshed === this.#lastMeshed)) return;
    this.#lastMeshed = health.meshed;
    this.send({ type: 'health', health });
  }
}
