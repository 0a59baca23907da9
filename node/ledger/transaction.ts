/**
 * Transactions (PROTOCOL.md 3): form, id, authorisations, bytes.
 *
 * Body: network 32 ‖ timestamp u64 ‖ value class u8 (0 low, 1 high) ‖ extra neighbours u8 (0–64) ‖
 * purpose u8 (order of PURPOSES; after a slashing's the charge 32) ‖ count u8 (1–6) ‖ per change token 32 ‖ owner 32 ‖ previous 32, tokens strictly rising.
 * `id = H(transaction, body)`. A transaction is its body, then per change key 32 ‖ signature 64; the
 * id is derived. Each signature is over `H(authorisation, id 32 ‖ index of the change u8)`, and the
 * id covers the network: a signature fits one change of one transaction of one network.
 *
 * Who signs: a creation, the new key (its hash is the owner); a later change, the key whose hash
 * the previous mapping names (voters compare, see `authorisedBy`); a slashing or lapse, its proposer; a
 * witness token (previous 0, owner 0), which nobody owns, the key of the transaction's first change
 * that is not a witness. So no stranger can swap an authorisation and leave the id as it was, and a
 * transaction of witnesses only, which would move nothing, is refused.
 */
import type { Reader } from '../codec/reader.ts';
import { Malformed } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import {
  PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
  type SigningKey,
  verifySignature,
} from '../crypto/ed25519.ts';
import { hash, hashBytes } from '../crypto/hash.ts';
import { type Id, idToBytes, ZERO_ID } from '../id.ts';
import type { Purpose, TokenChange, Transaction, TransactionBody } from './types.ts';

/** PROTOCOL.md 3. */
export const MAX_CHANGES = 6;

/** PROTOCOL.md 3. Bounds an owner's clock, not the network's pace: it is not scaled. */
export const MAX_AHEAD_MS = 2 * 3_600_000;

const VALUE_CLASSES = ['low', 'high'] as const;

/** On the wire by position: add at the end. */
const PURPOSES = [
  'ordinary',
  'slashing',
  'register',
  'synchronised',
  'renewal',
  'lapse',
] as const satisfies readonly Purpose['kind'][];

/** Larger neighbourhoods than these make a transaction a burden to a whole small network. */
export const MAX_EXTRA_NEIGHBOURS = 64;

export const ORDINARY: Purpose = { kind: 'ordinary' };

export type Check = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** The owner that a mapping names for a key: `H(key, publicKey 32)`. */
export function keyHash(publicKey: Uint8Array): Id {
  return hash('key', publicKey);
}

export function transactionId(body: TransactionBody): Id {
  return hash('transaction', encodeBody(body));
}

/** `keys`: one per change in the order of the changes; for a slashing the proposer's. */
export function signTransaction(body: TransactionBody, keys: readonly SigningKey[]): Transaction {
  const fault = formFault(body);
  if (fault !== null) throw new RangeError(`not a transaction: ${fault}`);
  if (keys.length !== body.changes.length) {
    throw new RangeError(`${keys.length} keys for ${body.changes.length} changes`);
  }
  const id = transactionId(body);
  const authorisations = keys.map((key, index) => ({
    key: key.publicKey,
    signature: key.sign(signedMessage(id, index)),
  }));
  return { id, body, authorisations };
}

export function encodeTransaction(transaction: Transaction): Uint8Array {
  const writer = new Writer();
  writeTransaction(writer, transaction);
  return writer.finish();
}

export function writeTransaction(writer: Writer, { body, authorisations }: Transaction): void {
  if (authorisations.length !== body.changes.length) {
    throw new RangeError(`${authorisations.length} authorisations, not ${body.changes.length}`);
  }
  writer.raw(encodeBody(body));
  for (const { key, signature } of authorisations) writer.raw(key).raw(signature);
}

/** Refuses what is not in the one form; signatures and clock are `checkTransaction`'s. */
export function readTransaction(reader: Reader): Transaction {
  const from = reader.position;
  const network = reader.id();
  const timestamp = reader.u64();
  const valueClass = reader.oneOf(VALUE_CLASSES);
  const extraNeighbours = reader.u8();
  const kind = reader.oneOf(PURPOSES);
  const purpose = kind === 'slashing' ? { kind, charge: reader.id() } : { kind };
  const changes = reader.list(1, MAX_CHANGES, () => ({
    token: reader.id(),
    owner: reader.id(),
    previous: reader.id(),
  }));
  const body: TransactionBody = {
    network,
    changes,
    timestamp,
    valueClass,
    extraNeighbours,
    purpose,
  };
  const fault = formFault(body);
  if (fault !== null) throw new Malformed(fault);
  // A body has one encoding: what was read is what would be written.
  const id = hash('transaction', reader.since(from));
  const authorisations = changes.map(() => ({
    key: reader.raw(PUBLIC_KEY_BYTES),
    signature: reader.raw(SIGNATURE_BYTES),
  }));
  return { id, body, authorisations };
}

/** All that can be said of a transaction without knowing any token's state. */
export function checkTransaction(
  transaction: Transaction,
  context: { readonly network: Id; readonly nowMs: number },
): Check {
  const { id, body, authorisations } = transaction;
  if (body.network !== context.network) return refused('it belongs to another network');
  const fault = formFault(body);
  if (fault !== null) return refused(fault);
  if (id !== transactionId(body)) return refused('the id is not the hash of the body');
  if (body.timestamp >= context.nowMs + MAX_AHEAD_MS) return refused('its time is too far ahead');
  if (authorisations.length !== body.changes.length) return refused('authorisations are missing');
  for (const [index, change] of body.changes.entries()) {
    const due = requiredKey(transaction, change);
    if (due !== null && authorisedBy(transaction, index) !== due) {
      return refused(`change ${index} is signed by a key that may not`);
    }
  }
  // Signatures last: they cost a thousand times what the rest does.
  for (const [index, { key, signature }] of authorisations.entries()) {
    if (!verifySignature(key, signedMessage(id, index), signature)) {
      return refused(`the signature of change ${index} is false`);
    }
  }
  return { ok: true };
}

/** Hash of the key that authorised change `index`: must be the owner in the previous mapping. */
export function authorisedBy(transaction: Transaction, index: number): Id {
  const authorisation = transaction.authorisations[index];
  if (authorisation === undefined) throw new RangeError(`no authorisation ${index}`);
  return keyHash(authorisation.key);
}

/** Created and destroyed in one transaction: nobody owns it, before or after. */
export function isWitness(change: TokenChange): boolean {
  return change.previous === ZERO_ID && change.owner === ZERO_ID;
}

/** The key hash that has to sign, where the transaction itself says so; null: the state says it. */
function requiredKey(transaction: Transaction, change: TokenChange): Id | null {
  if (isWitness(change)) {
    const first = transaction.body.changes.findIndex((other) => !isWitness(other));
    return authorisedBy(transaction, first);
  }
  return change.previous === ZERO_ID ? change.owner : null;
}

function formFault({ changes, purpose, extraNeighbours }: TransactionBody): string | null {
  if (changes.length < 1 || changes.length > MAX_CHANGES) {
    return `${changes.length} changes where 1..${MAX_CHANGES} are allowed`;
  }
  const tokens = changes.map((change) => change.token);
  if (tokens.some((token, index) => index > 0 && token <= (tokens[index - 1] ?? ''))) {
    return 'tokens do not rise';
  }
  if (changes.every(isWitness)) return 'there are only witness tokens';
  if (extraNeighbours > MAX_EXTRA_NEIGHBOURS) return `${extraNeighbours} extra neighbours`;
  return purposeFault(purpose.kind, changes);
}

function purposeFault(kind: Purpose['kind'], changes: readonly TokenChange[]): string | null {
  const [first] = changes;
  if (kind === 'ordinary' || first === undefined) return null;
  if (changes.length !== 1) return `a ${kind} changes exactly one token`;
  if (kind === 'slashing') {
    return first.owner === ZERO_ID ? null : 'a slashing destroys exactly one token';
  }
  if (first.owner === ZERO_ID) return `a ${kind} destroys nothing`;
  const creates = first.previous === ZERO_ID;
  return creates === (kind === 'register') ? null : 'only a register creates an identity token';
}

function encodeBody(body: TransactionBody): Uint8Array {
  const { network, changes, timestamp, valueClass, extraNeighbours, purpose } = body;
  const writer = new Writer().id(network).u64(timestamp).u8(VALUE_CLASSES.indexOf(valueClass));
  writer.u8(extraNeighbours).u8(PURPOSES.indexOf(purpose.kind));
  if (purpose.kind === 'slashing') writer.id(purpose.charge);
  writer.list(changes, (change) => writer.id(change.token).id(change.owner).id(change.previous));
  return writer.finishShared();
}

function signedMessage(id: Id, index: number): Uint8Array {
  return hashBytes('authorisation', idToBytes(id), new Uint8Array([index]));
}

function refused(reason: string): Check {
  return { ok: false, reason };
}
