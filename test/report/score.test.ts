import { expect, test } from 'vitest';
import { liveFigures } from '../../lab/analysis/live.ts';
import { TRUTH_QUERIES } from '../../lab/analysis/queries.ts';
import { score } from '../../lab/analysis/score.ts';
import { judgeBy, judgeSuccess } from '../../lab/analysis/success.ts';
import { attackNames } from '../../lab/manifest/attacks.ts';
import { LAB_QUERIES } from '../../lab/telemetry/queries.ts';
import type { JsonRow } from '../../lab/telemetry/store.ts';
import {
  at,
  id,
  layerRow,
  neighbourCommit,
  rivalCommit,
  RUN,
  sampleRows,
  START,
  ZERO,
} from './sample-run.ts';
import { FACTS, sampleScoring } from './scoring.ts';

const run = sampleScoring();

test('finality is the second honest commit of the slowest token, from the client’s submission', async () => {
  const result = await run.scored();
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
  const result = await run.scored((rows) => {
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
  const result = await run.scored((rows) => {
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
  const result = await run.scored((rows) => {
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
  const result = await run.scored((rows) => rows['lab.transactions']?.push(heir));
  // Without it: h3 last, at +300.
  expect(result.finality.atAll).toMatchObject({ n: 1, max: 300 });
});

test('a slashing is nobody’s submission, and neither commits nor messages per commit count it', async () => {
  const without = await run.scored();
  const slash = { name: 'slash', tokens: ['l1'] };
  const commits = ['h1', 'h2', 'h3'].map((peer) => neighbourCommit(peer, slash, 7500));
  await run.store.insert(
    'lab.transactions',
    commits.map((row) => ({ ...row, kind: 'slash' })),
  );
  const result = await score(run.store, FACTS);
  expect(result.transactions).toEqual(without.transactions);
  expect(result.finality).toEqual(without.finality);
  expect(result.messages).toEqual(without.messages);
});

test('what did not commit because an honest keeper saw a rival is conflicting, not late', async () => {
  const result = await run.scored((rows) => {
    const rival = { name: 'tx4', tokens: ['te'] };
    const row = neighbourCommit('h1', rival, 4100);
    rows['lab.transactions']?.push({ ...row, outcome: 'conflicting', committed_at: null });
  });
  expect(result.transactions).toMatchObject({ committed: 2, conflicting: 1, timedOut: 0 });
});

test('two honest commits on one mapping are a safety violation', async () => {
  const result = await run.scored((rows) => rows['lab.transactions']?.push(rivalCommit()));
  expect(result.transactions.safetyViolations).toBe(1);
});

test('an heir that holds another commit than the keepers is a safety violation too', async () => {
  const heir = { ...rivalCommit(), part: 'heir' };
  const result = await run.scored((rows) => rows['lab.transactions']?.push(heir));
  expect(result.transactions.safetyViolations).toBe(1);
});

test('no time from lie to ban is ever negative: a lie known only from after the ban gives none', async () => {
  const result = await run.scored((rows) => {
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

test('messages are counted at the sender, in the window of load', async () => {
  const result = await run.scored();
  expect(result.messages).toEqual({
    perCommit: 50,
    datagramsPerCommit: 30,
    perPeerPerCommit: 80 / 7 / 2,
    bytesPerPeerPerSecond: 14_000 / 7 / 10,
    byType: { vote: { count: 80, bytes: 8000 }, ask: { count: 20, bytes: 1000 } },
  });
  expect(result.telemetry).toEqual({ rows: 12 + 1 + 8 + 4 + 5 + 8 + 1 + 4, dropped: 4 });
});

test('of an empty run nothing is measured: nulls, not zeros', async () => {
  const result = await score(run.store, FACTS);
  expect(result.finality.p50).toBeNull();
  expect(result.messages.perCommit).toBeNull();
  expect(result.detection.offenders).toBe(0);
  expect(result.detection.rate).toBeNull();
  expect(result.detection.rateInterval).toBeNull();
  expect(result.detection.observerQueriesPerSecond).toBeNull();
});

test('the live figures are those of the result', async () => {
  const result = await run.scored();
  expect(await liveFigures(run.store, RUN, 3)).toEqual({
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
  await run.scored((rows) => {
    rows['lab.transactions']?.push({ ...rivalCommit(), rounds: 2 });
    rows['lab.detectors']?.push(layerRow('h1', 'trust', null));
  });
  const [of] = await run.store.query<{ tx: string }>(
    "SELECT tx FROM lab.transactions WHERE part = 'client' LIMIT 1",
  );
  const parameters = { run: RUN, from: START, to: START + 10_000, need: 2, tx: of?.tx };
  for (const query of [...LAB_QUERIES, ...TRUTH_QUERIES]) {
    const [row] = await run.store.query<Record<string, unknown>>(query.sql, parameters);
    expect(Object.keys(row ?? {}).sort(), query.name).toEqual(Object.keys(query.columns).sort());
  }
});

test.each([
  ['only destroy it, as a witness token', [ZERO, ZERO], 0],
  ['create it and destroy it', [ZERO, id('owner')], 1],
])('two transactions of what nobody owned that %s: violations', async (_, owners, violations) => {
  const result = await run.scored((rows) => {
    for (const [index, owner] of owners.entries()) {
      const commit = neighbourCommit('h1', { name: `w${index}`, tokens: ['w'] }, 1000 + index);
      rows['lab.transactions']?.push({ ...commit, owners: [owner] });
    }
  });
  expect(result.transactions.safetyViolations).toBe(violations);
});

test('a run sees nothing of another run in the same store', async () => {
  const rows = sampleRows();
  for (const [table, entries] of Object.entries(rows)) {
    await run.store.insert(
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
  const result = await score(run.store, FACTS);
  expect(result.transactions.submitted).toBe(0);
  expect(result.telemetry.rows).toBe(0);
  expect(result.detection.offenders).toBe(0);
});

const ATTACK = { id: 'a1', name: 'x', startedAtMs: START + 6000, members: ['l1', 'l2'] };
const JUDGING = { run: RUN, need: 2 };

test('an attack is judged by the question that it declares, over this run’s truth', async () => {
  await run.scored();
  const sql = `SELECT count() > 0 AS succeeded, uniqExact(member) AS liars,
      (SELECT groupArray(member) FROM (SELECT * FROM mine ORDER BY member)) AS mine,
      (SELECT count() FROM fates) AS submitted, (SELECT count() FROM violations) AS violations,
      (SELECT count() FROM detections) > 0 AS anyDetected,
      (SELECT count() FROM sentences) > 0 AS anySentence,
      (SELECT count() FROM statements) > 0 AS anyStatement,
      (SELECT count() FROM transactions) > 0 AS anyTransaction FROM own_lies`;
  const judged = await judgeBy(sql, run.store, ATTACK, JUDGING);
  expect(judged.success['notJudged']).toBe(undefined);
  expect(judged).toMatchObject({
    succeeded: true,
    success: { mine: ['l1', 'l2'], submitted: 3, violations: 0, anyStatement: 1 },
  });
  // Nothing was told after the end.
  const late = { ...ATTACK, startedAtMs: START + 1_000_000 };
  expect(await judgeBy(sql, run.store, late, JUDGING)).toMatchObject({ succeeded: false });
  // What never began neither succeeded nor failed; nor does what cannot be told.
  const never = { ...ATTACK, startedAtMs: null };
  expect((await judgeBy(sql, run.store, never, JUDGING)).succeeded).toBe(null);
  const untold = await judgeBy('SELECT NULL AS succeeded', run.store, ATTACK, JUDGING);
  expect(untold).toEqual({ succeeded: null, success: {} });
});

test.each([
  ['a table that is not there', 'SELECT 1 AS succeeded FROM nowhere', 'nowhere'],
  ['no verdict', 'SELECT 1 AS liesTold', 'no column succeeded'],
  ['two rows', 'SELECT arrayJoin([0, 1]) AS succeeded', '2 rows'],
])('a measure with %s costs the attack its verdict, and nobody else’s', async (_, sql, reason) => {
  const judged = await judgeBy(sql, run.store, ATTACK, JUDGING);
  expect(judged.succeeded).toBe(null);
  expect(String(judged.success['notJudged'])).toContain(reason);
});

test.each(attackNames())('the measure that %s declares gives one verdict', async (name) => {
  await run.scored();
  const judged = await judgeSuccess(run.store, { ...ATTACK, name }, JUDGING);
  expect(judged.success['notJudged']).toBe(undefined);
  expect(judged.succeeded).not.toBe(null);
  expect(Object.keys(judged.success).length).toBeGreaterThan(0);
});
