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
    const key = `${to}/${kind}/${message.type === 'ask-mapping' ? '' : this.#asked}`;
    this.#open.set(key, { to, askedAt: this.#host.now() });
  }

  /**
   * Called for everything heard; true if it answers a question to `from`. What has no id of its own
   * settles the oldest question of the kind; a statement of one that was not asked, the oldest with
   * its id: whoever was asked has passed it on.
   */
  heard(from: Id, message: Message): boolean {
    const start = answerTo(message);
    if (start === null) return false;
    if (this.#settle(`${from}/${start}/`)) return true;
    if (message.type === 'statement') this.#settle(`/${start}/`);
    return false;
  }

  /** The oldest whose key has this part. */
  #settle(part: string): boolean {
    for (const [key, { to, askedAt }] of this.#open) {
      if (!key.includes(part)) continue;
      this.#open.delete(key);
      this.#events.answered(to, this.#host.now() - askedAt);
      return true;
    }
    return false;
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
      return `block:${message.wanted}`;
    default:
      return null;
  }
}

function answerTo(message: Message): string | null {
  switch (message.type) {
    case 'statement':
      return `statement:${message.statement.query.toHex()}`;
    case 'block':
      return `block:${message.wanted}`;
    case 'commits':
      return message.type;
    default:
      return null;
  }
}
