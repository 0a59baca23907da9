/**
 * Proof of storage (whitepaper 6, PROTOCOL.md 5): which tokens answer a challenge, and how far two
 * answers agree.
 *
 * `S = H(storageProof, key 32 ‖ token 32 ‖ previous tx 32 ‖ nonce 16)`. Its first 100 bits are ten
 * chunks of 10. Five are answered by stored tokens above the challenged one on the ring, five by
 * tokens below, each by the nearest whose low bits equal the low bits of its chunk. A whole chunk
 * takes 1,024 tokens in the mean; where fewer are stored, the asker asks for fewer bits.
 */
import { hashBytes } from '../crypto/hash.ts';
import { type Id, idToBytes } from '../id.ts';

export const CHUNKS = 10;
/** Whitepaper 6: 100 bits in ten chunks. */
export const CHUNK_BITS = 10;
export const NONCE_BYTES = 16;

/** Tokens looked at for one chunk, as multiples of the mean: one in 3,000 searches is given up. */
const SEARCH_MEANS = 8;

export interface StorageChallenge {
  /** Whose address keys S: the answerer's, or the asker's. */
  readonly key: Id;
  readonly token: Id;
  /** The transaction that gave the token its mapping. */
  readonly tx: Id;
  readonly nonce: Uint8Array;
  /** Low bits that have to match, 0–10. */
  readonly bits: number;
}

export interface Found {
  /** One per chunk; null where none was found within the bounds. */
  readonly tokens: readonly (Id | null)[];
  /** Stored tokens that were looked at. */
  readonly steps: number;
}

/** The ten chunks, each cut to the low `bits`. */
export function chunksOf({ key, token, tx, nonce, bits }: StorageChallenge): readonly number[] {
  const s = hashBytes('storageProof', idToBytes(key), idToBytes(token), idToBytes(tx), nonce);
  const mask = (1 << bits) - 1;
  return Array.from({ length: CHUNKS }, (_, chunk) => {
    const from = chunk * CHUNK_BITS;
    const byte = from >> 3;
    const word = ((s[byte] ?? 0) << 8) | (s[byte + 1] ?? 0);
    return (word >> (16 - CHUNK_BITS - (from & 7))) & mask;
  });
}

/** `stored`: the tokens that count, sorted. The first five chunks go up, the others down. */
export function answerChallenge(stored: readonly Id[], challenge: StorageChallenge): Found {
  const start = position(stored, challenge.token);
  const holds = stored[start] === challenge.token;
  const most = Math.min(stored.length - (holds ? 1 : 0), SEARCH_MEANS << challenge.bits);
  let steps = 0;
  const tokens = chunksOf(challenge).map((chunk, index) => {
    const upwards = index < CHUNKS / 2;
    let at = upwards && holds ? start + 1 : upwards ? start : start - 1;
    for (let step = 0; step < most; step += 1) {
      const token = stored[((at % stored.length) + stored.length) % stored.length];
      steps += 1;
      if (token !== undefined && lowBits(token, challenge.bits) === chunk) return token;
      at += upwards ? 1 : -1;
    }
    return null;
  });
  return { tokens, steps };
}

/** The bits that a range of so many tokens can be asked for: a match for each chunk on its side. */
export function bitsFor(storedInRange: number): number {
  const perChunk = storedInRange / CHUNKS;
  return Math.max(0, Math.min(CHUNK_BITS, Math.floor(Math.log2(Math.max(1, perChunk)))));
}

export interface Agreement {
  /** Chunks that could be judged at all. */
  readonly judged: number;
  readonly agreed: number;
}

/**
 * How far `answer` is what `expected` says it should be. A chunk is judged when every token that
 * either names is one that the judge can know of (`isJudged`: both should store it, and it is not new).
 */
export function compareAnswers(
  expected: readonly (Id | null)[],
  answer: readonly (Id | null)[],
  isJudged: (token: Id) => boolean,
): Agreement {
  let judged = 0;
  let agreed = 0;
  for (const [chunk, due] of expected.entries()) {
    const told = answer[chunk] ?? null;
    if (due === null && told === null) continue;
    if ([due, told].some((token) => token !== null && !isJudged(token))) continue;
    judged += 1;
    if (due === told) agreed += 1;
  }
  return { judged, agreed };
}

/** Index of the first token not below `token`. */
export function position(sorted: readonly Id[], token: Id): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? '') < token) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Without a string or a parse: a search looks at ten thousand tokens. */
function lowBits(token: Id, bits: number): number {
  const last = token.length - 1;
  const low = digit(token, last) | (digit(token, last - 1) << 4) | (digit(token, last - 2) << 8);
  return low & ((1 << bits) - 1);
}

function digit(id: Id, index: number): number {
  const code = id.charCodeAt(index);
  return code < 58 ? code - 48 : code - 87;
}
