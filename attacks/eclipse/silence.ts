/** What eclipsers must not say to others than their victim, and what it is not to hear from them. */
import type { Id } from '../../node/id.ts';
import type { Message } from '../../node/wire/messages.ts';

/** Would it make them known as members? Elsewhere they are strangers, and nobody misses strangers. */
export function isHushed(message: Message, members: readonly Id[]): boolean {
  switch (message.type) {
    case 'introduce':
      return true;
    case 'submit':
    case 'transaction':
      return message.transaction.body.changes.some(({ token }) => members.includes(token));
    case 'found':
      return message.members.some(({ address }) => members.includes(address));
    case 'standings':
      return message.standings.some(({ address }) => members.includes(address));
    default:
      return false;
  }
}

/** Would the victim learn from it what the network committed? */
export function isNews({ type }: Message): boolean {
  return (
    type === 'vote' ||
    type === 'signed-vote' ||
    type === 'vote-certificate' ||
    type === 'transaction' ||
    type === 'commits' ||
    type === 'witness'
  );
}

/** Would it help the victim to speak again after a restart? It needs its epoch noted by most near it. */
export function isWelcome({ type }: Message): boolean {
  return type === 'epoch' || type === 'epoch-noted';
}
