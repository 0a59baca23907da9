import { expect, test } from 'vitest';
import { type ProbeResult, UNSHAPED } from '../../node/control.ts';
import {
  askedRoundTrip,
  exactInterval,
  judge,
  median,
  planProbes,
  probesFor,
  samplePairs,
  type DirectedLink,
} from './measure.ts';

const LINK: DirectedLink = {
  from: 'a',
  to: 'b',
  ...UNSHAPED,
  distribution: 'uniform',
  delayMs: 40,
  cut: false,
};
const PAIR = { from: 'a', to: 'b' };

function probed(sent: number, received: number, rttMs: number): ProbeResult {
  return { sent, received, rttMs: Array.from({ length: received }, () => rttMs) };
}

test('what overtakes the delay shortens the round trip that is asked for', () => {
  const asked = (there: number, back: number) =>
    askedRoundTrip({ ...LINK, reorder: there }, { ...LINK, delayMs: 60, reorder: back });
  expect(asked(0, 0).rttMs).toBe(100);
  expect(asked(0.1, 0.1).rttMs).toBe(100);
  expect(asked(0, 1).rttMs).toBe(40);
  expect(asked(1, 1).rttMs).toBe(0);
  // Shares .06, .14, .24, .56.
  expect(asked(0.2, 0.3).rttMs).toBe(100);
  expect(asked(0.7, 0.2).rttMs).toBe(60);
  expect(asked(0.5, 0.5).deviationMs).toBeCloseTo(Math.hypot(20, 30), 9);
});

test('a round trip within a tenth of the sum of both delays is as asked, one beyond it is not', () => {
  const asked = askedRoundTrip(LINK, { ...LINK, delayMs: 60 });
  expect(asked.rttMs).toBe(100);
  expect(judge(PAIR, asked, [probed(20, 20, 109)], 1).ok).toBe(true);
  expect(judge(PAIR, asked, [probed(20, 20, 111)], 1).ok).toBe(false);
  expect(judge(PAIR, asked, [probed(20, 20, 89)], 1).ok).toBe(false);
});

test('short round trips have 3 ms of tolerance', () => {
  const asked = askedRoundTrip({ ...LINK, delayMs: 1 }, { ...LINK, delayMs: 1 });
  expect(judge(PAIR, asked, [probed(20, 20, 4.9)], 1).ok).toBe(true);
  expect(judge(PAIR, asked, [probed(20, 20, 5.1)], 1).ok).toBe(false);
});

test('loss that was not asked for is not as asked; loss inside the interval of what was seen is', () => {
  const none = askedRoundTrip(LINK, LINK);
  expect(judge(PAIR, none, [probed(40, 39, 80)], 1).ok).toBe(false);
  const some = askedRoundTrip({ ...LINK, loss: 0.02 }, { ...LINK, loss: 0.02 });
  expect(some.loss).toBeCloseTo(0.0396);
  expect(judge(PAIR, some, [probed(40, 39, 80)], 1).ok).toBe(true);
  expect(judge(PAIR, some, [probed(40, 20, 80)], 1).ok).toBe(false);
  const half = askedRoundTrip({ ...LINK, loss: 0.5 }, LINK);
  expect(judge(PAIR, half, [probed(40, 40, 80)], 30).ok).toBe(false);
});

test('a pair nobody answered is as asked only when it is cut, and an answer over a cut is not', () => {
  const open = askedRoundTrip(LINK, LINK);
  const cut = askedRoundTrip({ ...LINK, cut: true }, LINK);
  expect(judge(PAIR, open, [probed(20, 0, 0)], 1).ok).toBe(false);
  expect(judge(PAIR, open, [], 1)).toMatchObject({ ok: false, measuredLoss: null, n: 0 });
  expect(judge(PAIR, cut, [probed(20, 0, 0)], 1).ok).toBe(true);
  expect(judge(PAIR, cut, [probed(20, 20, 80)], 1).ok).toBe(false);
});

test('the exact interval is that of Clopper and Pearson', () => {
  // 1 of 20 at 95 %: 0.00127 to 0.24873 (published tables).
  const [low, high] = exactInterval(1, 20, 0.05);
  expect(low).toBeCloseTo(0.00127, 4);
  expect(high).toBeCloseTo(0.24873, 4);
  expect(exactInterval(0, 20, 0.05)[0]).toBe(0);
});

test('more jitter is probed more often, never less than 20 times nor more than 400', () => {
  expect(probesFor(askedRoundTrip(LINK, LINK))).toBe(20);
  const wide = { ...LINK, jitterMs: 20 };
  expect(probesFor(askedRoundTrip(wide, wide))).toBeGreaterThan(100);
  const wild = { ...LINK, jitterMs: 500 };
  expect(probesFor(askedRoundTrip(wild, wild))).toBe(400);
});

test('every ordered pair of regions is probed both ways, and nobody probes itself', () => {
  const at = (name: string, region: string) => ({ name, region, endpoint: { ip: '::', port: 1 } });
  const members = [at('a1', 'a'), at('a2', 'a'), at('b1', 'b')];
  const plans = planProbes(members, ['a', 'b'], null);
  // b has one member: there is no pair within it.
  expect(plans.map((plan) => `${plan.from} ${plan.to}`)).toEqual(['a a', 'a b', 'b a']);
  expect(plans.flatMap((p) => p.pairs).every((p) => p.from.name !== p.to.name)).toBe(true);
  expect(planProbes(members, ['a', 'b'], new Set(['b']))).toHaveLength(2);
  expect(samplePairs(members.slice(0, 2), members.slice(2))).toHaveLength(2);
});

test('the median of an even number lies between the middle two, that of none is null', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNull();
});
