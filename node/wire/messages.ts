/**
 * The messages between peers and clients, inside sealed datagrams (PROTOCOL.md 2). A message is one
 * byte, the place of its type in TYPES, then the fields in the order given at each type; lists have
 * an 8-bit count, optional parts a 0/1 byte before them. One value has one encoding. Each group of
 * messages has its types and formats in a file of its own.
 */
import { decode, type Decoded } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { isHandedOver } from '../crypto/cryptography.ts';
import type { MessageValue } from '../transport/shedding.ts';
import { ACCUSING, type AccusingMessage } from './accusing.ts';
import { EPOCHS, type EpochMessage } from './epochs.ts';
import { FINDING, type FindingMessage } from './finding.ts';
import type { Format, Formats } from './format.ts';
import { FORWARDING, type ForwardingMessage } from './forwarding.ts';
import { JOINING, type JoiningMessage } from './joining.ts';
import { KEEPING, type KeepingMessage } from './keeping.ts';
import { PROVING, type ProvingMessage } from './proving.ts';
import { VOTING, type VotingMessage } from './voting.ts';
import { VALUES } from './values.ts';
import { WITNESSING, type WitnessingMessage } from './witnessing.ts';

export type Message =
  | VotingMessage
  | KeepingMessage
  | AccusingMessage
  | EpochMessage
  | WitnessingMessage
  | JoiningMessage
  | FindingMessage
  | ProvingMessage
  | ForwardingMessage;

export type MessageType = Message['type'];

const FORMATS: Formats<Message> = {
  ...VOTING,
  ...KEEPING,
  ...ACCUSING,
  ...EPOCHS,
  ...WITNESSING,
  ...JOINING,
  ...FINDING,
  ...PROVING,
  ...FORWARDING,
};

/** On the wire by position: add at the end. */
export const TYPES: readonly MessageType[] = [
  'submit',
  'vote',
  'ask-votes',
  'get-transaction',
  'transaction',
  'committed',
  'ask-commits',
  'commits',
  'ask-mapping',
  'statement',
  'get-block',
  'block',
  'dispute',
  'evidence',
  'ask-epoch',
  'epoch',
  'announce-epoch',
  'epoch-noted',
  'witness',
  'signed-vote',
  'vote-certificate',
  'frozen',
  'introduce',
  'ask-identity',
  'standings',
  'ask-standings',
  'find',
  'found',
  'challenge',
  'storage-proof',
  'forward',
];

interface Kind {
  readonly type: MessageType | 'malformed';
  readonly value: MessageValue;
}

const KINDS: readonly Kind[] = TYPES.map((type) => ({ type, value: VALUES[type] }));
const MALFORMED: Kind = { type: 'malformed', value: 0 };

/** A message's bytes with the message itself: whoever gets it need not read them. Simulations only. */
class Letter extends Uint8Array<ArrayBuffer> {
  readonly decoded: Decoded<Message>;

  constructor({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>, message: Message) {
    super(buffer, byteOffset, length);
    this.decoded = { ok: true, value: message };
  }

  /** Fragments of it are plain bytes. */
  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array;
  }
}

/** To be sent, not to be kept (codec/shared.ts). */
export function encodeMessage(message: Message): Uint8Array {
  const writer = new Writer().u8(TYPES.indexOf(message.type));
  formatOf(message.type).write(writer, message);
  const bytes = writer.finishShared();
  return isHandedOver() ? new Letter(bytes, message) : bytes;
}

/** Never throws for what a stranger sent. */
export function decodeMessage(bytes: Uint8Array): Decoded<Message> {
  if (bytes instanceof Letter) return bytes.decoded;
  return decode(bytes, (reader) => formatOf(reader.oneOf(TYPES)).read(reader));
}

/** What the type byte says, before anything else of a message is read. */
export function kindOf(bytes: Uint8Array): Kind {
  return KINDS[bytes[0] ?? KINDS.length] ?? MALFORMED;
}

function formatOf(type: MessageType): Format<Message> {
  return FORMATS[type];
}
