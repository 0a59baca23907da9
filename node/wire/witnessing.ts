/** The message that brings a committed transaction to its witnesses (PROTOCOL.md 3). */
import { readTransaction, writeTransaction } from '../ledger/transaction.ts';
import type { Transaction } from '../ledger/types.ts';
import type { Formats } from './format.ts';

/** A keeper's word that this was committed: keep a copy, you are near its id. */
export type WitnessingMessage = { readonly type: 'witness'; readonly transaction: Transaction };

export const WITNESSING: Formats<WitnessingMessage> = {
  witness: {
    write: (writer, { transaction }) => writeTransaction(writer, transaction),
    read: (reader) => ({ type: 'witness', transaction: readTransaction(reader) }),
  },
};
