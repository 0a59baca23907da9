/**
 * A real run and a simulated one of the same testnet and seed, side by side: where the simulator is
 * to be believed and where not.
 */
import { ask } from '../telemetry/queries.ts';
import type { TelemetryStore } from '../telemetry/store.ts';
import { duration, percent, table } from '../terminal/style.ts';
import { kolmogorovSmirnov, meanShift, relativeDifference } from './distance.ts';
import { finalityThreshold, TRANSACTION_FATES } from './queries.ts';
import type { RunResult } from './result.ts';

/** Figures of time may differ by this share, figures of number by the other (issue 4). */
const TIME_TOLERANCE = 0.15;
const COUNT_TOLERANCE = 0.1;
/** Types that make up less of all messages than this are left out of the table. */
const LEAST_SHARE = 0.01;

/** What is compared of a run's result. */
export type Compared = Pick<
  RunResult,
  | 'run'
  | 'testnet'
  | 'driver'
  | 'shaping'
  | 'fidelity'
  | 'seed'
  | 'traceHash'
  | 'transactions'
  | 'finality'
  | 'messages'
>;

/** One of the two runs: its result, and the finality of each of its transactions, ms. */
export interface Side {
  readonly result: Compared;
  readonly finalMs: readonly number[];
}

/** One figure of both runs. `within` is null when it has no limit or was not measured. */
export interface Figure {
  readonly name: string;
  readonly real: number | null;
  readonly simulated: number | null;
  /** (simulated − real) / real. */
  readonly relative: number | null;
  readonly tolerance: number | null;
  readonly within: boolean | null;
}

/** What `lab calibrate --json` prints. */
export interface Calibration {
  readonly testnet: string;
  readonly seed: number;
  readonly real: RunName & { readonly fidelity: RunResult['fidelity'] };
  readonly simulated: RunName & { readonly traceHash: string | null };
  /** Every figure that is measured in both. */
  readonly figures: readonly Figure[];
  /** Of the two distributions of finality; null when one run has none. */
  readonly finality: {
    readonly kolmogorovSmirnov: number;
    /** Chance alone gives more in one case of twenty. */
    readonly critical: number;
    /** Area between the distribution functions, ms. */
    readonly meanShiftMs: number;
    readonly n: readonly [real: number, simulated: number];
  } | null;
  /** Messages of one type per commit, the most frequent first; no limit. */
  readonly byType: readonly Figure[];
  /** Is the half of finality within 15 % and are messages per commit within 10 %? Null: not measured. */
  readonly ok: boolean | null;
}

interface RunName {
  readonly run: string;
  readonly driver: string;
  readonly shaping: string;
}

/** Reads what comparing needs beyond a run's result. `k` is the network's. */
export async function readSide(store: TelemetryStore, result: Compared, k: number): Promise<Side> {
  const fates = await ask(store, TRANSACTION_FATES, {
    run: result.run,
    need: finalityThreshold(k),
  });
  return { result, finalMs: fates.flatMap(({ final_ms }) => final_ms ?? []) };
}

export function calibrationOf(real: Side, simulated: Side): Calibration {
  const figures = FIGURES.map(({ name, of, tolerance }) =>
    figure(name, of(real.result), of(simulated.result), tolerance),
  );
  const judged = figures.filter(({ name }) => ASKED.has(name));
  const name = ({ run, driver, shaping }: Compared): RunName => ({ run, driver, shaping });
  return {
    testnet: real.result.testnet,
    seed: real.result.seed,
    real: { ...name(real.result), fidelity: real.result.fidelity },
    simulated: { ...name(simulated.result), traceHash: simulated.result.traceHash },
    figures,
    finality: distances(real.finalMs, simulated.finalMs),
    byType: messagesByType(real.result, simulated.result),
    ok: judged.some(({ within }) => within === null) ? null : judged.every(({ within }) => within),
  };
}

const P50 = 'finality p50, ms';
const PER_COMMIT = 'messages per commit';
/** What issue 4 asks of the simulator; the other limits are only reported. */
const ASKED: ReadonlySet<string> = new Set([P50, PER_COMMIT]);

const FIGURES: readonly {
  readonly name: string;
  readonly of: (result: Compared) => number | null;
  readonly tolerance: number | null;
}[] = [
  { name: 'transactions submitted', of: (r) => r.transactions.submitted, tolerance: null },
  { name: 'transactions committed', of: (r) => r.transactions.committed, tolerance: null },
  { name: P50, of: (r) => r.finality.p50, tolerance: TIME_TOLERANCE },
  { name: 'finality p90, ms', of: (r) => r.finality.p90, tolerance: TIME_TOLERANCE },
  { name: 'finality p99, ms', of: (r) => r.finality.p99, tolerance: TIME_TOLERANCE },
  { name: PER_COMMIT, of: (r) => r.messages.perCommit, tolerance: COUNT_TOLERANCE },
  {
    name: 'datagrams per commit',
    of: (r) => r.messages.datagramsPerCommit,
    tolerance: COUNT_TOLERANCE,
  },
  {
    name: 'bytes per peer and second',
    of: (r) => r.messages.bytesPerPeerPerSecond,
    tolerance: COUNT_TOLERANCE,
  },
];

function figure(
  name: string,
  real: number | null,
  simulated: number | null,
  tolerance: number | null,
): Figure {
  const relative = relativeDifference(real, simulated);
  const within = tolerance === null || relative === null ? null : Math.abs(relative) <= tolerance;
  return { name, real, simulated, relative, tolerance, within };
}

function distances(real: readonly number[], simulated: readonly number[]): Calibration['finality'] {
  const test = kolmogorovSmirnov(real, simulated);
  const shift = meanShift(real, simulated);
  if (test === null || shift === null) return null;
  return {
    kolmogorovSmirnov: test.distance,
    critical: test.critical,
    meanShiftMs: shift,
    n: [real.length, simulated.length],
  };
}

function messagesByType(real: Compared, simulated: Compared): readonly Figure[] {
  const total = (result: Compared): number =>
    Object.values(result.messages.byType).reduce((sum, { count }) => sum + count, 0);
  const share = (result: Compared, type: string): number =>
    (result.messages.byType[type]?.count ?? 0) / Math.max(1, total(result));
  const perCommit = (result: Compared, type: string): number | null =>
    result.transactions.committed === 0
      ? null
      : (result.messages.byType[type]?.count ?? 0) / result.transactions.committed;
  const types = new Set([
    ...Object.keys(real.messages.byType),
    ...Object.keys(simulated.messages.byType),
  ]);
  return [...types]
    .filter((type) => Math.max(share(real, type), share(simulated, type)) >= LEAST_SHARE)
    .map((type) => figure(type, perCommit(real, type), perCommit(simulated, type), null))
    .toSorted((a, b) => (b.real ?? 0) - (a.real ?? 0));
}

/** As a person reads it. */
export function calibrationLines(calibration: Calibration): string[] {
  const { real, simulated, figures, byType } = calibration;
  return [
    '',
    `${calibration.testnet}, seed ${calibration.seed}: really (${real.driver}) and simulated`,
    `  ${real.run}, links shaped by ${real.shaping}`,
    `  ${simulated.run}, trace ${simulated.traceHash ?? '–'}`,
    ...trust(real.fidelity),
    '',
    ...figureTable('', figures),
    ...finalityLines(calibration.finality),
    '',
    ...figureTable('messages per commit', byType),
    '',
    ...verdict(calibration),
  ];
}

function trust({ ok, reasons }: RunResult['fidelity']): string[] {
  if (ok) return [];
  return [
    '!! THE REAL RUN IS NOT TO BE TRUSTED, so neither is the comparison:',
    ...reasons.map((reason) => `!!   ${reason}`),
  ];
}

function figureTable(title: string, figures: readonly Figure[]): string[] {
  const rows = figures.map(({ name, real, simulated, relative, tolerance, within }) => [
    name,
    number(real),
    number(simulated),
    relative === null ? '–' : `${relative > 0 ? '+' : ''}${percent(relative, 1)}`,
    tolerance === null ? '' : `within ${percent(tolerance)}: ${yesOrNo(within)}`,
  ]);
  return table([title, 'real', 'simulated', 'difference', ''], rows, [1, 2, 3]).map(
    (line) => `  ${line}`,
  );
}

function finalityLines(finality: Calibration['finality']): string[] {
  if (finality === null) return ['  finality: one of the runs has none'];
  const { kolmogorovSmirnov: distance, critical, meanShiftMs, n } = finality;
  const chance = distance <= critical ? 'chance explains it' : 'chance does not explain it';
  return [
    `  finality distributions: Kolmogorov–Smirnov distance ${distance.toFixed(3)}, critical at 5 % ` +
      `${critical.toFixed(3)} (n ${n[0]} and ${n[1]}): ${chance}; ${duration(meanShiftMs)} apart on average`,
  ];
}

function verdict({ figures, ok }: Calibration): string[] {
  const off = figures.filter(({ within }) => within === false).map(({ name }) => name);
  const asked = `half of finality within ${percent(TIME_TOLERANCE)} and messages per commit within ${percent(COUNT_TOLERANCE)}: ${yesOrNo(ok)}`;
  return off.length === 0 ? [asked] : [asked, `differ by more than their limit: ${off.join('; ')}`];
}

function yesOrNo(value: boolean | null): string {
  if (value === null) return 'not measured';
  return value ? 'yes' : 'NO';
}

function number(value: number | null): string {
  if (value === null) return '–';
  return value >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(4)));
}
