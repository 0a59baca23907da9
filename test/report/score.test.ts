import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { liveFigures } from '../../lab/analysis/live.ts';
import { TRUTH_QUERIES } from '../../lab/analysis/queries.ts';
import type { RunResult } from '../../lab/analysis/result.ts';
import { score, type RunFacts } from '../../lab/analysis/score.ts';
import { openStore } from '../../lab/telemetry/open.ts';
import { LAB_QUERIES } from '../../lab/telemetry/queries.ts';
import type { TelemetryStore } from '../../lab/telemetry/store.ts';
import {
  at,
  id,
  rivalCommit,
  RUN,
  sampleRows,
  sampleTestnet,
  sentence,
  START,
  statement,
  type SampleRows,
} from './sample-run.ts';

let directory: string;
let store: TelemetryStore;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lab-score-'));
  store = await openStore(path.join(directory, 'store'), null);
});

afterAll(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

beforeEach(async () => {
  for (const table of Object.keys(sampleRows())) await store.query(`TRUNCATE TABLE ${table}`);
});

const FACTS: RunFacts = {
  run: RUN,
  testnet: sampleTestnet(),
  driver: 'process',
  shaping: 'userspace',
  shapingOk: true,
  links: [],
  fidelityReasons: [],
  seed: 7,
  version: 'test',
  loadStartedAtMs: START,
  loadEndedAtMs: START + 10_000,
  wallMs: 12_000,
  attacks: [
    { id: 'a1', name: 'colluding-liars', startedAtMs: START + 6000, members: ['l1', 'l2', 'l3'] },
  ],
  reportPath: null,
};

async function scored(change: (rows: SampleRows) => void = () => undefined): Promise<RunResult> {
  const rows = sampleRows();
  change(rows);
  for (const [table, entries] of Object.entries(rows)) await store.insert(table, entries);
  return score(store, FACTS);
}

test('finality is the second honest commit of the slowest token, from the client’s submission', async () => {
  const result = await scored();
  // tx1: 140; tx2: 220; tx3 has no client row, tx4 no commit.
  expect(result.finality).toMatchObject({ n: 2, p50: 180, p90: 212, max: 220 });
  expect(result.finality.atFirst).toMatchObject({ n: 2, p50: 150, max: 200 });
  expect(result.finality.atAll).toMatchObject({ n: 1, p50: 300, max: 300 });
  expect(result.transactions).toEqual({
    submitted: 3,
    committed: 2,
    timedOut: 1,
    conflicting: 0,
    safetyViolations: 0,
  });
});

test('without the second honest commit a transaction has no finality, whatever liars commit', async () => {
  const result = await scored((rows) => {
    rows['lab.transactions'] = (rows['lab.transactions'] ?? []).filter(
      (row) => !(row['tx'] === id('tx2') && row['peer'] === 'h2'),
    );
  });
  expect(result.finality).toMatchObject({ n: 1, p50: 140 });
  expect(result.transactions.committed).toBe(2);
});

test('two honest commits on one mapping are a safety violation', async () => {
  const result = await scored((rows) => rows['lab.transactions']?.push(rivalCommit()));
  expect(result.transactions.safetyViolations).toBe(1);
});

test('detection counts identities: one found, one missed, one honest banned', async () => {
  const result = await scored();
  expect(result.detection).toMatchObject({
    unit: 'identity',
    offenders: 2,
    truePositives: 1,
    falseNegatives: 1,
    falsePositives: 1,
    falseSlashes: 1,
    rate: 0.5,
  });
  expect(result.detection.rateInterval?.[0]).toBeCloseTo(0.0945, 3);
  // c1 got 5 answers and c2 one in 10 s; 2 clients that ask 2 peers each.
  expect(result.detection.observerQueriesPerSecond).toBeCloseTo(6 / (10 * 2 * 2), 9);
});

test('without the honest peer’s mistake there is no false slash', async () => {
  const result = await scored((rows) => {
    rows['lab.slashing'] = (rows['lab.slashing'] ?? []).filter((r) => r['accused'] !== id('h4'));
  });
  expect(result.detection).toMatchObject({ falseSlashes: 0, falsePositives: 0 });
  expect(result.expectations[1]).toMatchObject({ value: 0, ok: true });
});

test('an attack is judged from what honest members heard and did', async () => {
  const [attack] = (await scored()).attacks;
  expect(attack).toEqual({
    id: 'a1',
    name: 'colluding-liars',
    succeeded: true,
    success: { liesTold: 3, victims: 2, tokens: 1, unopposedLies: 1 },
    strikeMs: 6000,
    firstDetectedMs: 6900,
    timeToSlashMs: 1400,
    timeToBanMs: 950,
    detectedBy: ['evidence:not-an-ancestor'],
    adversaries: 3,
    offenders: 2,
    detected: 1,
    slashed: 1,
    cost: { attempts: null, coreSeconds: null, usd: null },
  });
});

test('a lie that every victim saw contradicted is no success', async () => {
  const result = await scored((rows) => {
    rows['lab.statements'] = (rows['lab.statements'] ?? []).map((row) =>
      row['tx'] === id('forged') ? { ...row, disagreed: true } : row,
    );
  });
  expect(result.attacks[0]?.succeeded).toBe(false);
});

test('a third liar counts from the moment it lies to somebody honest', async () => {
  const lie = statement('c2', 'l3', 7000, { token: 'ta', owner: 'thief', tx: 'forged' });
  const result = await scored((rows) => {
    rows['lab.statements']?.push(lie);
    rows['lab.slashing']?.push(sentence('h3', 'l3', 7300, 'banned'));
  });
  expect(result.detection).toMatchObject({ offenders: 3, truePositives: 1 });
  // Bans after 950 and 300 ms.
  expect(result.attacks[0]?.timeToBanMs).toBe(625);
});

test('messages are counted at the sender, in the window of load', async () => {
  const result = await scored();
  expect(result.messages).toEqual({
    perCommit: 50,
    datagramsPerCommit: 30,
    perPeerPerCommit: 80 / 7 / 2,
    bytesPerPeerPerSecond: 14_000 / 7 / 10,
    byType: { vote: { count: 80, bytes: 8000 }, ask: { count: 20, bytes: 1000 } },
  });
  expect(result.telemetry).toEqual({ rows: 12 + 1 + 8 + 4 + 5 + 8 + 1, dropped: 4 });
});

test('of an empty run nothing is measured: nulls, not zeros', async () => {
  const result = await score(store, FACTS);
  expect(result.finality.p50).toBeNull();
  expect(result.messages.perCommit).toBeNull();
  expect(result.detection.rate).toBeNull();
  expect(result.detection.rateInterval).toBeNull();
  expect(result.detection.observerQueriesPerSecond).toBeNull();
});

test('the live figures are those of the result', async () => {
  const result = await scored();
  expect(await liveFigures(store, RUN, 3)).toEqual({
    committed: result.transactions.committed,
    submitted: result.transactions.submitted,
    finalityP50Ms: result.finality.p50,
    statements: 8,
    evidence: 1,
    banned: 2,
    slashed: 1,
  });
});

test('every named query runs on the engine and returns the columns it documents', async () => {
  await scored((rows) => rows['lab.transactions']?.push(rivalCommit()));
  const parameters = { run: RUN, from: START, to: START + 10_000, need: 2 };
  for (const query of [...LAB_QUERIES, ...TRUTH_QUERIES]) {
    const [row] = await store.query<Record<string, unknown>>(query.sql, parameters);
    expect(Object.keys(row ?? {}).sort(), query.name).toEqual(Object.keys(query.columns).sort());
  }
});

test('a run sees nothing of another run in the same store', async () => {
  const rows = sampleRows();
  for (const [table, entries] of Object.entries(rows)) {
    await store.insert(
      table,
      entries
        .map((row) => ({ ...row, run: 'other', ts: row['ts'] ?? at(0) }))
        .map((row) =>
          table === 'truth.roles'
            ? Object.fromEntries(Object.entries(row).filter(([k]) => k !== 'ts'))
            : row,
        ),
    );
  }
  const result = await score(store, FACTS);
  expect(result.transactions.submitted).toBe(0);
  expect(result.telemetry.rows).toBe(0);
  expect(result.detection.offenders).toBe(0);
});
