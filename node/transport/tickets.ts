/**
 * Tickets: an HMAC over who and from where under a secret that rotates. Holding one proves that its
 * holder can receive at that address; it says nothing of any other address or id. Nothing is stored
 * per ticket, so strangers cost no memory.
 */
import { timingSafeEqual } from 'node:crypto';
import { hmac } from '../crypto/hmac.ts';
import type { Endpoint } from '../host.ts';
import type { Id } from '../id.ts';
import { TICKET_BYTES } from './limits.ts';

const SECRET_BYTES = 32;

export class TicketOffice {
  /** Rises with each rotation; tickets of this and the one before are valid. */
  generation = 1;
  #current: Uint8Array;
  #previous: Uint8Array;
  readonly #random: (length: number) => Uint8Array;

  constructor(random: (length: number) => Uint8Array) {
    this.#random = random;
    this.#current = random(SECRET_BYTES);
    this.#previous = random(SECRET_BYTES);
  }

  rotate(): void {
    this.#previous = this.#current;
    this.#current = this.#random(SECRET_BYTES);
    this.generation += 1;
  }

  issue(id: Id, endpoint: Endpoint): Uint8Array {
    return ticket(this.#current, id, endpoint);
  }

  /** The generation that issued it, or null when it is none of ours or has expired. */
  check(id: Id, endpoint: Endpoint, presented: Uint8Array): number | null {
    if (presented.length !== TICKET_BYTES) return null;
    if (timingSafeEqual(ticket(this.#current, id, endpoint), presented)) return this.generation;
    if (timingSafeEqual(ticket(this.#previous, id, endpoint), presented)) {
      return this.generation - 1;
    }
    return null;
  }
}

function ticket(secret: Uint8Array, id: Id, endpoint: Endpoint): Uint8Array {
  const text = `${id} ${endpoint.ip}:${endpoint.port}`;
  return hmac(secret, text).subarray(0, TICKET_BYTES);
}
