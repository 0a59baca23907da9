/**
 * What accomplices tell one another, out of band, as JSON. It is checked like anything that comes
 * from outside: an accomplice may be of another version, and a mind that throws ends its peer.
 */
import { decode } from '../../node/codec/reader.ts';
import { type Id, isId } from '../../node/id.ts';
import { encodeTransaction, readTransaction } from '../../node/ledger/transaction.ts';
import type { Transaction } from '../../node/ledger/types.ts';

/** Is it an object that calls itself so? */
export function isKind(message: unknown, kind: string): message is { readonly kind: string } {
  return (
    typeof message === 'object' && message !== null && 'kind' in message && message.kind === kind
  );
}

export function areIds(value: unknown): value is Id[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && isId(item));
}

/** Hex, for a message. */
export function transactionToHex(transaction: Transaction): string {
  return encodeTransaction(transaction).toHex();
}

/** Null for anything else. */
export function transactionFromHex(hex: unknown): Transaction | null {
  if (typeof hex !== 'string' || !/^([0-9a-f]{2})+$/.test(hex)) return null;
  const read = decode(Uint8Array.fromHex(hex), readTransaction);
  return read.ok ? read.value : null;
}
