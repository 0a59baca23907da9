/**
 * Double spending with a colluding owner: it makes its tokens where most accomplices keep them, and
 * once they are committed signs two transfers of each, one for either half of the honest keepers.
 * How the accomplices vote on both, and what they keep quiet about: kit/rival-spend.ts.
 */
import type { Host } from '../../node/host.ts';
import type { Id } from '../../node/id.ts';
import type { Peer } from '../../node/peer.ts';
import { ColludingOwner, type Rivals } from '../kit/rival-spend.ts';
import { ownKeepers, strongest } from '../kit/stronghold.ts';

/** Hex digits of the place in a token made there: nobody lies nearer to it than to the other half. */
const PLACE_DIGITS = 32;

export class DoubleSpend {
  readonly #peer: Peer;
  readonly #host: Host;
  #owners: ColludingOwner[] = [];

  constructor(peer: Peer, host: Host) {
    this.#peer = peer;
    this.#host = host;
  }

  /** What is ready to be spent twice; nothing at those that do not lead, who are told of it. */
  next(members: readonly Id[], tokens: number): readonly Rivals[] {
    const { chain, identity, parameters, membership } = this.#peer;
    const point = strongest(this.#peer, members, members);
    if (point === null || ownKeepers(this.#peer, point, members)[0] !== identity.address) return [];
    if (this.#owners.length === 0) {
      this.#owners = Array.from({ length: tokens }, () => this.#ownerAt(point));
    }
    const isThere = ({ token }: ColludingOwner): boolean => chain.state.get(token) !== undefined;
    const { ready = [], missing = [] } = Object.groupBy(this.#owners, (owner) =>
      isThere(owner) ? 'ready' : 'missing',
    );
    for (const { token, created } of missing) {
      for (const id of membership.near(token, parameters.k)) {
        this.#peer.send(id, { type: 'submit', transaction: created });
      }
    }
    if (missing.length > 0) return [];
    return ready.map((owner) => this.#rivalsOf(owner, members));
  }

  #rivalsOf(owner: ColludingOwner, members: readonly Id[]): Rivals {
    const { membership, parameters } = this.#peer;
    const honest = membership.near(owner.token, parameters.k).filter((id) => !members.includes(id));
    const [one, other] = owner.rivals(this.#host.now());
    const half = Math.ceil(honest.length / 2);
    return { one, other, toOne: honest.slice(0, half), toOther: honest.slice(half) };
  }

  #ownerAt(point: Id): ColludingOwner {
    const { network } = this.#peer.identity.record;
    const random = (length: number): Uint8Array => this.#host.random(length);
    const token = point.slice(0, PLACE_DIGITS) + random(PLACE_DIGITS / 2).toHex();
    return new ColludingOwner(network, token, this.#host.now(), random);
  }
}
