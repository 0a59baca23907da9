import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../test/support/network.ts';
import type { Id } from '../id.ts';
import {
  answerChallenge,
  bitsFor,
  CHUNKS,
  chunksOf,
  compareAnswers,
  type StorageChallenge,
} from './storage-proof.ts';

const random = seededRandom(9);
const bytes = (length: number) => Uint8Array.from({ length }, () => Math.floor(random() * 256));
const freshId = (): Id => bytes(32).toHex();
const universe = (size: number): Id[] => Array.from({ length: size }, freshId).sort();

function challenge(token: Id, bits: number): StorageChallenge {
  return { key: freshId(), token, tx: freshId(), nonce: bytes(16), bits };
}

test('each answer is the nearest stored token on its side with the low bits of its chunk', () => {
  const stored = universe(300);
  fc.assert(
    fc.property(fc.nat(299), fc.nat(5), (at, bits) => {
      const asked = challenge(stored[at] ?? '', bits);
      const chunks = chunksOf(asked);
      const { tokens } = answerChallenge(stored, asked);
      const others = [...stored.slice(at + 1), ...stored.slice(0, at)];
      for (const [chunk, low] of chunks.entries()) {
        const side = chunk < CHUNKS / 2 ? others : others.toReversed();
        const first = side
          .slice(0, 8 << bits)
          .find((token) => (Number.parseInt(token.slice(-4), 16) & ((1 << bits) - 1)) === low);
        expect(tokens[chunk]).toBe(first ?? null);
      }
    }),
    { numRuns: 60 },
  );
});

test('the challenge depends on key, token, previous transaction and nonce, and on nothing else', () => {
  const asked = challenge(freshId(), 10);
  expect(chunksOf({ ...asked })).toEqual(chunksOf(asked));
  for (const part of ['key', 'token', 'tx'] as const) {
    expect(chunksOf({ ...asked, [part]: freshId() })).not.toEqual(chunksOf(asked));
  }
  expect(chunksOf({ ...asked, nonce: bytes(16) })).not.toEqual(chunksOf(asked));
});

test('a full store agrees throughout; a token that one of the two need not have is not judged', () => {
  const stored = universe(500);
  const asked = challenge(stored[100] ?? '', bitsFor(stored.length));
  const due = answerChallenge(stored, asked).tokens;
  expect(compareAnswers(due, due, () => true)).toEqual({ judged: CHUNKS, agreed: CHUNKS });
  const invented = due.map((token, chunk) => (chunk === 3 ? freshId() : token));
  expect(compareAnswers(due, invented, () => true)).toEqual({ judged: CHUNKS, agreed: CHUNKS - 1 });
  const isKnown = (token: Id) => token !== invented[3];
  expect(compareAnswers(due, invented, isKnown).judged).toBe(CHUNKS - 1);
  expect(compareAnswers(due, [], () => true)).toEqual({ judged: CHUNKS, agreed: 0 });
});

test('agreement per chunk is the density of the store, and a search costs 1,024 steps per chunk', () => {
  const all = universe(20_000);
  for (const density of [0.99, 0.8, 0.5]) {
    const stored = all.filter(() => random() < density);
    let agreed = 0;
    let steps = 0;
    const rounds = 200;
    for (let round = 0; round < rounds; round += 1) {
      const asked = challenge(stored[Math.floor(random() * stored.length)] ?? '', 10);
      const found = answerChallenge(stored, asked);
      steps += found.steps;
      agreed += compareAnswers(answerChallenge(all, asked).tokens, found.tokens, () => true).agreed;
    }
    expect(Math.abs(agreed / (rounds * CHUNKS) - density)).toBeLessThan(0.05);
    expect(Math.abs(steps / rounds - 10_240)).toBeLessThan(1000);
  }
});

test('answering is bounded, whatever is stored and asked', () => {
  expect(answerChallenge([], challenge(freshId(), 10))).toEqual({
    tokens: Array.from({ length: CHUNKS }, () => null),
    steps: 0,
  });
  const [only = ''] = universe(1);
  expect(answerChallenge([only], challenge(only, 10)).steps).toBe(0);
  // Not one that matches among many: the search gives up.
  const same = Array.from(
    { length: 30_000 },
    (_, index) => `${index.toString(16).padStart(60, '0')}0000`,
  );
  const asked = { ...challenge(freshId(), 10) };
  expect(answerChallenge(same, asked).steps).toBeLessThanOrEqual(CHUNKS * 8 * 1024);
});
