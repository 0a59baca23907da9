/** A peer that the genesis of a swarm does not name. */
import type { Decisions } from '../../node/decisions.ts';
import type { Id } from '../../node/id.ts';
import { type Identity, mint, type MintSources } from '../../node/identity/mint.ts';
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
  const { decisions = {}, madeMs, wants } = options;
  if (madeMs !== undefined) {
    storeIdentity(host.store, mint(NETWORK, parameters.pow, { ...host, now: () => madeMs }));
  }
  const minted = wants === undefined ? null : mintWanted(host, parameters.pow, wants);
  const peer = openPeer({ network: NETWORK, parameters, endpoint, decisions, minted }, host);
  swarm.network.attach(endpoint, (from, datagram) => peer.receive(from, datagram));
  peer.start();
  peer.found(
    swarm.seated.map(({ peer: founder, endpoint: at }) => ({
      record: founder.identity.record,
      endpoint: at,
    })),
  );
  return { endpoint, host, peer };
}

function mintWanted(
  sources: MintSources,
  pow: ProtocolParameters['pow'],
  wants: (address: Id) => boolean,
): Identity {
  for (;;) {
    const minted = mint(NETWORK, pow, sources);
    if (wants(minted.address)) return minted;
  }
}
