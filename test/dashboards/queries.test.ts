/** Every query of every dashboard, as the plug-in sends it, on the real engine with a real run. */
import type { Dashboard, VariableModel } from '@grafana/grafana-foundation-sdk/dashboard';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dashboards } from '../../dashboards/all.ts';
import { finalityThreshold, LIVE_COUNTS } from '../../lab/analysis/queries.ts';
import {
  DETECTION_OVER_TIME,
  FINALITY_OVER_TIME,
  FINALITY_OVER_TIME_BY_REGION,
  THROUGHPUT_OVER_TIME,
  TRUTH_SERIES,
} from '../../lab/analysis/series.ts';
import { TRUTH_FIGURES } from '../../lab/analysis/figures.ts';
import { MEMBER_QUERIES } from '../../lab/telemetry/members.ts';
import { LAB_SERIES } from '../../lab/telemetry/series.ts';
import { renderRun } from '../../lab/report/render-run.ts';
import { ask as askNamed } from '../../lab/telemetry/queries.ts';
import { expanded, type Choices, type Range } from './expand.ts';
import { observe, OBSERVED, type Observed } from './observed.ts';
import { toldFigures } from './in-report.ts';
import { figuresShown, panelsOf, targetOf } from './panels.ts';
import { readReport } from './reading.ts';
import { served } from './served.ts';
import { untrue } from './told.ts';

let observed: Observed;
beforeAll(async () => {
  observed = await observe();
});
afterAll(() => observed.close());

/** Of the observed network's k. */
const NEED = finalityThreshold(5);

const CHOICES: Choices = { ...OBSERVED, testnet: [OBSERVED.testnet] };

const range = (): Range => ({ fromMs: observed.fromMs, toMs: observed.toMs, intervalMs: 1000 });

interface Answer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

const answers = new Map<string, Promise<Answer>>();

/** Asked once: several tests look at the same answers. */
function answerTo(rawSql: string): Promise<Answer> {
  const known = answers.get(rawSql) ?? ask(rawSql);
  answers.set(rawSql, known);
  return known;
}

async function ask(rawSql: string): Promise<Answer> {
  const sql = expanded(rawSql, CHOICES, range());
  const described = await observed.store.query<{ name: string; type: string }>(`DESCRIBE (${sql})`);
  const columns = described.map(({ name, type }) => ({ name, type }));
  return { columns, rows: await observed.store.query(sql) };
}

/** What the plug-in turns into a number, a text or a time; an array or a tuple would be shown as JSON. */
const isTime = (type: string): boolean => /^(Nullable\()?DateTime64\(3/.test(type);
const isNumber = (type: string): boolean =>
  /^(Nullable\()?(U?Int(8|16|32|64)|Float64)\)?$/.test(type);
const isText = (type: string): boolean => /^(LowCardinality\()?String\)?$/.test(type);

const all: readonly (readonly [string, Dashboard])[] = dashboards().map((made) => [
  made.title ?? '',
  made,
]);

describe.each(all)('%s', (_title, made) => {
  const panels = panelsOf(made).map((panel) => [panel.title ?? '', panel] as const);

  test.each(panels)('%s: rows of the shape its panel takes', async (_name, panel) => {
    const target = targetOf(panel);
    const { columns, rows } = await answerTo(target.rawSql);
    expect(rows.length).toBeGreaterThan(0);
    for (const { name, type } of columns) {
      const isScalar = isTime(type) || isNumber(type) || isText(type);
      expect(isScalar, `${name} is a ${type}`).toBe(true);
    }
    if (target.queryType === 'timeseries') {
      const [time, ...rest] = columns;
      expect(time?.name).toBe('time');
      expect(isTime(time?.type ?? ''), time?.type).toBe(true);
      // Texts tell lines apart: one at most, behind the time; all others are what is drawn.
      const numbers = rest.filter(({ type }) => isNumber(type));
      expect(numbers.length).toBeGreaterThan(0);
      expect(rest.length - numbers.length).toBeLessThanOrEqual(1);
      const times = rows.map((row) => String(row['time']));
      expect(times).toEqual([...times].sort());
      expect(new Set(times).size, 'points in time').toBeGreaterThan(1);
      for (const { name } of numbers) {
        expect(
          rows.some((row) => row[name] !== null),
          `${name} is never measured`,
        ).toBe(true);
      }
    }
    if (panel.type === 'stat') {
      expect(rows.length).toBe(1);
      for (const { name, type } of columns) expect(isNumber(type), name).toBe(true);
    }
  });

  test('variables offer what was run', async () => {
    for (const variable of made.templating?.list ?? []) {
      const { columns, rows } = await answerTo(variableSql(variable));
      expect(columns.length).toBe(1);
      expect(isText(columns[0]?.type ?? ''), variable.name).toBe(true);
      const offered = rows.map((row) => Object.values(row)[0]);
      const chosen = CHOICES[variable.name];
      expect(offered).toEqual(expect.arrayContaining([chosen].flat()));
    }
  });

  test('annotations mark the attack and the fault, from their begin to their end', async () => {
    const lists = made.annotations?.list ?? [];
    expect(lists.map(({ name }) => name)).toEqual(['Attacks', 'Faults']);
    for (const annotation of lists) {
      const { columns, rows } = await answerTo(targetOf({ targets: [annotation.target] }).rawSql);
      expect(columns.map(({ name }) => name)).toEqual(['time', 'timeEnd', 'text', 'tags']);
      expect(columns.slice(0, 2).every(({ type }) => isTime(type))).toBe(true);
      expect(rows.length).toBe(1);
      const [row] = rows;
      expect(String(row?.['timeEnd']) > String(row?.['time'])).toBe(true);
    }
  });
});

function variableSql({ query }: VariableModel): string {
  if (typeof query !== 'object') throw new Error('a variable asks in the plug-in’s own form');
  return String(query['rawSql']);
}

test('single figures are those of the result, whatever the time picker shows', async () => {
  const { result } = observed;
  const far = { fromMs: observed.toMs + 3_600_000, toMs: observed.toMs + 7_200_000 };
  const shown = await figuresShown(observed.store, (sql) =>
    expanded(sql, CHOICES, { ...far, intervalMs: 1000 }),
  );
  const { transactions, finality, messages, detection } = result;
  expect(shown.get('Transactions')).toEqual({
    submitted: transactions.submitted,
    committed: transactions.committed,
    'given up': transactions.timedOut,
    'in conflict': transactions.conflicting,
    'safety violations': transactions.safetyViolations,
  });
  expect(shown.get('Finality')).toEqual({
    final: finality.n,
    median: finality.p50,
    '90 %': finality.p90,
    '99 %': finality.p99,
  });
  expect(shown.get('Messages and bytes')).toEqual({
    'messages per commit': messages.perCommit,
    'per peer': messages.bytesPerPeerPerSecond,
  });
  expect(shown.get('Detection')).toEqual({
    offenders: detection.offenders,
    detected: detection.truePositives,
    missed: detection.falseNegatives,
    'detection rate': detection.rate,
  });
  expect(shown.get('Honest identities wronged')).toEqual({
    'false positives': detection.falsePositives,
    'false slashes': detection.falseSlashes,
  });
  // Every panel of single figures is among those compared, but for the counts "so far".
  expect([...shown.keys()].sort()).toEqual([
    'Detection',
    'Finality',
    'Honest identities wronged',
    'Messages and bytes',
    'So far',
    'Transactions',
  ]);
});

test('what `lab serve` answers the plug-in over HTTP has the same columns and as many rows', async () => {
  const http = await served(OBSERVED.run, observed.directory);
  try {
    const panels = dashboards().flatMap(panelsOf);
    for (const panel of panels) {
      const { columns, rows } = await answerTo(targetOf(panel).rawSql);
      const sql = expanded(targetOf(panel).rawSql, CHOICES, range());
      expect(await http.ask(sql), panel.title).toEqual({ columns, rows: rows.length });
    }
  } finally {
    await http.close();
  }
}, 60_000);

test('series over the whole run add up to its figures', async () => {
  const { store, result, fromMs, toMs } = observed;
  // What was submitted last is committed after the load.
  const window = { run: OBSERVED.run, from: fromMs, to: toMs + 60_000, step: 1000, need: NEED };
  const finality = await askNamed(store, FINALITY_OVER_TIME, window);
  const regions = await askNamed(store, FINALITY_OVER_TIME_BY_REGION, window);
  const throughput = await askNamed(store, THROUGHPUT_OVER_TIME, window);
  const detection = await askNamed(store, DETECTION_OVER_TIME, window);
  const [counts] = await askNamed(store, LIVE_COUNTS, window);
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  expect(sum(finality.map(({ n }) => n))).toBe(result.finality.n);
  expect(sum(regions.map(({ n }) => n))).toBe(result.finality.n);
  const { submitted, committed } = result.transactions;
  expect(sum(throughput.map((point) => point.submitted))).toBe(submitted);
  expect(sum(throughput.map((point) => point.committed))).toBe(committed);
  expect(sum(detection.map(({ evidence }) => evidence))).toBe(counts?.evidence);
  expect(sum(detection.map(({ bans }) => bans))).toBe(counts?.banned);
  expect(sum(detection.map(({ slashings }) => slashings))).toBe(counts?.slashed);
  expect(counts?.slashed).toBeGreaterThan(0);
});

test('every named query that panels are made of returns the columns it documents', async () => {
  const { store, fromMs, toMs } = observed;
  const parameters = { ...OBSERVED, from: fromMs, to: toMs, step: 1000, need: NEED };
  const asked = [...LAB_SERIES, ...MEMBER_QUERIES, ...TRUTH_SERIES, ...TRUTH_FIGURES];
  for (const { name, sql, columns } of asked) {
    const [row] = await store.query(sql, parameters);
    expect(Object.keys(row ?? {}).sort(), name).toEqual(Object.keys(columns).sort());
  }
});

test('the table of attacks says what the result says', async () => {
  const panel = dashboards()
    .flatMap(panelsOf)
    .find(({ title }) => title?.startsWith('Attacks: '));
  if (panel === undefined) throw new Error('no such panel');
  const { rows } = await answerTo(targetOf(panel).rawSql);
  const time = (ms: number | null): string | null =>
    ms === null
      ? null
      : new Date(observed.fromMs + Math.floor(ms)).toISOString().replace('T', ' ').slice(0, -1);
  expect(rows).toEqual(
    observed.result.attacks.map((attack) => ({
      attack: attack.id,
      strike: time(attack.strikeMs),
      adversaries: attack.adversaries,
      offenders: attack.offenders,
      detected: attack.detected,
      slashed: attack.slashed,
      'first detected': time(attack.firstDetectedMs),
      'time to detect': attack.timeToDetectMs,
      'time to ban': attack.timeToBanMs,
      'time to slash': attack.timeToSlashMs,
    })),
  );
});

test('what a reader of the report is told is what the result and the panels of the same run say', async () => {
  const { result, testnet, store } = observed;
  const html = await renderRun({ result, testnet, store, events: [] });
  const told = toldFigures(readReport(html), result);
  expect(untrue(told)).toEqual([]);
  const seen = new Set<string>();
  for (const { name, value, panel } of told) {
    if (panel === undefined) continue;
    expect(await shownIn(panel), `${name}, ${panel.join(', ')}`).toBe(value);
    seen.add(panel.join(', '));
  }
  // No single figure of a dashboard but those "so far" is left out.
  const stats = dashboards()
    .flatMap(panelsOf)
    .filter(({ type, title }) => type === 'stat' && title !== 'So far');
  for (const panel of stats) {
    const { columns } = await answerTo(targetOf(panel).rawSql);
    for (const { name } of columns) expect([...seen]).toContain(`${panel.title}, ${name}`);
  }
});

/** A figure of a panel: of its one row, or of the row that begins with a name. */
async function shownIn([title, ...names]: readonly string[]): Promise<unknown> {
  const panel = dashboards()
    .flatMap(panelsOf)
    .find((one) => one.title === title);
  if (panel === undefined) throw new Error(`no panel ${title}`);
  const { rows } = await answerTo(targetOf(panel).rawSql);
  const [field = '', row] = names.toReversed();
  return rows.find((one) => row === undefined || Object.values(one)[0] === row)?.[field];
}
