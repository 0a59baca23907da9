/** One storage challenge: how it is made, and what of its answer can be judged (PROTOCOL.md 5). */
import { type Id, ZERO_ID } from '../id.ts';
import {
  type Agreement,
  answerChallenge,
  bitsFor,
  compareAnswers,
  type Found,
  NONCE_BYTES,
} from '../ledger/storage-proof.ts';
import type { StoredToken } from '../wire/proving.ts';
import type { PeerContext } from './context.ts';

/** What was committed since may not have reached the other: a lost message is mended within it. */
export const SETTLED_MS = 10_000;
/** Tokens looked at for one that both store: their ranges lie side by side. */
const MAX_LOOKED_AT = 256;

export interface Challenge {
  readonly asked: Id;
  readonly token: Id;
  readonly nonce: Uint8Array;
  readonly bits: number;
  readonly sentAt: number;
}

/** What proofs of storage need of their peer. */
export type ProofContext = Pick<
  PeerContext,
  'self' | 'parameters' | 'host' | 'membership' | 'holdings' | 'send'
>;

export class StorageJudge {
  readonly #context: ProofContext;

  constructor(context: ProofContext) {
    this.#context = context;
  }

  /** What this peer stores that answers a challenge of `from`. */
  answer(from: Id, asked: Pick<Challenge, 'token' | 'nonce' | 'bits'>): Found {
    const { holdings, self } = this.#context;
    const tx = holdings.mapping(asked.token)?.tx ?? ZERO_ID;
    const { token, nonce, bits } = asked;
    const key = this.#key(self, from);
    return answerChallenge(holdings.sortedTokens, { key, token, tx, nonce, bits });
  }

  /** A fresh one about `token`, for as many bits as the own store has tokens for. */
  challenge(asked: Id, token: Id): Challenge {
    const { holdings, host } = this.#context;
    const nonce = host.random(NONCE_BYTES);
    return { asked, token, nonce, bits: bitsFor(holdings.tokens.size), sentAt: host.now() };
  }

  /** A settled token that both should store; the other's own place when there is none. */
  lookup(other: Id): Id {
    const { holdings, host } = this.#context;
    const stored = holdings.sortedTokens;
    const [high = 0, middle = 0, low = 0] = host.random(3);
    const start = ((high << 16) | (middle << 8) | low) % Math.max(1, stored.length);
    for (let step = 0; step < Math.min(stored.length, MAX_LOOKED_AT); step += 1) {
      const token = stored[(start + step) % stored.length];
      if (token !== undefined && this.isJudged(token, other)) return token;
    }
    return other;
  }

  /** Should both store it, and has it been so for a while? */
  isJudged(token: Id, other: Id): boolean {
    const { holdings, host, membership, parameters, self } = this.#context;
    const { k } = parameters;
    if (!membership.isNear(self, token, k) || !membership.isNear(other, token, k)) return false;
    const own = holdings.mapping(token);
    return own === undefined || host.now() - holdings.timestampOf(own.tx) >= SETTLED_MS;
  }

  /** How far an answer is what this peer's own store says it should be. */
  judge(challenge: Challenge, tx: Id, found: readonly (StoredToken | null)[]): Agreement {
    const { asked, token, nonce, bits } = challenge;
    const { holdings, self } = this.#context;
    const own = holdings.mapping(token)?.tx ?? ZERO_ID;
    const key = this.#key(asked, self);
    const due = answerChallenge(holdings.sortedTokens, { key, token, tx: own, nonce, bits }).tokens;
    const told = found.map((stored) => stored?.token ?? null);
    // Another transaction makes another S: nothing can be compared, but the token itself is missing.
    if (tx !== own) return { judged: this.isJudged(token, asked) ? 1 : 0, agreed: 0 };
    const isCurrent = (chunk: number): boolean => {
      const stored = found[chunk] ?? null;
      return stored === null || holdings.mapping(stored.token)?.tx === stored.tx;
    };
    const current = told.map((id, chunk) => (isCurrent(chunk) ? id : null));
    return compareAnswers(due, current, (id) => this.isJudged(id, asked));
  }

  /** Whose address enters S. */
  #key(responder: Id, requester: Id): Id {
    return this.#context.parameters.storageChallenge === 'responder' ? responder : requester;
  }
}
