/** Messages about a peer's own epochs (PROTOCOL.md 7), between it and those nearest to it. */
import { readSignedHeader, writeSignedHeader } from '../ledger/block.ts';
import type { SignedHeader } from '../minefield/types.ts';
import type { Formats } from './format.ts';

export type EpochMessage =
  /** What is the highest epoch that you ever saw of me, and the highest time that I stated? */
  | { readonly type: 'ask-epoch' }
  /** The first block of that epoch, signed by the asker; null and 0: none was seen. */
  | { readonly type: 'epoch'; readonly reset: SignedHeader | null; readonly time: number }
  /** The sender has opened this epoch. */
  | { readonly type: 'announce-epoch'; readonly reset: SignedHeader }
  /** It is written down. */
  | { readonly type: 'epoch-noted'; readonly epoch: number };

export const EPOCHS: Formats<EpochMessage> = {
  'ask-epoch': {
    write: (writer) => writer,
    read: () => ({ type: 'ask-epoch' }),
  },
  epoch: {
    write: (writer, { reset, time }) => {
      writer.u8(reset === null ? 0 : 1);
      if (reset !== null) writeSignedHeader(writer, reset);
      writer.u64(time);
    },
    read: (reader) => ({
      type: 'epoch',
      reset: reader.boolean() ? readSignedHeader(reader) : null,
      time: reader.u64(),
    }),
  },
  'announce-epoch': {
    write: (writer, { reset }) => writeSignedHeader(writer, reset),
    read: (reader) => ({ type: 'announce-epoch', reset: readSignedHeader(reader) }),
  },
  'epoch-noted': {
    write: (writer, { epoch }) => writer.u64(epoch),
    read: (reader) => ({ type: 'epoch-noted', epoch: reader.u64() }),
  },
};

/** Those that are dealt with also before the own epoch is open. */
export function isEpochMessage(message: { readonly type: string }): message is EpochMessage {
  return Object.hasOwn(EPOCHS, message.type);
}
