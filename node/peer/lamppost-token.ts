/**
 * The token that publishes a peer's lamppost key (PROTOCOL.md 1): its owner is the hash of that key.
 * It only publishes: what a lamppost signs is bound to its identity by the certificate, since anyone
 * may create this token first. The creation is signed by the key that it names, each move by the key
 * before.
 *
 * Stored, so that a later life can move it on: `lamppost/published` → tx 32 ‖ its timestamp u64 ‖ seed
 * of the owner 32; `lamppost/pending` → seed of the new owner 32 ‖ transaction, before it is sent: a
 * second one after the same mapping might freeze the token.
 */
import { decode } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { type SigningKey, signingKey } from '../crypto/ed25519.ts';
import { hash } from '../crypto/hash.ts';
import { type Id, idToBytes, ZERO_ID } from '../id.ts';
import {
  keyHash,
  ORDINARY,
  readTransaction,
  signTransaction,
  writeTransaction,
} from '../ledger/transaction.ts';
import type { Transaction } from '../ledger/types.ts';
import type { PeerContext } from './context.ts';
import type { OwnTransactions } from './own-transactions.ts';

const PUBLISHED_KEY = 'lamppost/published';
const PENDING_KEY = 'lamppost/pending';
/**
 * Published no more often than this, in ms of real time, and first at a moment drawn from as long a
 * span: it costs a vote of k members, and in a testnet whose keys change every half minute it would
 * cost as much as all leases. Keys that changed meanwhile are left out. A hundred peers make one such
 * transaction in six seconds.
 */
export const PUBLISH_EVERY_MS = 600_000;
/** Somebody else has the token, then: this life does not try again. */
const MAX_TRIES = 3;

interface Published {
  readonly tx: Id;
  readonly timestamp: number;
  readonly owner: SigningKey;
}

interface Pending {
  readonly transaction: Transaction;
  readonly owner: SigningKey;
}

/** The token that publishes the lamppost key of the peer at `address`. */
export function lamppostToken(address: Id): Id {
  return hash('lamppost', idToBytes(address));
}

export class LamppostToken {
  readonly #context: Pick<PeerContext, 'network' | 'host' | 'self'>;
  readonly #submit: OwnTransactions['submit'];
  #published: Published | null;
  #pending: Pending | null;
  #underWay = false;
  #tries = 0;
  #nextAt: number | null = null;

  constructor(
    context: Pick<PeerContext, 'network' | 'host' | 'self'>,
    submit: OwnTransactions['submit'],
  ) {
    this.#context = context;
    this.#submit = submit;
    const { store } = context.host;
    this.#published = readPublished(store.get(PUBLISHED_KEY));
    this.#pending = readPending(store.get(PENDING_KEY));
  }

  /** Several times a second, with the key that signs at present. */
  tick(lamppost: SigningKey): void {
    const { host } = this.#context;
    const now = host.now();
    const [drawn = 0] = this.#nextAt === null ? host.random(1) : [];
    this.#nextAt ??= now + Math.floor((drawn / 256) * PUBLISH_EVERY_MS);
    // A clock that was set back must not make it wait for ever.
    const isEarly = now < this.#nextAt && now > this.#nextAt - 2 * PUBLISH_EVERY_MS;
    if (isEarly || this.#underWay || this.#tries >= MAX_TRIES) return;
    const isNew = this.#published?.owner.publicKey.toHex() !== lamppost.publicKey.toHex();
    if (this.#pending === null && !isNew) return;
    this.#nextAt = now + PUBLISH_EVERY_MS;
    const pending = this.#pending ?? this.#make(lamppost, now);
    this.#underWay = true;
    this.#submit(pending.transaction, (outcome) => {
      this.#underWay = false;
      if (outcome === 'committed') this.#settle(pending);
      else this.#tries += 1;
    });
  }

  #make(owner: SigningKey, now: number): Pending {
    const { network, self, host } = this.#context;
    const before = this.#published;
    const change = {
      token: lamppostToken(self),
      owner: keyHash(owner.publicKey),
      previous: before?.tx ?? ZERO_ID,
    };
    const body = {
      network,
      changes: [change],
      timestamp: Math.max(now, (before?.timestamp ?? 0) + 1),
      valueClass: 'low' as const,
      extraNeighbours: 0,
      purpose: ORDINARY,
    };
    const transaction = signTransaction(body, [before?.owner ?? owner]);
    const writer = new Writer().raw(owner.seed);
    writeTransaction(writer, transaction);
    host.store.put(PENDING_KEY, writer.finish());
    this.#pending = { transaction, owner };
    return this.#pending;
  }

  #settle({ transaction, owner }: Pending): void {
    const { store } = this.#context.host;
    const { timestamp } = transaction.body;
    this.#published = { tx: transaction.id, timestamp, owner };
    this.#pending = null;
    this.#tries = 0;
    const published = new Writer().id(transaction.id).u64(timestamp).raw(owner.seed).finish();
    store.put(PUBLISHED_KEY, published);
    store.delete(PENDING_KEY);
  }
}

function readPublished(bytes: Uint8Array | undefined): Published | null {
  if (bytes === undefined) return null;
  const stored = decode(bytes, (reader) => ({
    tx: reader.id(),
    timestamp: reader.u64(),
    owner: signingKey(reader.raw(32)),
  }));
  if (!stored.ok) throw new Error(`the stored ${PUBLISHED_KEY} is damaged: ${stored.reason}`);
  return stored.value;
}

function readPending(bytes: Uint8Array | undefined): Pending | null {
  if (bytes === undefined) return null;
  const stored = decode(bytes, (reader) => ({
    owner: signingKey(reader.raw(32)),
    transaction: readTransaction(reader),
  }));
  if (!stored.ok) throw new Error(`the stored ${PENDING_KEY} is damaged: ${stored.reason}`);
  return stored.value;
}
