import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Id, ZERO_ID } from '../id.ts';
import { idOf } from '../minefield/speaker.fixture.ts';
import { Tally } from './tally.ts';

const token = idOf(1);
const keepers = Array.from({ length: 8 }, (_, index) => idOf(100 + index));
const mapping = (tx: number, previous: Id = ZERO_ID) => ({
  token,
  owner: idOf(50),
  tx: idOf(tx),
  previous,
});

test('what at most half of the keepers say decides nothing, what more say decides', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(keepers), (liars) => {
      const tally = new Tally();
      for (const keeper of keepers) tally.note(keeper, mapping(liars.includes(keeper) ? 7 : 3));
      // Whoever keeps nothing here has no voice.
      for (let other = 0; other < 20; other += 1) tally.note(idOf(200 + other), mapping(7));
      const decided = tally.decided(token, keepers)?.tx ?? null;
      if (liars.length > 4) expect(decided).toBe(idOf(7));
      else expect(decided).toBe(liars.length === 4 ? null : idOf(3));
    }),
  );
});

test('while a commit spreads, the mapping before it is what they agree on', () => {
  const tally = new Tally();
  for (const [index, keeper] of keepers.entries()) {
    tally.note(keeper, index < 4 ? mapping(3) : mapping(4, idOf(3)));
  }
  expect(tally.decided(token, keepers)?.tx).toBe(idOf(3));
  tally.note(keepers[0] ?? '', mapping(4, idOf(3)));
  expect(tally.decided(token, keepers)?.tx).toBe(idOf(4));
});

test('a minority that has a token makes nobody look for it', () => {
  const tally = new Tally();
  for (const keeper of keepers.slice(0, 4)) tally.note(keeper, mapping(3));
  expect(tally.isSpread(token, keepers)).toBe(false);
  tally.note(keepers[5] ?? '', mapping(3));
  expect(tally.isSpread(token, keepers)).toBe(true);
});

test('as long as some have gone on and too few follow, what they agree on is not settled', () => {
  const tally = new Tally();
  const [old, next] = [mapping(3), mapping(7, idOf(3))];
  for (const keeper of keepers.slice(0, 7)) tally.note(keeper, old);
  expect(tally.isSettled(old, keepers)).toBe(true);
  for (const [index, keeper] of keepers.slice(0, 4).entries()) {
    tally.note(keeper, next);
    expect(tally.decided(token, keepers)).toEqual(old);
    expect(tally.isSettled(old, keepers)).toBe(index < 2);
  }
  // The eighth is read as well.
  tally.note(keepers[7] ?? '', next);
  expect(tally.decided(token, keepers)).toEqual(next);
  expect(tally.isSettled(next, keepers)).toBe(true);
  expect(tally.of(keepers[6] ?? '', token)).toEqual(old);
});
