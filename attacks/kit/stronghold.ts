/** Where a group that lies anywhere on the ring is strongest: places its owner can make tokens at. */
import type { Id } from '../../node/id.ts';
import type { Peer } from '../../node/peer.ts';

/** Members of the group among those that keep a token. */
export function ownKeepers(peer: Peer, token: Id, group: readonly Id[]): readonly Id[] {
  return peer.membership.near(token, peer.parameters.k).filter((id) => group.includes(id));
}

/** Of `points` the one that most of the group keep; all of the group choose alike. */
export function strongest(peer: Peer, points: Iterable<Id>, group: readonly Id[]): Id | null {
  let best: { readonly point: Id; readonly own: number } | null = null;
  for (const point of [...points].sort()) {
    const own = ownKeepers(peer, point, group).length;
    if (own > (best?.own ?? 0)) best = { point, own };
  }
  return best?.point ?? null;
}
