/**
 * Members of whom only those are awake whom something has reached. All are in the genesis; each comes
 * into being at the first datagram for it, or at a neighbour's for it, as if it had been idle and
 * connected to its neighbours since the beginning. From then on it only answers (`wake` in
 * node/peer.ts): neighbours of neighbours would otherwise wake one another until nobody sleeps.
 *
 * What that leaves out: the chatter of an idle network, and with it the repair of what is lost after a
 * transaction has ended, renewals, lapses, storage rounds and new tickets for idle links. Fit for runs
 * that are short beside a lease.
 */
import type { Endpoint } from '../../node/host.ts';
import type { Id } from '../../node/id.ts';
import { mintingPow } from '../../node/identity/difficulty.ts';
import { type Identity, mint } from '../../node/identity/mint.ts';
import type { Member as Founder } from '../../node/ledger/membership.ts';
import type { ProtocolParameters } from '../../node/parameters.ts';
import type { Genesis } from '../../node/peer/genesis.ts';
import { openPeer, type Peer } from '../../node/peer.ts';
import type { Member } from '../manifest/testnet.ts';
import { endpointNumber } from './address.ts';
import type { SimHost } from './host.ts';
import type { Streams } from './random.ts';

export interface LazyParts {
  readonly network: Id;
  readonly parameters: ProtocolParameters;
  readonly streams: Streams;
  readonly members: readonly Member[];
  /** Of the whole network: with adaptive difficulty it sets what an identity costs. */
  readonly peers: number;
  endpointOf(this: void, member: Member): Endpoint;
  openHost(this: void, member: Member): SimHost;
  /** Virtual time. */
  now(this: void): number;
}

export class LazyMembers {
  readonly #parts: LazyParts;
  readonly #mintedAtMs: number;
  /** Places in the list of members by endpoint. */
  readonly #places: ReadonlyMap<number | null, number>;
  readonly #awake = new Map<number, Peer>();
  #genesis: Genesis | null = null;

  constructor(parts: LazyParts) {
    const { members, endpointOf } = parts;
    this.#parts = parts;
    this.#mintedAtMs = parts.now();
    this.#places = new Map(members.map((member, at) => [endpointNumber(endpointOf(member)), at]));
  }

  get size(): number {
    return this.#parts.members.length;
  }

  /** Those that something has reached, by place in the list of members. */
  get awake(): ReadonlyMap<number, Peer> {
    return this.#awake;
  }

  /** Those of the members that are awake. */
  get present(): readonly Member[] {
    return [...this.#awake.keys()].flatMap((at) => this.#parts.members[at] ?? []);
  }

  /** Mints them all, one after the other: who takes them need not keep them. */
  *founders(): Generator<{ readonly member: Member; readonly founder: Founder }, void> {
    for (const member of this.#parts.members) {
      const { address, record } = this.#mint(member);
      const endpoint = this.#parts.endpointOf(member);
      yield { member, founder: { address, record, endpoint } };
    }
  }

  /** The network begins: from now on they can be reached. */
  found(genesis: Genesis): void {
    this.#genesis = genesis;
  }

  /** For `onStranger` of the network: wakes the member at this endpoint, if there is one. */
  reached(endpoint: Endpoint): Peer | undefined {
    const at = this.#places.get(endpointNumber(endpoint));
    return at === undefined ? undefined : this.wake(at);
  }

  /** The member at this place of the list, awake from now on; nobody before the network begins. */
  wake(at: number): Peer | undefined {
    const awake = this.#awake.get(at);
    const member = this.#parts.members[at];
    const genesis = this.#genesis;
    if (awake !== undefined || member === undefined || genesis === null) return awake;
    const { network, parameters, openHost } = this.#parts;
    const host = openHost(member);
    const { endpoint } = host;
    const minted = this.#mint(member);
    const wake = (id: Id): Peer | undefined => this.#peerAt(id);
    const peer = openPeer({ network, parameters, endpoint, minted, genesis, wake }, host);
    this.#awake.set(at, peer);
    host.listen((from, datagram) => peer.receive(from, datagram));
    host.order('wake', () => {
      peer.join(genesis);
      peer.start();
    });
    return peer;
  }

  #peerAt(address: Id): Peer | undefined {
    const member = this.#genesis?.members.get(address);
    return member === undefined ? undefined : this.reached(member.endpoint);
  }

  /** The same each time: nobody keeps the keys of a million members that are never heard of. */
  #mint({ name }: Member): Identity {
    const { streams, network, parameters, peers } = this.#parts;
    const random = streams.stream('identity', name);
    return mint(network, mintingPow(parameters, peers), {
      now: () => this.#mintedAtMs,
      random: (length) => random.bytes(length),
    });
  }
}
