import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Random, Streams } from './random.ts';

function draws(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.next());
}

const names = fc.array(fc.oneof(fc.string(), fc.integer()), { minLength: 1, maxLength: 3 });

test('a stream is a function of seed and names', () => {
  fc.assert(
    fc.property(fc.oneof(fc.integer(), fc.string()), names, (seed, path) => {
      const again = draws(new Streams(seed).stream(...path), 8);
      expect(draws(new Streams(seed).stream(...path), 8)).toEqual(again);
    }),
  );
});

test('other names, another order of them, or another seed give another stream', () => {
  fc.assert(
    fc.property(names, names, (one, other) => {
      fc.pre(JSON.stringify(one) !== JSON.stringify(other));
      const streams = new Streams(5);
      expect(draws(streams.stream(...one), 4)).not.toEqual(draws(streams.stream(...other), 4));
    }),
  );
  const firsts = [
    new Streams(1).stream('ab'),
    new Streams(1).stream('a', 'b'),
    new Streams(1).stream('b', 'a'),
    new Streams(1).stream(1),
    new Streams(1).stream('1'),
    new Streams(2).stream('ab'),
  ].map((random) => random.next());
  expect(new Set(firsts).size).toBe(firsts.length);
});

test('what one consumer draws, and that there is another at all, shifts nobody', () => {
  const quiet = new Streams('run').stream('link', 'a');
  const expected = draws(quiet, 50);
  const streams = new Streams('run');
  streams.stream('a newcomer').next();
  const watched = streams.stream('link', 'a');
  const seen: number[] = [];
  for (let step = 0; step < 50; step += 1) {
    streams.stream('link', 'b', step).bytes(step);
    seen.push(watched.next());
  }
  expect(seen).toEqual(expected);
});

test('draws are uniform, and those of neighbouring streams have nothing to do with one another', () => {
  const streams = new Streams(0);
  const n = 20_000;
  const [left, right] = [draws(streams.stream('x', 0), n), draws(streams.stream('x', 1), n)];
  const bins = Array.from({ length: 20 }, () => 0);
  for (const draw of left) bins[Math.floor(draw * 20)] = (bins[Math.floor(draw * 20)] ?? 0) + 1;
  const chiSquare = bins.reduce((sum, count) => sum + (count - n / 20) ** 2 / (n / 20), 0);
  // 19 degrees of freedom: above 50 once in ten thousand seeds.
  expect(chiSquare).toBeLessThan(50);
  const covariance = left.reduce((sum, x, at) => sum + (x - 0.5) * ((right[at] ?? 0) - 0.5), 0) / n;
  // The correlation's deviation is 1/√n = 0.007.
  expect(Math.abs(covariance * 12)).toBeLessThan(0.03);
});

test('bytes take every value, at every place, about equally often', () => {
  const bytes = new Streams(9).stream('bytes').bytes(64_000);
  const counts = Array.from({ length: 256 }, () => 0);
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
  expect(Math.min(...counts)).toBeGreaterThan(170);
  expect(Math.max(...counts)).toBeLessThan(330);
  for (let lane = 0; lane < 4; lane += 1) {
    const mean = bytes.filter((_, at) => at % 4 === lane).reduce((sum, b) => sum + b, 0) / 16_000;
    expect(Math.abs(mean - 127.5)).toBeLessThan(3);
  }
  expect(new Streams(9).stream('bytes').bytes(0)).toEqual(new Uint8Array(0));
});
