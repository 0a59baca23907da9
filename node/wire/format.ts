/** How one type of message is written after its type byte, and read again. */
import type { Reader } from '../codec/reader.ts';
import type { Writer } from '../codec/writer.ts';

export interface Format<M extends { readonly type: string }> {
  write(writer: Writer, message: M): void;
  /** Throws `Malformed` for what is not the one encoding of a value. */
  read(reader: Reader): M;
}

/** One format per type of a union of messages. */
export type Formats<M extends { readonly type: string }> = {
  readonly [T in M['type']]: Format<Extract<M, { readonly type: T }>>;
};
