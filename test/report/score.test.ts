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
import type { Testnet } from '../../lab/manifest/testnet.ts';
import type { JsonRow, TelemetryStore } from '../../lab/telemetry/store.ts';
import {
  at,
  id,
  neighbourCommit,
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
  secondsPerAttempt: 0.5,
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
  expect(result.finality.unreached).toEqual({ tooFewHonestKeepers: 0, notInTime: 0 });
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
  // h1 and h3 spoke of tx2, so there were keepers enough: they did not come that far.
  expect(result.finality.unreached).toEqual({ tooFewHonestKeepers: 0, notInTime: 1 });
  expect(result.transactions.committed).toBe(2);
});

test('a neighbourhood with too few honest keepers has no finality, and is counted as such', async () => {
  const result = await scored((rows) => {
    // Of the three that keep ta, two turn out to be liars.
    rows['lab.transactions'] = (rows['lab.transactions'] ?? []).map((row) =>
      row['tx'] === id('tx1') && row['peer'] === 'h2'
        ? { ...row, peer: 'l2' }
        : row['tx'] === id('tx1') && row['peer'] === 'h3'
          ? { ...row, peer: 'l3' }
          : row,
    );
  });
  expect(result.transactions.committed).toBe(2);
  expect(result.finality).toMatchObject({ n: 1, p50: 220 });
  expect(result.finality.unreached).toEqual({ tooFewHonestKeepers: 1, notInTime: 0 });
});

test('who takes a banned keeper’s place counts as a keeper from then on', async () => {
  const result = await scored((rows) => {
    const own = (row: JsonRow): boolean =>
      row['tx'] === id('tx1') && row['part'] === 'neighbour' && row['peer'] !== 'h1';
    const all = rows['lab.transactions'] ?? [];
    const successor = all.find((row) => row['tx'] === id('tx1') && row['peer'] === 'h3');
    rows['lab.transactions'] = [
      ...all.filter((row) => !own(row)),
      { ...successor, peer: 'h4', committed_at: at(1450) },
    ];
  });
  // h1 at +100; h2 and h3 no keepers any more; h4, which came for the banned l1, at +450.
  expect(result.finality).toMatchObject({ n: 2, max: 450 });
});

test('an heir, who took over what keepers had committed, makes nothing final', async () => {
  const heir = { ...neighbourCommit('h4', { name: 'tx1', tokens: ['ta'] }, 9000), part: 'heir' };
  const result = await scored((rows) => rows['lab.transactions']?.push(heir));
  // Without it: h3 last, at +300.
  expect(result.finality.atAll).toMatchObject({ n: 1, max: 300 });
});

test('a slashing is nobody’s submission, and neither commits nor messages per commit count it', async () => {
  const without = await scored();
  const slash = { name: 'slash', tokens: ['l1'] };
  const commits = ['h1', 'h2', 'h3'].map((peer) => neighbourCommit(peer, slash, 7500));
  await store.insert(
    'lab.transactions',
    commits.map((row) => ({ ...row, kind: 'slash' })),
  );
  const result = await score(store, FACTS);
  expect(result.transactions).toEqual(without.transactions);
  expect(result.finality).toEqual(without.finality);
  expect(result.messages).toEqual(without.messages);
});

test('what did not commit because an honest keeper saw a rival is conflicting, not late', async () => {
  const result = await scored((rows) => {
    const rival = { name: 'tx4', tokens: ['te'] };
    const row = neighbourCommit('h1', rival, 4100);
    rows['lab.transactions']?.push({ ...row, outcome: 'conflicting', committed_at: null });
  });
  expect(result.transactions).toMatchObject({ committed: 2, conflicting: 1, timedOut: 0 });
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

test('an honest identity slashed by vote is a false slash, even if no row tells of the ban', async () => {
  const result = await scored((rows) => {
    rows['lab.slashing']?.push(sentence('h1', 'h3', 8300, 'executed'));
  });
  expect(result.detection.falseSlashes).toBe(2);
});

test('an heir that holds another commit than the keepers is a safety violation too', async () => {
  const heir = { ...rivalCommit(), part: 'heir' };
  const result = await scored((rows) => rows['lab.transactions']?.push(heir));
  expect(result.transactions.safetyViolations).toBe(1);
});

test('answers belong to the window in which they came, not to that of their row', async () => {
  const late = statement('c1', 'h1', 9900, { token: 'tz', owner: '', tx: '' });
  const result = await scored((rows) => rows['lab.statements']?.push(late));
  // Its row is written at 11,200, after the load.
  expect(late['ts']).toBe(at(11_200));
  expect(result.detection.observerQueriesPerSecond).toBeCloseTo(7 / (10 * 2 * 2), 9);
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
    // l1 lied at 6100 to c1, whose row came with the closing of its question at 7400.
    timeToDetectMs: 800,
    timeToBanMs: 950,
    timeToSlashMs: 1400,
    detectedBy: ['evidence:not-an-ancestor'],
    cases: [
      {
        member: 'l1',
        lies: 2,
        firstLieMs: 6100,
        detectedMs: 6900,
        bannedMs: 7050,
        slashedMs: 7500,
      },
      {
        member: 'l2',
        lies: 1,
        firstLieMs: 6300,
        detectedMs: null,
        bannedMs: null,
        slashedMs: null,
      },
    ],
    adversaries: 3,
    offenders: 2,
    detected: 1,
    slashed: 1,
    cost: { attempts: 36, coreSeconds: 18, usd: (18 / 3600) * 0.0425 },
  });
});

test('a cost of which one part is unknown is not measured', async () => {
  const result = await scored((rows) => {
    rows['lab.peers'] = (rows['lab.peers'] ?? []).filter((row) => row['peer'] !== 'l2');
  });
  expect(result.attacks[0]?.cost).toEqual({ attempts: null, coreSeconds: null, usd: null });
});

test('no time from lie to ban is ever negative: a lie known only from after the ban gives none', async () => {
  const result = await scored((rows) => {
    rows['lab.statements'] = (rows['lab.statements'] ?? []).map((row) =>
      row['speaker'] === id('l1') && row['tx'] === id('forged')
        ? { ...row, received_at: at(9000), ts: at(9100) }
        : row,
    );
  });
  const [attack] = result.attacks;
  expect(attack).toMatchObject({ timeToDetectMs: null, timeToBanMs: null, timeToSlashMs: null });
  expect(attack).toMatchObject({ offenders: 2, detected: 1, slashed: 1 });
});

test('who is convicted by evidence is an offender, even of a lie that no row tells of', async () => {
  const result = await scored((rows) => {
    rows['lab.statements'] = [];
  });
  expect(result.detection).toMatchObject({ offenders: 1, truePositives: 1, rate: 1 });
  expect(result.attacks[0]?.cases[0]).toMatchObject({ member: 'l1', lies: 0, firstLieMs: null });
});

test('lies about identity tokens count where an honest identity told the truth about them', async () => {
  const result = await scored((rows) => {
    const genesis = { token: 'h2', owner: 'h2-key', tx: 'genesis' };
    // l3 agrees with h1 on h2's token; only then can it contradict h1 on its own.
    rows['lab.statements']?.push(
      statement('c1', 'h1', 5040, genesis),
      statement('c2', 'l3', 6500, { ...genesis, owner: 'thief' }),
    );
  });
  expect(result.detection.offenders).toBe(3);
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
  expect(result.telemetry).toEqual({ rows: 12 + 1 + 8 + 4 + 5 + 8 + 1 + 3, dropped: 4 });
});

test('of an empty run nothing is measured: nulls, not zeros', async () => {
  const result = await score(store, FACTS);
  expect(result.finality.p50).toBeNull();
  expect(result.messages.perCommit).toBeNull();
  expect(result.detection.offenders).toBe(0);
  expect(result.detection.rate).toBeNull();
  expect(result.detection.rateInterval).toBeNull();
  expect(result.detection.observerQueriesPerSecond).toBeNull();
});

test('of an honest control, expectations about adversaries are not judged', async () => {
  const testnet: Testnet = {
    ...sampleTestnet(),
    honestControl: true,
    expect: ['detection.rate >= 0.75', 'attacks[0].slashed == 1', 'detection.falseSlashes == 0'],
  };
  const result = await score(store, { ...FACTS, testnet, attacks: [] });
  expect(result.honestControl).toBe(true);
  expect(result.expectations.map(({ ok }) => ok)).toEqual([null, null, true]);
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
