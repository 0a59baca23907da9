/**
 * Poisoned referrals: whoever looks up who is near a point hears of accomplices alone, and of
 * newcomers among them as if they had counted for long. One of them that is believed leads to all.
 */
import { type Id, ringDistance } from '../../node/id.ts';
import type { Standing } from '../../node/ledger/standing.ts';
import type { Peer } from '../../node/peer.ts';
import { type Found, MAX_FOUND } from '../../node/wire/finding.ts';
import type { Message } from '../../node/wire/messages.ts';

/** Clients remembered, oldest forgotten. */
const MAX_CLIENTS = 256;

export class Referrals {
  readonly #peer: Peer;
  readonly #clients = new Set<Id>();

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  isClient(id: Id): boolean {
    return this.#clients.has(id);
  }

  /** Somebody asked something here that no member is. */
  met(client: Id): void {
    const [oldest] = this.#clients;
    if (oldest !== undefined && this.#clients.size >= MAX_CLIENTS) this.#clients.delete(oldest);
    this.#clients.delete(client);
    this.#clients.add(client);
  }

  /** The answer to "who is near it?": also where the honest one would be that nothing has changed. */
  answer(near: Id, members: readonly Id[], nowMs: number): Message {
    const { membership } = this.#peer;
    // All accomplices must say the same of each; and later than what may be known of it.
    const standing: Standing = { sinceMs: nowMs, countedFromMs: 0, trustedFromMs: 0 };
    const named = members
      .map((address) => ({ address, far: ringDistance(near, address) }))
      .sort((a, b) => (a.far < b.far ? -1 : 1))
      .flatMap(({ address }): Found[] => {
        const member = membership.get(address);
        return member === undefined ? [] : [{ ...member, standing }];
      });
    return { type: 'found', near, members: named.slice(0, MAX_FOUND) };
  }
}
