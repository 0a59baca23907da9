/** What this peer knows when it judges a transaction. */
import type { Id } from '../id.ts';
import { isSupported } from '../ledger/supporting.ts';
import type { Knowledge } from '../voting/judge.ts';
import type { PeerContext } from './context.ts';

/** Its own holdings; what it must ask others of its parts comes with `events`. */
export function knowledgeOf(
  { holdings }: Pick<PeerContext, 'holdings'>,
  events: Pick<Knowledge, 'identities'> & { convicts(charge: Id, token: Id): boolean },
): Knowledge {
  return {
    mapping: (token) => holdings.mapping(token),
    isCommitted: (tx) => holdings.isCommitted(tx),
    timestampOf: (tx) => holdings.timestampOf(tx),
    isSupported: (tx, token) => {
      const transaction = holdings.isOfHighValue(tx) ? holdings.transaction(tx) : undefined;
      return transaction !== undefined && isSupported(transaction, token);
    },
    convicts: (charge, token) => events.convicts(charge, token),
    identities: events.identities,
  };
}
