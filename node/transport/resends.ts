/** Fragmented messages sent lately, kept so that lost fragments can be sent again. */
import type { Id } from '../id.ts';
import type { Missing } from './fragments.ts';
import { MAX_RESENDABLE_BYTES, MAX_RESENDABLE_PER_REMOTE, MAX_RESENT_FRAGMENTS } from './limits.ts';

interface Sent {
  readonly remote: Id;
  readonly bodies: readonly Uint8Array[];
  readonly bytes: number;
  resendsLeft: number;
}

/** Bounded in messages per remote, in bytes, and in what one message may cost. */
export class Resends {
  /** By remote and message, in order of sending. */
  readonly #sent = new Map<string, Sent>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  keep(remote: Id, id: number, bodies: readonly Uint8Array[]): void {
    const bytes = bodies.reduce((sum, body) => sum + body.length, 0);
    const same = [...this.#sent].filter(([, sent]) => sent.remote === remote);
    const [oldest] = same;
    if (oldest !== undefined && same.length >= MAX_RESENDABLE_PER_REMOTE) this.#remove(...oldest);
    this.#sent.set(keyOf(remote, id), {
      remote,
      bodies,
      bytes,
      resendsLeft: MAX_RESENT_FRAGMENTS,
    });
    this.#bytes += bytes;
    for (const [key, sent] of this.#sent) {
      if (this.#bytes <= MAX_RESENDABLE_BYTES) break;
      this.#remove(key, sent);
    }
  }

  /** The bodies to send again, of what is still kept. */
  take(remote: Id, missing: readonly Missing[]): readonly Uint8Array[] {
    return missing.flatMap(({ id, mask }) => {
      const sent = this.#sent.get(keyOf(remote, id));
      if (sent === undefined) return [];
      const wanted = sent.bodies.filter((_body, at) => ((mask >> at) & 1) === 1);
      const bodies = wanted.slice(0, sent.resendsLeft);
      sent.resendsLeft -= bodies.length;
      return bodies;
    });
  }

  #remove(key: string, sent: Sent): void {
    this.#bytes -= sent.bytes;
    this.#sent.delete(key);
  }
}

function keyOf(remote: Id, id: number): string {
  return `${remote} ${id}`;
}
