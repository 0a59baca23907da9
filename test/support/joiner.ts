/** A peer that the genesis of a swarm does not name. */
import type { Decisions } from '../../node/decisions.ts';
import type { Id } from '../../node/id.ts';
import { mint } from '../../node/identity/mint.ts';
import { storeIdentity } from '../../node/identity/stored.ts';
import type { ProtocolParameters } from '../../node/parameters.ts';
import { openPeer } from '../../node/peer.ts';
import { virtualEndpoint } from './network.ts';
import { NETWORK, type Seated, type Swarm } from './swarm.ts';

export interface JoinerOptions {
  readonly parameters?: Partial<ProtocolParameters>;
  readonly decisions?: Partial<Decisions>;
  /** When its identity was minted, ms; now unless said. */
  readonly madeMs?: number;
  /** Mints until it has an address that is wanted; any, unless said. */
  readonly wants?: (address: Id) => boolean;
}

/** Starts it now; `index` is of its endpoint, above all that the swarm uses. */
export function joined(swarm: Swarm, index: number, options: JoinerOptions = {}): Seated {
  const endpoint = virtualEndpoint(index);
  const host = swarm.network.host(endpoint);
  const parameters = { ...swarm.parameters, ...options.parameters };
  const { decisions = {}, madeMs = host.now(), wants = () => true } = options;
  const sources = { now: () => madeMs, random: (length: number) => host.random(length) };
  let identity = mint(NETWORK, parameters.pow, sources);
  while (!wants(identity.address)) identity = mint(NETWORK, parameters.pow, sources);
  storeIdentity(host.store, identity);
  const peer = openPeer({ network: NETWORK, parameters, endpoint, decisions }, host);
  swarm.network.attach(endpoint, (from, datagram) => peer.receive(from, datagram));
  peer.start();
  peer.found(
    swarm.seated.map(({ peer: { identity }, endpoint: at }) => ({
      record: identity.record,
      endpoint: at,
    })),
  );
  return { endpoint, host, peer };
}
