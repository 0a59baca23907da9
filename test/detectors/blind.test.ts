/** Detectors never see the truth: not in what they ask, and nothing they say depends on it. */
import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { judgedRun } from '../../lab/analysis/detector-judgement.ts';
import { runDetectors } from '../../lab/detectors/detect.ts';
import { observe } from '../../lab/detectors/observations.ts';
import { openStore } from '../../lab/telemetry/open.ts';
import type { JsonRow, TelemetryStore } from '../../lab/telemetry/store.ts';
import { at, id, RUN, sampleRows, START, statement } from '../report/sample-run.ts';

let directory: string;
let store: TelemetryStore;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lab-blind-'));
  store = await openStore(path.join(directory, 'store'), null);
});
afterAll(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

const SPEAKERS = ['h1', 'h2', 'h3', 'h4', 'l1', 'l2', 'l3'];

function registration(reporter: string, who: string, columns: JsonRow = {}): JsonRow {
  return {
    run: RUN,
    ts: at(500),
    peer: reporter,
    address: id(who),
    origin: 'newcomer',
    created_at: at(100),
    bits: 4,
    ip: '10.0.0.1',
    ...columns,
  };
}

/** Six tokens: four speakers tell one owner, the others agree on another. */
function conflicting(): JsonRow[] {
  return Array.from({ length: 6 }, (_, token) =>
    SPEAKERS.map((speaker, order) =>
      statement('c1', speaker, 4000 + 100 * token + order, {
        token: `shared-${token}`,
        owner: speaker.startsWith('l') ? 'false' : 'true',
        tx: speaker.startsWith('l') ? 'ftx' : 'ttx',
      }),
    ),
  ).flat();
}

beforeEach(async () => {
  const rows = sampleRows();
  for (const table of [...Object.keys(rows), 'lab.registrations']) {
    await store.query(`TRUNCATE TABLE ${table}`);
  }
  for (const [table, entries] of Object.entries(rows)) await store.insert(table, entries);
  await store.insert('lab.statements', conflicting());
  const seen = SPEAKERS.flatMap((who) => [
    registration('h1', who),
    registration('h2', who),
    // A reporter that makes things up: the others outnumber it.
    registration('l1', who, { created_at: at(90_000), ip: '10.9.9.9', origin: 'genesis' }),
  ]);
  await store.insert('lab.registrations', seen);
});

/** Passes questions on and keeps them. */
function overheard(): { readonly asked: string[]; readonly ears: TelemetryStore } {
  const asked: string[] = [];
  const ears: TelemetryStore = {
    migrate: () => store.migrate(),
    insertLines: () => Promise.reject(new Error('a detector writes nothing')),
    insert: () => Promise.reject(new Error('a detector writes nothing')),
    query: (sql, parameters) => {
      asked.push(sql);
      return store.query(sql, parameters);
    },
    readOnly: () => Promise.reject(new Error('a detector asks by name')),
    close: () => Promise.resolve(),
  };
  return { asked, ears };
}

/** All but the time that it took. */
async function scores(from: TelemetryStore): Promise<unknown> {
  return (await runDetectors(from, RUN)).scores;
}

test('they ask database lab alone, and what they say is the same whoever the truth calls guilty', async () => {
  const { asked, ears } = overheard();
  const before = await scores(ears);
  expect(asked.length).toBeGreaterThan(2);
  for (const sql of asked) {
    expect(sql).not.toContain('truth');
    for (const [, name] of sql.matchAll(/(?:FROM|JOIN)\s+([a-z_]+\.[a-z_]+)/g)) {
      expect(name).toMatch(/^lab\./);
    }
  }
  const [roles = []] = [sampleRows()['truth.roles']];
  await store.query('TRUNCATE TABLE truth.roles');
  expect(await scores(store)).toEqual(before);
  await store.insert(
    'truth.roles',
    roles.map((role) => ({ ...role, adversary: role['adversary'] === '' ? 'swapped' : '' })),
  );
  expect(await scores(store)).toEqual(before);
});

test('no detector imports from where the truth is joined', async () => {
  const files = globSync('lab/detectors/*.ts');
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) {
    const text = await readFile(file, 'utf8');
    expect(text, file).not.toMatch(/from '\.\.\/analysis\//);
    expect(text, file).not.toMatch(/truth\.roles/);
  }
});

test('liars that agree among themselves are found, and the truth says afterwards that they are', async () => {
  const { report, guilty, originMs, endMs } = await judgedRun(store, RUN);
  const suspected = report.scores
    .filter(({ detector, score }) => detector === 'agreement-exact' && score > 1)
    .map(({ subject }) => subject);
  expect(suspected.sort()).toEqual(['l1', 'l2', 'l3'].map(id).sort());
  for (const who of ['l1', 'l2', 'l3']) expect(guilty.get(id(who))).toBe(true);
  for (const who of ['h1', 'h2', 'h3']) expect(guilty.get(id(who))).toBe(false);
  expect(originMs).toBe(START + 6000);
  expect(endMs).toBeGreaterThan(originMs - 3000);
});

test('of what several neighbours saw, a lone reporter’s word changes nothing', async () => {
  const { registrations } = await observe(store, RUN);
  expect(registrations).toHaveLength(SPEAKERS.length);
  for (const one of registrations) {
    expect(one).toMatchObject({ founding: false, createdMs: START + 100, ip: '10.0.0.1' });
    expect(one.seenMs).toBe(START + 500);
  }
});
