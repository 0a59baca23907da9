/** What of the feed is shown, and what an entry leads to. */
import type { FeedEntry, FeedKind, RingPeer } from '../live/model.ts';
import type { Subject } from './subject.ts';

/** What one can filter by: each kind, everything, and everything but what happens all the time. */
export const FEED_FILTERS = [
  'all',
  'notable',
  'commit',
  'conflict',
  'statement',
  'evidence',
  'flag',
  'ban',
  'slash',
  'attack',
  'fault',
  'phase',
  'note',
] as const;
export type FeedFilter = (typeof FEED_FILTERS)[number];

const EVERYDAY: ReadonlySet<FeedKind> = new Set(['commit', 'statement']);

export interface FeedChoice {
  readonly filter: FeedFilter;
  /** Anything of an entry that contains it, in whatever case. */
  readonly text: string;
}

/** The entries that are wanted, in their order. */
export function chosenEntries(
  feed: readonly FeedEntry[],
  { filter, text }: FeedChoice,
): readonly FeedEntry[] {
  if (filter === 'all' && text === '') return feed;
  const wanted = text.toLowerCase();
  const has = (part: string | null) => part?.toLowerCase().includes(wanted) === true;
  return feed.filter(({ kind, peer, subject, text: said }) => {
    if (filter === 'notable' ? EVERYDAY.has(kind) : filter !== 'all' && filter !== kind) {
      return false;
    }
    return wanted === '' || has(said) || has(peer) || has(subject) || has(kind);
  });
}

const HASH = /^[0-9a-f]{64}$/;

/** What opens when an entry is chosen: its subject, or the member that reported it; null if neither. */
export function subjectOf(entry: FeedEntry, ring: readonly RingPeer[]): Subject | null {
  const { kind, peer, subject } = entry;
  if (subject !== null) {
    const there = ring.find(({ address, name }) => address === subject || name === subject);
    if (there !== undefined) return { kind: 'peer', id: there.name };
    if (HASH.test(subject)) {
      return { kind: kind === 'evidence' ? 'evidence' : 'transaction', id: subject };
    }
  }
  return peer === null ? null : { kind: 'peer', id: peer };
}
