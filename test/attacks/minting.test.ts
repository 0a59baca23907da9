/** Detectors of minting over a whole simulated run: newcomers mint when they come. */
import { expect, test, vi } from 'vitest';
import { runDetectors } from '../../lab/detectors/detect.ts';
import type { DetectorName } from '../../lab/detectors/report.ts';
import { attacked } from './attacked.ts';

vi.setConfig({ testTimeout: 120_000 });

const HONEST = [0.5, 4, 8, 15, 21, 26].map(
  (seconds, at) =>
    `  - {group: late${at}, count: 1, regions: even, joinAtMs: ${Math.round(1000 * seconds)}}`,
);

/** Six honest newcomers that come when they like, and four Sybils within a second. */
const NETWORK = `name: burst
durationMs: 30000
protocol: {k: 4, leaseHours: 240, pow: {memoryKiB: 8, passes: 1, bits: 2}}
regions: [{name: here}]
links: [{default: {delayMs: 20}}]
peers:
  - {group: honest, count: 6, regions: even}
${HONEST.join('\n')}
  - {group: sybils, count: 4, regions: even, adversary: sybil-positioning, active: false, joinAtMs: 12000}
clients: {count: 1, regions: even, queryRatePerSecond: 0.2}
load: {transactionsPerSecond: 0.2}
attacks: [{name: sybil-positioning, atMs: 500, knobs: {captured: 3}}]
`;

/** The burst detector's scores: the least of the Sybils', the highest of an honest newcomer. */
async function bursts(settings: readonly string[]): Promise<readonly [number, number]> {
  const detector: DetectorName = 'minting-burst';
  let scores = new Map<string, number>();
  let sybils: readonly string[] = [];
  await attacked(NETWORK, settings, async (store) => {
    const report = await runDetectors(store, 'attacked');
    scores = new Map(
      report.scores.flatMap((one) => (one.detector === detector ? [[one.subject, one.score]] : [])),
    );
    const roles = await store.query<{ address: string }>(
      `SELECT address FROM truth.roles WHERE adversary != ''`,
      {},
    );
    sybils = roles.map(({ address }) => address);
  });
  expect(sybils).toHaveLength(4);
  const others = [...scores].filter(([subject]) => !sybils.includes(subject));
  return [
    Math.min(...sybils.map((address) => scores.get(address) ?? 0)),
    Math.max(0, ...others.map(([, score]) => score)),
  ];
}

test('Sybils that mint together stand out among newcomers that come when they like', async () => {
  const [sybils, honest] = await bursts([]);
  expect(sybils).toBeGreaterThan(1);
  expect(honest).toBeLessThan(sybils / 2);
});

test('Sybils that claim to have paused between mintings do not', async () => {
  const [sybils] = await bursts(['attacks.0.knobs.backdate=true']);
  expect(sybils).toBe(0);
});
