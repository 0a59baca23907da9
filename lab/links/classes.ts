/**
 * What one member's outgoing links look like: one class for every region of the network, its own
 * included, with the profile of that direction and whether a partition cuts it.
 */
import type { LinkClass } from '../../node/control.ts';
import type { LinkProfile } from '../manifest/testnet.ts';

/** One direction that a partition cuts. */
export interface Cut {
  readonly from: string;
  readonly to: string;
}

/**
 * The classes of a member in `region`, in the order of `subnets` (a class's place in the list is its
 * number in the kernel, so the order must be the same at every call).
 *
 * Throws a RangeError when a pair of regions has no profile: a testnet names all of them.
 */
export function classesFor(
  region: string,
  profiles: readonly LinkProfile[],
  subnets: Readonly<Record<string, string>>,
  cuts: readonly Cut[],
): LinkClass[] {
  const outgoing = new Map(
    profiles.filter((profile) => profile.from === region).map((profile) => [profile.to, profile]),
  );
  return Object.entries(subnets).map(([to, subnet]) => {
    const profile = outgoing.get(to);
    if (profile === undefined) throw new RangeError(`no link profile from ${region} to ${to}`);
    const { from: _from, to: _to, ...shape } = profile;
    const cut = cuts.some((one) => one.from === region && one.to === to);
    return { region: to, subnet, ...shape, cut };
  });
}
