/** How long others take to answer, measured on the questions that are asked anyway. */
import type { Host } from '../host.ts';
import type { Id } from '../id.ts';
import type { Message } from '../wire/messages.ts';

/** Unanswered for so long is silence: three far round trips and a repeated handshake. */
export const SILENCE_MS = 4000;
/** Questions watched at a time; what is asked beyond them is not measured. */
const MAX_OPEN = 1024;

interface Open {
  readonly to: Id;
  readonly askedAt: number;
  /** Of a `get-block`. */
  readonly wanted: Id | number | null;
}

export interface RoundTripEvents {
  answered(by: Id, rttMs: number): void;
  silent(who: Id): void;
}

export class RoundTrips {
  readonly #host: Host;
  readonly #events: RoundTripEvents;
  /** In order of asking. */
  readonly #open = new Map<string, Open>();
  #asked = 0;

  constructor(host: Host, events: RoundTripEvents) {
    this.#host = host;
    this.#events = events;
  }

  /** Called for everything that is sent. */
  sent(to: Id, message: Message): void {
    const kind = kindOf(message);
    if (kind === null || this.#open.size >= MAX_OPEN) return;
    this.#asked += 1;
    const wanted = message.type === 'get-block' ? message.wanted : null;
    const key = `${to}/${kind}/${message.type === 'ask-mapping' ? '' : this.#asked}`;
    this.#open.set(key, { to, askedAt: this.#host.now(), wanted });
  }

  /** Called for every answer. Those without an id of their own settle the oldest question of the kind. */
  heard(from: Id, message: Message): void {
    const start = answerTo(message);
    if (start === null) return;
    const prefix = `${from}/${start}/`;
    for (const [key, { askedAt }] of this.#open) {
      if (!key.startsWith(prefix)) continue;
      this.#open.delete(key);
      this.#events.answered(from, this.#host.now() - askedAt);
      return;
    }
  }

  /** Blocks that `to` was asked for and has not answered. */
  blocksWanted(to: Id): readonly (Id | number)[] {
    return [...this.#open.values()].flatMap((open) =>
      open.to === to && open.wanted !== null ? [open.wanted] : [],
    );
  }

  tick(): void {
    const now = this.#host.now();
    for (const [key, { to, askedAt }] of this.#open) {
      // A clock that was set back leaves none behind: they are in order of asking, not of time.
      if (Math.abs(now - askedAt) < SILENCE_MS) break;
      this.#open.delete(key);
      this.#events.silent(to);
    }
  }
}

function kindOf(message: Message): string | null {
  switch (message.type) {
    case 'ask-mapping':
      return `statement:${message.query.toHex()}`;
    case 'ask-commits':
      return 'commits';
    case 'get-block':
      return 'block';
    default:
      return null;
  }
}

function answerTo(message: Message): string | null {
  switch (message.type) {
    case 'statement':
      return `statement:${message.statement.query.toHex()}`;
    case 'commits':
    case 'block':
      return message.type;
    default:
      return null;
  }
}
