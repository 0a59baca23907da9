/** How a peer stands, as far as its operator knows: what its mark on the map and in the list says. */
import type { RingPeer } from '../live/model.ts';
import type { Marks } from './look.ts';
import type { Tone } from './text.ts';

export type Standing = 'banned' | 'adversary' | 'asleep' | 'absent' | 'peer';

/** From what is looked at first to what is as it should be. */
export const STANDINGS: readonly Standing[] = ['banned', 'adversary', 'asleep', 'absent', 'peer'];

const PRESENT: ReadonlySet<RingPeer['state']> = new Set(['running', 'paused']);

/** A ban counts most, then what the operator ordered, then whether it is there at all. */
export function standingOf(peer: RingPeer): Standing {
  if (peer.bannedBy > 0) return 'banned';
  if (!PRESENT.has(peer.state)) return 'absent';
  if (peer.adversary !== null) return peer.active ? 'adversary' : 'asleep';
  return 'peer';
}

export const STANDING_WORDS: Readonly<Record<Standing, string>> = {
  banned: 'banned',
  adversary: 'adversary, ordered to act',
  asleep: 'adversary, asleep',
  absent: 'not there',
  peer: 'peer',
};

/** In a column. */
export const STANDING_SHORT: Readonly<Record<Standing, string>> = {
  banned: 'banned',
  adversary: 'attacking',
  asleep: 'asleep',
  absent: 'absent',
  peer: 'peer',
};

export const STANDING_TONES: Readonly<Record<Standing, Tone>> = {
  banned: 'bad',
  adversary: 'warning',
  asleep: 'accent',
  absent: 'dim',
  peer: 'normal',
};

/** Its mark on this terminal. */
export function markOf(standing: Standing, marks: Marks): string {
  return marks[standing];
}
