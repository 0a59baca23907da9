/**
 * A network of which only those are awake whom something has reached. All members are in the genesis;
 * each comes into being at the first datagram for it, or at a neighbour's for it, as if it had been
 * idle and connected to its neighbours since the beginning. From then on it only answers (`wake` in
 * node/peer.ts): neighbours of neighbours would otherwise wake one another until nobody sleeps.
 *
 * What that leaves out: the chatter of an idle network, and with it the repair of what is lost after a
 * transaction has ended, renewals and lapses. Fit for runs that are short beside a lease.
 */
import type { LinkClass } from '../../node/control.ts';
import type { Endpoint } from '../../node/host.ts';
import type { Id } from '../../node/id.ts';
import { type Identity, mint } from '../../node/identity/mint.ts';
import type { Member } from '../../node/ledger/membership.ts';
import type { ProtocolParameters } from '../../node/parameters.ts';
import { Genesis } from '../../node/peer/genesis.ts';
import { openPeer, type Peer } from '../../node/peer.ts';
import type { Row } from '../../node/telemetry.ts';
import { addressNumber, endpointOf } from './address.ts';
import { SimHost } from './host.ts';
import type { SimNetwork } from './links.ts';
import type { Streams } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';

/** Members live in 10.0.0.0/8, which has room for sixteen million. */
const FIRST_ADDRESS = 10 * 2 ** 24;
export const MAX_LAZY_MEMBERS = 2 ** 24;
const PORT = 4000;

export interface LazyParts {
  readonly scheduler: Scheduler;
  readonly streams: Streams;
  readonly networkId: Id;
  readonly parameters: ProtocolParameters;
  readonly members: number;
  /** Of whatever a member sends; one list for all. */
  readonly classes: readonly LinkClass[];
  /** A row of the member with this index, at the present virtual time. */
  report(index: number, row: Row): void;
  readonly trace?: Trace;
}

export class LazyMembers {
  readonly genesis: Genesis;
  readonly #parts: LazyParts;
  /** Asked only once members can be reached. */
  readonly #network: () => SimNetwork;
  readonly #mintedAtMs: number;
  readonly #awake = new Map<number, Peer>();

  /** Mints them all. RangeError for more than there are addresses. */
  constructor(parts: LazyParts, network: () => SimNetwork) {
    if (parts.members > MAX_LAZY_MEMBERS) {
      throw new RangeError(`at most ${MAX_LAZY_MEMBERS} members, not ${parts.members}`);
    }
    this.#parts = parts;
    this.#network = network;
    this.#mintedAtMs = parts.scheduler.now;
    this.genesis = Genesis.trusted(this.#founders(), parts.networkId);
  }

  /** Those that something has reached, by index. */
  get awake(): ReadonlyMap<number, Peer> {
    return this.#awake;
  }

  /** For `onStranger` of the network: wakes the member at this endpoint, if there is one. */
  reached(endpoint: Endpoint): Peer | undefined {
    const index = (addressNumber(endpoint.ip) ?? 0) - FIRST_ADDRESS;
    const isMember = index >= 0 && index < this.#parts.members && endpoint.port === PORT;
    return isMember ? this.wake(index) : undefined;
  }

  wake(index: number): Peer {
    const awake = this.#awake.get(index);
    if (awake !== undefined) return awake;
    const { scheduler, streams, networkId: network, parameters, classes, trace } = this.#parts;
    const endpoint = placeOf(index);
    this.#network().setClasses(endpoint, 'lazy', classes);
    const host = new SimHost({
      scheduler,
      random: streams.stream('member', index),
      endpoint,
      network: this.#network(),
      report: (row) => this.#parts.report(index, row),
      ...(trace === undefined ? {} : { trace }),
    });
    const minted = this.#mint(index);
    const { genesis } = this;
    const wake = (id: Id): Peer | undefined => this.#peerAt(id);
    const peer = openPeer({ network, parameters, endpoint, minted, genesis, wake }, host);
    this.#awake.set(index, peer);
    host.listen((from, datagram) => peer.receive(from, datagram));
    host.order('wake', () => {
      peer.join(genesis);
      peer.start();
    });
    return peer;
  }

  #peerAt(address: Id): Peer | undefined {
    const member = this.genesis.members.get(address);
    return member === undefined ? undefined : this.reached(member.endpoint);
  }

  *#founders(): Generator<Member, void> {
    for (let index = 0; index < this.#parts.members; index += 1) {
      const { address, record } = this.#mint(index);
      yield { address, record, endpoint: placeOf(index) };
    }
  }

  /** The same each time: nobody keeps the keys of a million members that are never heard of. */
  #mint(index: number): Identity {
    const { streams, networkId, parameters } = this.#parts;
    const random = streams.stream('identity', index);
    return mint(networkId, parameters.pow, {
      now: () => this.#mintedAtMs,
      random: (length) => random.bytes(length),
    });
  }
}

function placeOf(index: number): Endpoint {
  return endpointOf((FIRST_ADDRESS + index) * 65_536 + PORT);
}
