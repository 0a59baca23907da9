/** Whom forgers accuse; a function of what they all know, so that they need not agree. */
import type { Id } from '../../node/id.ts';
import type { Membership } from '../../node/ledger/membership.ts';

/** Members that are no forgers, those with most forgers among their k nearest first. */
export function chooseVictims(
  membership: Membership,
  forgers: ReadonlySet<Id>,
  { k, count }: { readonly k: number; readonly count: number },
): readonly Id[] {
  const captured = (victim: Id): number =>
    membership.near(victim, k).filter((id) => forgers.has(id)).length;
  return [...membership.counted]
    .filter((id) => !forgers.has(id))
    .map((id) => ({ id, captured: captured(id) }))
    .sort((a, b) => b.captured - a.captured || (a.id < b.id ? -1 : 1))
    .slice(0, count)
    .map(({ id }) => id);
}
