/**
 * Where an attack by positioned identities takes place, as a function of what the attacker knows before it has a single
 * identity: the network's id, its rules, and how many peers it is said to have.
 */
import { hash } from '../../node/crypto/hash.ts';
import { type Id, idToBytes, isId } from '../../node/id.ts';
import { freshMs } from '../../node/identity/freshness.ts';
import type { ProtocolParameters } from '../../node/parameters.ts';
import type { Birth, Knobs } from '../../node/runtime/adversarial.ts';
import { reachFor, shareBetween } from './capture.ts';

/** Of the time within which an identity is fresh: the rest is left for its way in. */
const BACKDATED_SHARE = 0.5;

/** The point on the ring: that which the knob names, else one that only the network's id decides. */
export function targetOf(network: Id, { target }: Knobs): Id {
  const named = String(target);
  return isId(named) ? named : hash('attack', idToBytes(network));
}

/** Half-width of the arc within which identities are kept, as a share of the ring. */
export function reachOf({ captured, reach }: Knobs, honest: number, k: number): number {
  const own = Number(reach);
  return own > 0 ? own : reachFor({ k, m: Math.min(k, Number(captured)), honest });
}

/** Is an address near enough to the target to be kept? */
export function isWanted({ network, knobs, parameters, peers, members }: Birth) {
  const target = targetOf(network, knobs);
  const reach = reachOf(knobs, Math.max(1, peers - members), parameters.k);
  return (address: Id): boolean => shareBetween(address, target) <= reach;
}

/**
 * When identities claim to have been made. The maker writes this time itself, so that as many as were
 * made within a second look as if they had come over weeks: spread evenly over what is still fresh.
 */
export function claimedAt(
  nowMs: number,
  {
    index,
    members,
    parameters,
  }: Pick<Birth, 'index' | 'members'> & {
    readonly parameters: Pick<ProtocolParameters, 'timeScale'>;
  },
): number {
  const spanMs = BACKDATED_SHARE * freshMs(parameters);
  return Math.floor(nowMs - (spanMs * index) / Math.max(1, members));
}
