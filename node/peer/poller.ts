/**
 * The papers' way to catch up (whitepaper 10.3), the baseline of `synchronisation: polling`: storage
 * challenges about random places of the own range, to neighbours in turn, for ever. An answer names up
 * to ten tokens; the mapping of each that is new is asked of who named it and taken over with its
 * transaction, which is fetched and checked, on the word of that one neighbour. There is no end to it:
 * how much of the range is known is estimated from how many of the named tokens are known already.
 */
import type { Id } from '../id.ts';
import { bitsFor, NONCE_BYTES } from '../ledger/storage-proof.ts';
import { QUERY_BYTES } from '../minefield/statement.ts';
import type { Statement } from '../minefield/types.ts';
import type { ProvingMessage } from '../wire/proving.ts';
import { Adoption } from './adoption.ts';
import type { PeerContext } from './context.ts';
import { ENOUGH_DENSITY, NOTHING, type SyncProgress, type SynchroniserEvents } from './progress.ts';

/** Ten times a second, to all neighbours together: each answers four a second (storage-proofs.ts). */
const QUERIES_PER_TICK = 2;
/** Named tokens that the estimate is made of: its error is below 0.05. */
const ESTIMATED_OVER = 200;
/** With fewer bits an answer would name the same token five times. */
const LEAST_BITS = 3;
/** Questions under way, and how long an answer is waited for. */
const MAX_OPEN = 256;
const WAIT_MS = 3000;
const RING = 1n << 256n;

export class Poller {
  readonly #context: PeerContext;
  readonly #events: SynchroniserEvents;
  readonly #adoption: Adoption;
  /** Of the newest named tokens: was it held? */
  readonly #known: boolean[] = [];
  /** Challenges under way by their nonce, then mappings asked for by their token. */
  readonly #open = new Map<string, { readonly asked: Id; readonly sentAt: number }>();
  #queries = 0;
  #isDone = false;

  constructor(context: PeerContext, events: SynchroniserEvents) {
    this.#context = context;
    this.#events = events;
    this.#adoption = new Adoption(context, (transaction) => events.adopted(transaction));
  }

  get progress(): SyncProgress {
    const held = this.#known.filter(Boolean).length;
    return {
      ...NOTHING,
      phase: this.#isDone ? 'synchronised' : 'reading',
      queries: this.#queries,
      transactions: this.#adoption.transactions,
      tokens: this.#context.holdings.tokens.size,
      density: held / ESTIMATED_OVER,
    };
  }

  tick(): void {
    const now = this.#context.host.now();
    for (const [key, { sentAt }] of this.#open) {
      if (now - sentAt >= WAIT_MS) this.#open.delete(key);
    }
    for (let query = 0; query < QUERIES_PER_TICK; query += 1) this.#ask(now);
    this.#adoption.tick(now);
    const isEnough =
      this.#known.length >= ESTIMATED_OVER && this.progress.density >= ENOUGH_DENSITY;
    if (!isEnough || this.#isDone) return;
    this.#isDone = true;
    this.#events.synchronised(this.progress.density);
  }

  /** True if it was asked for here. */
  onProof(from: Id, proof: Extract<ProvingMessage, { type: 'storage-proof' }>): boolean {
    const { holdings, host, membership, parameters, self, send } = this.#context;
    const nonce = proof.nonce.toHex();
    if (this.#open.get(nonce)?.asked !== from) return false;
    this.#open.delete(nonce);
    for (const stored of new Map(proof.found.map((one) => [one?.token, one])).values()) {
      if (stored === null || !membership.isNear(self, stored.token, parameters.k)) continue;
      const isKnown = holdings.mapping(stored.token)?.tx === stored.tx;
      this.#known.push(isKnown);
      if (this.#known.length > ESTIMATED_OVER) this.#known.shift();
      if (isKnown || this.#open.has(stored.token) || this.#open.size >= MAX_OPEN) continue;
      this.#open.set(stored.token, { asked: from, sentAt: host.now() });
      send(from, {
        type: 'ask-mapping',
        token: stored.token,
        query: host.random(QUERY_BYTES),
        direct: true,
      });
    }
    return true;
  }

  onStatement({ peer, token, answer }: Statement): void {
    if (this.#open.get(token)?.asked !== peer) return;
    this.#open.delete(token);
    if (answer !== null) this.#adoption.want(answer.mapping, [peer]);
  }

  /** True if it was asked for here. */
  onTransaction(transaction: Parameters<Adoption['onTransaction']>[0]): boolean {
    return this.#adoption.onTransaction(transaction);
  }

  #ask(now: number): void {
    const { holdings, host, membership, parameters, self, send } = this.#context;
    if (this.#open.size >= MAX_OPEN) return;
    const neighbours = membership.near(self, 2 * parameters.k + 1).filter((id) => id !== self);
    const asked = neighbours[this.#queries % Math.max(1, neighbours.length)];
    if (asked === undefined) return;
    this.#queries += 1;
    const nonce = host.random(NONCE_BYTES);
    const bits = Math.max(LEAST_BITS, bitsFor(holdings.tokens.size));
    this.#open.set(nonce.toHex(), { asked, sentAt: now });
    send(asked, { type: 'challenge', token: between(self, asked, host.random(4)), nonce, bits });
  }
}

/** A random place on the shorter way from one address to the other. */
function between(from: Id, to: Id, random: Uint8Array): Id {
  const way = (BigInt(`0x${to}`) - BigInt(`0x${from}`) + RING) % RING;
  const short = way > RING / 2n ? way - RING : way;
  const share = BigInt(new DataView(random.buffer, random.byteOffset).getUint32(0));
  const place = (BigInt(`0x${from}`) + (short * share) / (1n << 32n) + RING) % RING;
  return place.toString(16).padStart(64, '0');
}
