/** Sybil positioning succeeds where its defence is off; what happens where it is on. */
import { expect, test, vi } from 'vitest';
import { declaration } from '../../attacks/sybil-positioning/index.ts';
import { attacked } from './attacked.ts';

/** Seconds on a free core; on a busy one whole networks take their time. */
vi.setConfig({ testTimeout: 120_000 });

/** Three that come later, among eight: one arc of the ring is theirs once they count. */
const NEWCOMERS = `name: sybils
durationMs: 62000
protocol: {k: 5, leaseHours: 240, pow: {memoryKiB: 8, passes: 1, bits: 4}}
regions: [{name: here}]
links: [{default: {delayMs: 20}}]
peers:
  - {group: honest, count: 8, regions: even}
  - {group: sybils, count: 3, regions: even, adversary: sybil-positioning, active: false, joinAtMs: 500}
clients: {count: 1, regions: even, queryRatePerSecond: 0.5}
load: {transactionsPerSecond: 0.5}
attacks: [{name: sybil-positioning, atMs: 200, knobs: {captured: 3, waitMs: 4000}}]
`;

/** The same as sleepers, whom the genesis names: patience, or nobody who asked them to wait. */
const SLEEPERS = NEWCOMERS.replace(', joinAtMs: 500', '')
  .replace('durationMs: 62000', 'durationMs: 8000')
  .replace(
    'atMs: 200, knobs: {captured: 3, waitMs: 4000}',
    'atMs: 1000, knobs: {captured: 3, waitMs: 500}',
  );

const OFF = Object.entries(declaration.switchOff).map(([at, value]) => `${at}=${value}`);

test('newcomers near one point spend a token twice where nobody has to earn trust', async () => {
  const { attack, result } = await attacked(NEWCOMERS, OFF);
  expect(attack).toMatchObject({ succeeded: true, success: { spentTwice: 3 } });
  expect(result.transactions.safetyViolations).toBe(3);
  expect(result.detection.falseSlashes).toBe(0);
});

test('identities that lay elsewhere were paid for too', async () => {
  const [count, bits, reach] = [24, 2, 0.05];
  const { attack } = await attacked(SLEEPERS, [
    `peers.sybils.count=${count}`,
    `protocol.pow.bits=${bits}`,
    `attacks.0.knobs.reach=${reach}`,
    'durationMs=1500',
  ]);
  // An evaluation gives an identity once in 2^bits, which lies within reach once in 1 / (2 × reach). Of 24
  // that were found one after another, the mean is off by a factor of 3 for one seed in 10^5 (the sum is a
  // gamma variable of shape 24); if only what was kept were counted, it would be off by a factor of 10.
  const expected = (count * 2 ** bits) / (2 * reach);
  expect(attack.cost.attempts).toBeGreaterThan(expected / 3);
  expect(attack.cost.attempts).toBeLessThan(expected * 3);
});

test('as long as their trust period lasts they own nothing, and nothing happens', async () => {
  const { attack, result } = await attacked(NEWCOMERS);
  expect(attack).toMatchObject({ succeeded: false, success: { spentTwice: 0, stalled: 0 } });
  expect(result.transactions.safetyViolations).toBe(0);
  expect(result.transactions.timedOut).toBe(0);
});

test('two of five suffice under the net rule, and not under the quorum', async () => {
  const two = ['peers.sybils.count=2', 'attacks.0.knobs.captured=2'];
  const net = await attacked(SLEEPERS, [...two, 'protocol.commitRule=net']);
  expect(net.attack).toMatchObject({ succeeded: true, success: { spentTwice: 3 } });
  const quorum = await attacked(SLEEPERS, two);
  expect(quorum.attack).toMatchObject({ succeeded: false, success: { spentTwice: 0 } });
});

test('who captured a place can stop what happens there; before it is captured nothing is stopped', async () => {
  const freeze = [
    'attacks.0.knobs.strike=freeze',
    'attacks.0.knobs.strikeMs=600000',
    'durationMs=12000',
    'load.transactionsPerSecond=2',
  ];
  const { attack } = await attacked(SLEEPERS, freeze);
  expect(attack.succeeded).toBe(true);
  expect(attack.success['stalled']).toBeGreaterThan(0);
  const asleep = await attacked(SLEEPERS, [...freeze, 'attacks.0.knobs.captured=4']);
  expect(asleep.attack).toMatchObject({ succeeded: false, success: { stalled: 0 } });
});

test('who captured a place lies unopposed to clients that ask no more keepers than it has there', async () => {
  const lie = ['attacks.0.knobs.strike=lie', 'clients.queryRatePerSecond=5', 'clients.count=2'];
  const busy = [...lie, 'durationMs=12000', 'load.transactionsPerSecond=3'];
  const three = await attacked(SLEEPERS, [...busy, 'clients.askPeers=3']);
  expect(three.attack.succeeded).toBe(true);
  expect(three.attack.success['unopposedLies']).toBeGreaterThan(0);
  const four = await attacked(SLEEPERS, [...busy, 'clients.askPeers=4']);
  expect(four.attack).toMatchObject({ succeeded: false, success: { unopposedLies: 0 } });
  expect(four.attack.success['liesTold']).toBeGreaterThan(0);
  // Who hears the truth beside it convicts all that lied.
  expect(four.attack.slashed).toBe(four.attack.offenders);
  for (const { result } of [three, four]) expect(result.detection.falseSlashes).toBe(0);
});

test('those that came in together strike as soon as all count, whatever their own views have heard', async () => {
  const { attack } = await attacked(NEWCOMERS, [...OFF, 'seed=5', 'durationMs=32000']);
  expect(attack).toMatchObject({ succeeded: true, success: { spentTwice: 3 } });
});
