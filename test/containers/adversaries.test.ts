/**
 * Every adversary in containers: the same folders, loaded by the real image, with their defence off and
 * so set that the simulator gave success in twenty of twenty runs. A container run that says otherwise
 * means that one of the two is wrong.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { attackNames } from '../../lab/manifest/attacks.ts';
import { CommandLine } from '../process/command-line.ts';
import { needs } from '../support/machine.ts';
import { containersMissing } from './members.ts';

/** Perhaps an image to build; launch, half a minute of load, scoring, removal, on a busy host. */
vi.setConfig({ testTimeout: 300_000 });

const TESTNETS = path.resolve(import.meta.dirname, '../../testnets');

/** Identities minted near one point that sleep among the founders, and spend a token twice. */
const SYBILS = `name: sybils
durationMs: 90000
protocol: {k: 5, leaseHours: 240, commitRule: net}
regions: [{name: here}]
links: [{default: {delayMs: 20}}]
peers:
  - {group: honest, count: 8, regions: even}
  - {group: sybils, count: 3, regions: even, adversary: sybil-positioning, active: false}
clients: {count: 1, regions: even, queryRatePerSecond: 0.5}
load: {transactionsPerSecond: 0.5}
attacks: [{name: sybil-positioning, atMs: 1000, knobs: {captured: 2, waitMs: 500, strikeMs: 8000}}]
allow: {shapingOff: true, lowFidelity: true}
`;

/** A paper day in a second: true answers on both sides of a transfer, twice, frame who gave them. */
const FRAMED = `name: framed
durationMs: 150000
timeScale: 86400
protocol:
  {k: 5, conflictRule: paper, votes: signed, pow: {memoryKiB: 64, passes: 1, bits: 4},
   leaseHours: 8760, lamppostHours: 8760}
regions: [{name: here}]
links: [{default: {delayMs: 5}}]
peers:
  - {group: honest, count: 7, regions: even}
  - {group: forgers, count: 2, regions: even, adversary: evidence-forgery, active: false}
clients: {count: 1, regions: even, queryRatePerSecond: 0.5}
load: {transactionsPerSecond: 0.5}
attacks: [{name: evidence-forgery, atMs: 2000, knobs: {method: frame}}]
allow: {shapingOff: true, lowFidelity: true}
`;

interface Attacked {
  /** A file of testnets/, or the text of one. */
  readonly testnet: string;
  /** What takes the defence away, and makes it short; of a file of testnets/. */
  readonly settings: readonly string[];
  /**
   * The run ends when this SQL says 1, for what depends on how busy the host is: Sybils strike when
   * their tokens are committed, the forger needs answers within half a second of a transfer. Without,
   * it ends when its time is over.
   */
  readonly until?: string;
}

const RUNS: Readonly<Record<string, Attacked>> = {
  'colluding-liars': {
    testnet: 'quick.yaml',
    settings: ['clients.askPeers=1', 'durationMs=15000'],
  },
  'sybil-positioning': {
    testnet: SYBILS,
    settings: [],
    until: `SELECT count() > 0 AS done FROM lab.asides WHERE event = 'hide'`,
  },
  eclipse: {
    testnet: 'eclipse.yaml',
    settings: ['protocol.membership=known', 'durationMs=22000'],
  },
  'evidence-forgery': {
    testnet: FRAMED,
    settings: [],
    until: `SELECT count() > 0 AS done FROM lab.slashing
      WHERE event = 'banned' AND startsWith(peer, 'honest')`,
  },
};

const POLL = { timeout: 90_000, interval: 2000 };

/** The host is busy with other tests: timings are not what is looked at. */
const ALLOWED = ['allow={shapingOff: true, lowFidelity: true}', 'expect=[]'];

const lab = new CommandLine();
afterAll(() => lab.close(), 120_000);

const missing = await containersMissing();
/** What `lab run` prints, of a run that was stopped as soon as `sql` said 1. */
async function runUntil(sql: string, file: string) {
  const { run } = await lab.json(begun, 'up', file, '--driver', 'docker');
  await vi.waitFor(async () => {
    const { rows } = await lab.json(answer, 'query', sql, '--run', run);
    const { stdout } = await lab.run('query', 'SELECT * FROM lab.asides ORDER BY ts', '--run', run);
    expect(rows, stdout).toEqual([{ done: 1 }]);
  }, POLL);
  expect(await lab.run('stop', run)).toMatchObject({ code: 0 });
  expect(await lab.run('report', run)).toMatchObject({ code: 0 });
  return shape.parse(
    JSON.parse(readFileSync(path.join(lab.directory(run), 'result.json'), 'utf8')),
  );
}

const begun = z.object({ run: z.string() });
const answer = z.object({ rows: z.array(z.object({ done: z.number() })) });
const shape = z.object({
  driver: z.string(),
  attacks: z.array(z.object({ succeeded: z.boolean().nullable(), success: z.looseObject({}) })),
});

test('there is a run in containers for every adversary', () => {
  expect(Object.keys(RUNS).sort()).toEqual(attackNames());
});

// One network at a time: another test's network runs beside it, and three starve on two cores. Once
// more where it failed: in containers chance is the machine's own, and so is who sits where.
test.for(Object.entries(RUNS))(
  '%s succeeds in containers where its defence is off',
  { retry: 1 },
  async ([name, { testnet, settings, until }], context) => {
    needs(context, missing);
    const file = testnet.endsWith('.yaml')
      ? path.join(TESTNETS, testnet)
      : lab.file(`${name}.yaml`, testnet);
    const words = [...settings, ...ALLOWED].flatMap((setting) => ['--set', setting]);
    const result =
      until === undefined
        ? await lab.json(shape, 'run', file, '--driver', 'docker', '--quiet', ...words)
        : await runUntil(until, file);
    expect(result.driver).toBe('docker');
    expect(result.attacks).toMatchObject([{ succeeded: true }]);
  },
);
