/** Messages by which peers prove that they store their range (PROTOCOL.md 5). */
import type { Id } from '../id.ts';
import { CHUNK_BITS, CHUNKS, NONCE_BYTES } from '../ledger/storage-proof.ts';
import type { Formats } from './format.ts';

export type ProvingMessage =
  /** Which stored tokens match? What S is made of the answerer knows: the token's transaction too. */
  | {
      readonly type: 'challenge';
      readonly token: Id;
      readonly nonce: Uint8Array;
      /** Low bits that have to match, 0–10. */
      readonly bits: number;
    }
  | {
      readonly type: 'storage-proof';
      readonly nonce: Uint8Array;
      /** The transaction that entered S: the token's, or zero when it is not stored. */
      readonly tx: Id;
      /** One per chunk: the token and the transaction that gave it its mapping. */
      readonly found: readonly (StoredToken | null)[];
    };

export interface StoredToken {
  readonly token: Id;
  readonly tx: Id;
}

export function isProvingMessage(message: { readonly type: string }): message is ProvingMessage {
  return Object.hasOwn(PROVING, message.type);
}

export const PROVING: Formats<ProvingMessage> = {
  challenge: {
    write: (writer, { token, nonce, bits }) => writer.id(token).raw(nonce).u8(bits),
    read: (reader) => ({
      type: 'challenge',
      token: reader.id(),
      nonce: reader.raw(NONCE_BYTES),
      bits: reader.oneOf(Array.from({ length: CHUNK_BITS + 1 }, (_, bits) => bits)),
    }),
  },
  'storage-proof': {
    write: (writer, { nonce, tx, found }) => {
      writer.raw(nonce).id(tx);
      writer.list(found, (stored) => {
        writer.u8(stored === null ? 0 : 1);
        if (stored !== null) writer.id(stored.token).id(stored.tx);
      });
    },
    read: (reader) => ({
      type: 'storage-proof',
      nonce: reader.raw(NONCE_BYTES),
      tx: reader.id(),
      found: reader.list(CHUNKS, CHUNKS, () =>
        reader.boolean() ? { token: reader.id(), tx: reader.id() } : null,
      ),
    }),
  },
};
