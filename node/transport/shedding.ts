/** Which message goes first when there are too many (PROTOCOL.md 2). */

/** 0 is shed first, 4 last. */
export type MessageValue = 0 | 1 | 2 | 3 | 4;
export const HIGHEST_VALUE: MessageValue = 4;

/** Beyond it a client's messages are not worth more: it submits and asks, it does not vote. */
const CLIENT_VALUE = 2;
/** A peer that no member vouches for: a newcomer, or whoever made an identity to flood from. */
const STRANGER_VALUE = 0;

/** What a message of this value is worth from (or to) such a remote. */
export function worth(
  value: MessageValue,
  remote: { readonly kind: 'peer' | 'client'; readonly isMember: boolean },
): MessageValue {
  if (remote.isMember) return value;
  const most = remote.kind === 'client' ? CLIENT_VALUE : STRANGER_VALUE;
  return value < most ? value : most;
}

/** Takes the least valuable out, the oldest of those; null from an empty list. */
export function takeLeast<T extends { readonly value: MessageValue }>(waiting: T[]): T | null {
  let least = 0;
  for (const [at, { value }] of waiting.entries()) {
    if (value < (waiting[least]?.value ?? value)) least = at;
  }
  return waiting.splice(least, 1)[0] ?? null;
}
