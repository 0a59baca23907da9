/** The list of peers and the orders in which it can be read. */
import type { RingPeer } from '../live/model.ts';
import { STANDINGS, standingOf } from './standing.ts';

export const PEER_ORDERS = [
  'address',
  'name',
  'region',
  'standing',
  'banned',
  'phase',
  'height',
  'tokens',
  'pending',
] as const;
export type PeerOrder = (typeof PEER_ORDERS)[number];

type Value = number | string;

const VALUES: Readonly<Record<PeerOrder, (peer: RingPeer) => Value>> = {
  address: ({ address, name }) => address ?? `~${name}`,
  name: ({ name }) => name,
  region: ({ region }) => region,
  standing: (peer) => STANDINGS.indexOf(standingOf(peer)),
  // Figures from the largest.
  banned: ({ bannedBy }) => -bannedBy,
  phase: ({ phase }) => phase ?? '~',
  height: ({ health }) => -(health?.height ?? -1),
  tokens: ({ health }) => -(health?.tokens ?? -1),
  pending: ({ health }) => -(health?.pending ?? -1),
};

/** In this order; equal ones by address. */
export function orderedPeers(ring: readonly RingPeer[], order: PeerOrder): readonly RingPeer[] {
  if (order === 'address') return ring;
  const value = VALUES[order];
  return ring.toSorted((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === right) return 0;
    return left < right ? -1 : 1;
  });
}
