/**
 * Every adversary in containers: the same folders, loaded by the real image, with their defence off and
 * so set that the simulator gave success in twenty of twenty runs. A container run that says otherwise
 * means that one of the two is wrong.
 */
import path from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { attackNames } from '../../lab/manifest/attacks.ts';
import { CommandLine } from '../process/command-line.ts';
import { needs } from '../support/machine.ts';
import { containersMissing } from './members.ts';

/** Perhaps an image to build; launch, half a minute of load, scoring, removal, on a busy host. */
vi.setConfig({ testTimeout: 240_000 });

const TESTNETS = path.resolve(import.meta.dirname, '../../testnets');

/** Identities minted near one point that sleep among the founders, and spend a token twice. */
const SYBILS = `name: sybils
durationMs: 10000
protocol: {k: 5, leaseHours: 240, commitRule: net}
regions: [{name: here}]
links: [{default: {delayMs: 20}}]
peers:
  - {group: honest, count: 8, regions: even}
  - {group: sybils, count: 3, regions: even, adversary: sybil-positioning, active: false}
clients: {count: 1, regions: even, queryRatePerSecond: 0.5}
load: {transactionsPerSecond: 0.5}
attacks: [{name: sybil-positioning, atMs: 1000, knobs: {captured: 2, waitMs: 500}}]
`;

interface Attacked {
  /** A file of testnets/, or the text of one. */
  readonly testnet: string;
  /** What takes the defence away, and makes it short. */
  readonly settings: readonly string[];
}

const RUNS: Readonly<Record<string, Attacked>> = {
  'colluding-liars': {
    testnet: 'quick.yaml',
    settings: ['clients.askPeers=1', 'durationMs=15000'],
  },
  'sybil-positioning': { testnet: SYBILS, settings: [] },
  eclipse: {
    testnet: 'eclipse.yaml',
    settings: ['protocol.membership=known', 'durationMs=22000'],
  },
  'evidence-forgery': {
    testnet: 'forgery.yaml',
    settings: [
      'protocol.conflictRule=paper',
      'attacks.0.knobs.method=frame',
      'attacks.0.atMs=3000',
      'peers.honest.count=9',
      'peers.forgers.count=3',
      // A paper day in a second.
      'timeScale=86400',
      'protocol.leaseHours=8760',
      'protocol.lamppostHours=8760',
      'durationMs=18000',
    ],
  },
};

/** The host is busy with other tests: timings are not what is looked at. */
const ALLOWED = ['allow={shapingOff: true, lowFidelity: true}', 'expect=[]'];

const lab = new CommandLine();
afterAll(() => lab.close(), 120_000);

const missing = await containersMissing();
const shape = z.object({
  driver: z.string(),
  attacks: z.array(z.object({ succeeded: z.boolean().nullable(), success: z.looseObject({}) })),
});

test('there is a run in containers for every adversary', () => {
  expect(Object.keys(RUNS).sort()).toEqual(attackNames());
});

// Two networks at a time (vitest.config.ts): most of it is waiting.
test.concurrent.for(Object.entries(RUNS))(
  '%s succeeds in containers where its defence is off',
  async ([name, { testnet, settings }], context) => {
    needs(context, missing);
    const file = testnet.endsWith('.yaml')
      ? path.join(TESTNETS, testnet)
      : lab.file(`${name}.yaml`, testnet);
    const words = [...settings, ...ALLOWED].flatMap((setting) => ['--set', setting]);
    const result = await lab.json(shape, 'run', file, '--driver', 'docker', '--quiet', ...words);
    expect(result.driver).toBe('docker');
    expect(result.attacks).toMatchObject([{ succeeded: true }]);
  },
);
