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

/** Is an address near enough to the target to be kept, and in this one's part of the arc if all keep apart? */
export function isWanted({ network, knobs, parameters, index, peers, members }: Birth) {
  const target = targetOf(network, knobs);
  const reach = reachOf(knobs, Math.max(1, peers - members), parameters.k);
  if (knobs['apart'] !== true)
    return (address: Id): boolean => shareBetween(address, target) <= reach;
  // No two within half a part of each other: of its part each leaves a quarter free on either side.
  const part = (2 * reach) / Math.max(1, members);
  const centre = pointBeside(target, part * (index + 0.5) - reach);
  return (address: Id): boolean => shareBetween(address, centre) <= part / 4;
}

/** The point that lies so large a share of the ring further; the shares of a negative one back. */
function pointBeside(point: Id, share: number): Id {
  const steps = BigInt(Math.round(share * RING_STEPS)) * (RING / BigInt(RING_STEPS));
  const at = (((BigInt(`0x${point}`) + steps) % RING) + RING) % RING;
  return at.toString(16).padStart(64, '0');
}

/** Points that are tried on each side of the target, and how many of them lie between two members. */
const STEPS_EACH_SIDE = 48;
const STEPS_PER_MEMBER = 8;
const RING = 1n << 256n;
/** Parts of the ring that a share is told in: what a number holds exactly. */
const RING_STEPS = 2 ** 52;

/**
 * Where two honest keepers or more can be told different things, and the most keepers are its own:
 * who has them all has nobody to deceive. Of such points the one nearest the target; else the target.
 */
export function divisiblePlace(
  target: Id,
  {
    near,
    members,
    size,
  }: {
    near(this: void, point: Id): readonly Id[];
    readonly members: readonly Id[];
    /** Of the network. */
    readonly size: number;
  },
): Id {
  const step = RING / BigInt(STEPS_PER_MEMBER * Math.max(1, size));
  let best = { point: target, side: -1 };
  for (let index = 0; index <= 2 * STEPS_EACH_SIDE; index += 1) {
    // 0, 1, −1, 2, −2, …
    const steps = BigInt(Math.ceil(index / 2)) * (index % 2 === 1 ? 1n : -1n);
    const at = (((BigInt(`0x${target}`) + steps * step) % RING) + RING) % RING;
    const point = at.toString(16).padStart(64, '0');
    const keepers = near(point);
    const own = keepers.filter((id) => members.includes(id)).length;
    const honest = keepers.length - own;
    // The weaker side's voices: what has to be a quorum.
    const side = own + Math.floor(honest / 2);
    if (own > 0 && honest >= 2 && side > best.side) best = { point, side };
  }
  return best.point;
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
