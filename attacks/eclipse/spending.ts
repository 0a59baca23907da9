/**
 * Double spending at an eclipsed peer: a colluding owner's tokens lie where the victim keeps them, and
 * once all keepers know them the victim hears of one transfer of each and the others of another.
 */
import type { Host } from '../../node/host.ts';
import type { Id } from '../../node/id.ts';
import type { Peer } from '../../node/peer.ts';
import type { Knobs } from '../adversary.ts';
import { targetOf } from '../kit/place.ts';
import { ColludingOwner, type Rivals } from '../kit/rival-spend.ts';

/** Hex digits of the place in a token made there; the rest is drawn. */
const PLACE_DIGITS = 32;

export class Spending {
  readonly #peer: Peer;
  readonly #host: Host;
  #owners: readonly ColludingOwner[] = [];

  constructor(peer: Peer, host: Host) {
    this.#peer = peer;
    this.#host = host;
  }

  /** One of them: it has to see the tokens committed that it makes, so it is the nearest that keeps them. */
  leads(victim: Id, knobs: Knobs, members: readonly Id[]): boolean {
    const keepers = this.#keepers(this.#place(victim, knobs, members));
    return keepers.find((id) => members.includes(id)) === this.#peer.identity.address;
  }

  /** Its tokens are beside the victim, and known to all who keep them, before they are spent. */
  prepare(victim: Id, knobs: Knobs, members: readonly Id[], tokens: number): boolean {
    const { chain, identity } = this.#peer;
    if (this.#owners.length === 0) {
      const place = this.#place(victim, knobs, members).slice(0, PLACE_DIGITS);
      const random = (length: number): Uint8Array => this.#host.random(length);
      this.#owners = Array.from({ length: tokens }, () => {
        const token = place + random(PLACE_DIGITS / 2).toHex();
        return new ColludingOwner(identity.record.network, token, this.#host.now(), random);
      });
    }
    const missing = this.#owners.filter(({ token }) => chain.state.get(token) === undefined);
    for (const { created, token } of missing) {
      for (const id of [...this.#honestKeepers(token, members), ...members]) {
        this.#peer.send(id, { type: 'submit', transaction: created });
      }
    }
    return missing.length === 0;
  }

  /** The victim is to commit one of each, and all others the other. */
  rivals(victim: Id, members: readonly Id[]): readonly Rivals[] {
    return this.#owners.map((owner) => {
      const [one, other] = owner.rivals(this.#host.now());
      const toOne = this.#honestKeepers(owner.token, members).filter((id) => id !== victim);
      return { one, other, toOne, toOther: [victim] };
    });
  }

  #keepers(point: Id): readonly Id[] {
    const { membership, parameters } = this.#peer;
    return membership.near(point, parameters.k);
  }

  /** Where the victim is a keeper and the most others are its own. */
  #place(victim: Id, knobs: Knobs, members: readonly Id[]): Id {
    const target = targetOf(this.#peer.identity.record.network, knobs);
    const own = (point: Id): number => {
      const keepers = this.#keepers(point);
      if (!keepers.includes(victim)) return -1;
      return keepers.filter((id) => members.includes(id)).length;
    };
    return own(victim) > own(target) ? victim : target;
  }

  /** The honest keepers of a token, those that it would have without the eclipse. */
  #honestKeepers(token: Id, members: readonly Id[]): readonly Id[] {
    const { membership, parameters } = this.#peer;
    const near = membership.around(token, parameters.k + members.length);
    return near.filter((id) => !members.includes(id)).slice(0, parameters.k);
  }
}
