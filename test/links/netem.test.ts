/**
 * The generated program on a real kernel with netem: what was asked is what is measured, between
 * namespaces of three regions; and the check that says so sees two exchanged classes.
 */
import { expect, test, beforeAll } from 'vitest';
import { type LinkClass, UNSHAPED } from '../../node/control.ts';
import { helperInput } from '../../lab/drivers/docker-helper.ts';
import type { RootFile } from '../../lab/image/files.ts';
import { regionClassId, tcProgram } from '../../lab/links/tc.ts';
import { needs } from '../support/machine.ts';
import { proofMissing, runProof } from './machine.ts';

const missing = await proofMissing();
const REGIONS = ['virginia', 'frankfurt', 'tokyo'] as const;
type Region = (typeof REGIONS)[number];
/** One-way delays as published with CometBFT's end-to-end tests, ms. */
const DELAY_MS: Readonly<Record<Region, Readonly<Record<Region, number>>>> = {
  virginia: { virginia: 0, frankfurt: 44, tokyo: 73 },
  frankfurt: { virginia: 44, frankfurt: 0, tokyo: 111 },
  tokyo: { virginia: 73, frankfurt: 111, tokyo: 0 },
};
const PAIRS: readonly (readonly [Region, Region])[] = [
  ['virginia', 'frankfurt'],
  ['virginia', 'tokyo'],
  ['frankfurt', 'tokyo'],
];
/** One-way loss on the lossy pair, and the packets it takes to tell it from half and double. */
const LOSS = 0.1;
const LOSS_PACKETS = 400;
const ROUND_TRIPS = 25;
const Z_99 = 2.576;

function address(region: Region): string {
  return `10.9.${4 * (REGIONS.indexOf(region) + 1)}.1`;
}

type Change = (from: Region, to: Region) => Partial<LinkClass>;

function program(from: Region, change: Change): string[] {
  const classes = REGIONS.map(
    (to, index): LinkClass => ({
      region: to,
      subnet: `10.9.${4 * (index + 1)}.0/22`,
      ...UNSHAPED,
      distribution: 'uniform',
      delayMs: DELAY_MS[from][to],
      cut: false,
      ...change(from, to),
    }),
  );
  return tcProgram(classes, { netem: true });
}

function sections(name: string, change: Change, edit = (line: string) => line): RootFile {
  const members = REGIONS.map((from) => ({
    netns: `/run/netns/${from}`,
    ip: address(from),
    lines: program(from, change).map(edit),
  }));
  return { path: `/sections-${name}`, source: { text: helperInput(members) }, mode: 0o644 };
}

/** The kernel's classes of the second and third region exchanged: CometBFT's mistake. */
function exchange(line: string): string {
  const swap = new Map([
    [regionClassId(1), regionClassId(2)],
    [regionClassId(2), regionClassId(1)],
  ]);
  return line.replace(/flowid (\S+)$/, (_, id: string) => `flowid ${swap.get(id) ?? id}`);
}

const oneWay =
  (a: Region, b: Region, change: Partial<LinkClass>): Change =>
  (from, to) =>
    from === a && to === b ? change : {};
const nothing: Change = () => ({});
/** Loss both ways on one pair, bursts one way on another, jitter one way on the third. */
const shapes: Change = (from, to) => {
  if (from === 'virginia' && to === 'tokyo') return { jitterMs: 10, distribution: 'normal' };
  if (from === 'frankfurt' && to === 'tokyo') return { burst: BURST };
  const lossy = from !== to && from !== 'tokyo' && to !== 'tokyo';
  return lossy ? { loss: LOSS } : {};
};
const BURST = { enter: 0.05, leave: 0.2, lossBad: 1, lossGood: 0 };

const PASSES: readonly {
  readonly name: string;
  readonly change: Change;
  readonly edit?: (line: string) => string;
  readonly pings: readonly (readonly [Region, Region, number, number])[];
}[] = [
  { name: 'plain', change: nothing, pings: PAIRS.map(([a, b]) => [a, b, ROUND_TRIPS, 0.1]) },
  {
    name: 'exchanged',
    change: nothing,
    edit: exchange,
    pings: PAIRS.map(([a, b]) => [a, b, ROUND_TRIPS, 0.1]),
  },
  {
    name: 'shapes',
    change: shapes,
    pings: [
      ['virginia', 'frankfurt', LOSS_PACKETS, 0.02],
      ['frankfurt', 'tokyo', LOSS_PACKETS, 0.02],
      ['virginia', 'tokyo', 100, 0.05],
    ],
  },
  {
    name: 'cut',
    change: oneWay('virginia', 'tokyo', { cut: true }),
    pings: [
      ['virginia', 'tokyo', 5, 0.1],
      ['virginia', 'frankfurt', 5, 0.1],
    ],
  },
];

interface Measured {
  readonly sent: number;
  readonly received: number;
  readonly rttMs: readonly number[];
}

let output = '';
const measured = new Map<string, Measured>();

function plan(): RootFile {
  const lines = [
    ...REGIONS.map((region) => `region ${region} ${address(region)}`),
    ...PASSES.flatMap(({ name, pings }) => [
      `pass ${name}`,
      ...pings.map((words) => `ping ${words.join(' ')}`),
    ]),
  ];
  return { path: '/plan', source: { text: `${lines.join('\n')}\n` }, mode: 0o644 };
}

beforeAll(async () => {
  if (missing !== null) return;
  output = await runProof([
    plan(),
    ...PASSES.map(({ name, change, edit }) => sections(name, change, edit)),
  ]);
  for (const line of output.split('\n')) {
    const [word, pass, from, to, sent, received, , ...rtt] = line.trim().split(' ');
    if (word !== 'PING') continue;
    const figures = { sent: Number(sent), received: Number(received), rttMs: rtt.map(Number) };
    measured.set(`${pass} ${from} ${to}`, figures);
  }
}, 180_000);

function of(pass: string, from: Region, to: Region): Measured {
  const found = measured.get(`${pass} ${from} ${to}`);
  if (found === undefined) throw new Error(`no ${pass} from ${from} to ${to} in:\n${output}`);
  return found;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/** The pairs whose median round trip is not what was asked: the check that must fail when exchanged. */
function wrongPairs(pass: string): string[] {
  return PAIRS.filter(([a, b]) => {
    const asked = DELAY_MS[a][b] + DELAY_MS[b][a];
    const { received, rttMs } = of(pass, a, b);
    const off = Math.abs(median(rttMs) - asked);
    return !(received >= 20 && off <= Math.max(3, asked / 10));
  }).map(([a, b]) => `${a}–${b}: ${median(of(pass, a, b).rttMs)} ms`);
}

/** Wilson's interval at 99 % for a share of `n`. */
function wilson(share: number, n: number): [number, number] {
  const middle = (share + Z_99 ** 2 / (2 * n)) / (1 + Z_99 ** 2 / n);
  const half =
    (Z_99 / (1 + Z_99 ** 2 / n)) * Math.sqrt((share * (1 - share)) / n + Z_99 ** 2 / (4 * n * n));
  return [middle - half, middle + half];
}

test('every section of every pass was applied by the helper’s entry point', (context) => {
  needs(context, missing);
  const applied = output.split('\n').filter((line) => line.startsWith('APPLY '));
  const wanted = PASSES.flatMap(({ name }) =>
    REGIONS.map((r) => `APPLY ${name} ok /run/netns/${r}`),
  );
  expect(applied.map((line) => line.trim())).toEqual(wanted);
});

test('round trips between three regions are what was asked', (context) => {
  needs(context, missing);
  expect(wrongPairs('plain')).toEqual([]);
});

test('exchanging two classes is seen by the same check', (context) => {
  needs(context, missing);
  expect(wrongPairs('exchanged').length).toBeGreaterThan(0);
});

test('the asked loss lies in the interval of the measured one', (context) => {
  needs(context, missing);
  const { sent, received } = of('shapes', 'virginia', 'frankfurt');
  const [low, high] = wilson(1 - received / sent, sent);
  const asked = 1 - (1 - LOSS) ** 2;
  expect(sent).toBe(LOSS_PACKETS);
  expect(low).toBeLessThan(asked);
  expect(high).toBeGreaterThan(asked);
  expect(high - low).toBeLessThan(asked);
});

test('burst loss has the share that its four numbers say', (context) => {
  needs(context, missing);
  const { sent, received } = of('shapes', 'frankfurt', 'tokyo');
  // Bursts of five: one packet in five is in the bad state, and they are not independent, so that the
  // share of some hundred packets has a deviation of a quarter of itself: three of them either way.
  const share = BURST.enter / (BURST.enter + BURST.leave);
  expect(1 - received / sent).toBeGreaterThan(share / 5);
  expect(1 - received / sent).toBeLessThan(share * 2);
});

test('a cut takes one direction’s packets, and no others', (context) => {
  needs(context, missing);
  expect(of('cut', 'virginia', 'tokyo').received).toBe(0);
  expect(of('cut', 'virginia', 'frankfurt').received).toBe(5);
});

test('jitter spreads the round trips around what was asked', (context) => {
  needs(context, missing);
  const rttMs = of('shapes', 'virginia', 'tokyo').rttMs.toSorted((a, b) => a - b);
  const quantile = (p: number): number => rttMs[Math.round(p * (rttMs.length - 1))] ?? Number.NaN;
  expect(Math.abs(quantile(0.5) - 146)).toBeLessThan(10);
  // The middle half of a normal distribution is 1.35 deviations wide; of quantiles, since a busy
  // host holds the whole machine up now and then.
  const middle = quantile(0.75) - quantile(0.25);
  expect(middle).toBeGreaterThan(1.35 * 6);
  expect(middle).toBeLessThan(1.35 * 15);
});
