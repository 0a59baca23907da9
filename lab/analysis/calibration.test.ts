import { expect, test } from 'vitest';
import { calibrationLines, calibrationOf, type Compared, type Side } from './calibration.ts';
import { quantilesOf } from './statistics.ts';

const FINAL_MS = Array.from({ length: 200 }, (_, index) => 100 + index);

interface Differences {
  readonly run?: string;
  readonly scale?: number;
  readonly messages?: number | null;
  readonly votes?: number;
  readonly fidelity?: Compared['fidelity'];
}

/** A run of 100 commits whose finality is that of the others, `scale` times. */
function side(differences: Differences = {}): Side {
  const { run = 'demo-1', scale = 1, messages = 200, votes = 12_000 } = differences;
  const finalMs = FINAL_MS.map((value) => value * scale);
  const quantiles = quantilesOf(finalMs);
  const result: Compared = {
    run,
    testnet: 'demo',
    driver: 'docker',
    shaping: 'netem',
    fidelity: differences.fidelity ?? { ok: true, reasons: [] },
    seed: 1,
    traceHash: null,
    transactions: {
      submitted: 100,
      committed: 100,
      timedOut: 0,
      conflicting: 0,
      safetyViolations: 0,
    },
    finality: {
      unit: 'ms',
      ...quantiles,
      atFirst: quantiles,
      atAll: quantiles,
      unreached: { tooFewHonestKeepers: 0, notInTime: 0 },
    },
    messages: {
      perCommit: messages,
      datagramsPerCommit: messages,
      perPeerPerCommit: 1,
      bytesPerPeerPerSecond: 10_000,
      byType: {
        votes: { count: votes, bytes: votes * 100 },
        'ask-votes': { count: 3000, bytes: 30_000 },
        hello: { count: 10, bytes: 10 },
      },
    },
  };
  return { result, finalMs };
}

test('runs that are alike are within every limit, and chance explains what differs', () => {
  const calibration = calibrationOf(side(), side({ run: 'demo-2', scale: 1.01 }));
  expect(calibration.ok).toBe(true);
  expect(calibration.figures.every(({ within }) => within !== false)).toBe(true);
  const { kolmogorovSmirnov, critical, meanShiftMs, n } = calibration.finality ?? {};
  expect(kolmogorovSmirnov).toBeLessThan(critical ?? 0);
  // 1 % of a mean of 199.5 ms.
  expect(meanShiftMs).toBeCloseTo(1.995, 6);
  expect(n).toEqual([200, 200]);
  expect(calibrationLines(calibration).join('\n')).toContain('chance explains it');
});

test('half of finality 16 % off, or messages 11 % off, is said plainly; 14 % and 9 % are not', () => {
  const of = (differences: Differences) => calibrationOf(side(), side(differences));
  expect(of({ scale: 1.14, messages: 218 }).ok).toBe(true);
  expect(of({ scale: 0.86, messages: 182 }).ok).toBe(true);
  const late = of({ scale: 1.16 });
  expect(late.ok).toBe(false);
  expect(calibrationLines(late).at(-1)).toBe(
    'differ by more than their limit: finality p50, ms; finality p90, ms; finality p99, ms',
  );
  const talkative = of({ messages: 222 });
  expect(talkative.ok).toBe(false);
  expect(calibrationLines(talkative).at(-2)).toMatch(/ NO$/);
  expect(calibrationLines(talkative).at(-1)).toContain('messages per commit');
});

test('the tails may differ without the verdict, which is about the half and the messages', () => {
  const real = side();
  const simulated = side();
  const tail = { ...simulated.result.finality, p99: 900 };
  const calibration = calibrationOf(real, {
    ...simulated,
    result: { ...simulated.result, finality: tail },
  });
  expect(calibration.ok).toBe(true);
  expect(calibrationLines(calibration).at(-1)).toContain('finality p99');
});

test('what was not measured is neither within its limit nor beyond it', () => {
  const calibration = calibrationOf(side({ messages: null }), { ...side(), finalMs: [] });
  expect(calibration.ok).toBeNull();
  expect(calibration.finality).toBeNull();
  expect(calibrationLines(calibration).join('\n')).toContain('not measured');
});

test('types of messages stand beside each other per commit, the rare ones left out', () => {
  const { byType } = calibrationOf(side(), side({ votes: 9000 }));
  expect(byType.map(({ name }) => name)).toEqual(['votes', 'ask-votes']);
  expect(byType[0]).toMatchObject({ real: 120, simulated: 90, relative: -0.25, within: null });
});

test('a real run that is not to be trusted says so above its figures', () => {
  const fidelity = { ok: false, reasons: ['the host’s CPU was over 95 % busy'] };
  const lines = calibrationLines(calibrationOf(side({ fidelity }), side()));
  const warned = lines.findIndex((line) => line.startsWith('!!'));
  expect(warned).toBeGreaterThan(0);
  expect(warned).toBeLessThan(lines.findIndex((line) => line.includes('finality p50')));
});
