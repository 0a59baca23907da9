/**
 * Rows about simulated networks. One real run gives the shape of all; what a test says of it is what a
 * network would leave in which the claim is true, or in which the defence that it measures is broken.
 */
import { beforeAll, expect, test } from 'vitest';
import { detectionPhases } from '../../lab/claims/experiments/detection-phases.ts';
import { falseSlashes } from '../../lab/claims/experiments/false-slashes.ts';
import { growth } from '../../lab/claims/experiments/growth.ts';
import { selectiveAnswers } from '../../lab/claims/experiments/selective-answers.ts';
import { tolerance } from '../../lab/claims/experiments/tolerance.ts';
import { type Cell, type Run, type Simulate, simulateWith } from '../../lab/claims/simulated.ts';
import { figureVerdicts, OPTIONS, verdictOf } from './support.ts';

/** As many runs as the ledger makes: fewer leave figures open. */
const FULL = { ...OPTIONS, quick: false };

const real: Run[] = [];
beforeAll(async () => {
  const testnet = 'testnets/quick.yaml';
  const cell = { testnet, settings: ['durationMs=7000'], seeds: [1] };
  const [runs = []] = await simulateWith(OPTIONS)([cell]);
  real.push(...runs);
}, 120_000);

type Change = (result: Run['result'], settings: ReadonlyMap<string, string>) => Run['result'];

/** Every run is the real one, changed by what its cell was set to. */
function simulating(change: Change): Simulate {
  const [run] = real;
  if (run === undefined) throw new Error('the real run is missing');
  const pairs = ({ settings }: Cell) =>
    new Map(
      settings.map((setting) => {
        const [name = '', value = ''] = setting.split('=');
        return [name, value] as const;
      }),
    );
  return (cells) =>
    Promise.resolve(
      cells.map((cell) =>
        cell.seeds.map(() => ({ ...run, result: change(run.result, pairs(cell)) })),
      ),
    );
}

test('a cell is carried out as asked, by a real network', () => {
  const [run] = real;
  expect(run?.result).toMatchObject({ driver: 'sim', cryptography: 'ideal', durationMs: 7000 });
  expect(run?.result.transactions.committed).toBeGreaterThan(10);
});

test('M1 fails where a fixed number of peers does all, and holds where each says as much', async () => {
  const saying = (votes: (peers: number) => number) =>
    simulating((result, settings) => {
      const honest = Number(settings.get('peers.peer.count'));
      const count = votes(honest) * result.transactions.committed;
      const messages = { ...result.messages, byType: { vote: { count, bytes: 0 } } };
      return { ...result, messages, peers: { ...result.peers, honest, adversarial: 0 } };
    });
  const verdicts = async (votes: (peers: number) => number) =>
    figureVerdicts('M1', await growth(FULL, saying(votes)));
  expect(await verdicts((peers) => 2.6 * peers)).toEqual(['holds', 'holds', 'untested']);
  expect(await verdicts(() => 1600)).toEqual(['fails', 'fails', 'untested']);
});

test('F4 fails at each share at which thefts are committed, and at none without', async () => {
  const stealing = (stolen: (rule: string | undefined) => number) =>
    simulating((result, settings) => {
      const { submitted } = result.transactions;
      const transactions = { ...result.transactions, committed: submitted, safetyViolations: 0 };
      const success = { stolen: stolen(settings.get('protocol.commitRule')), spentTwice: 0 };
      const attacks = result.attacks.map((attack) => ({ ...attack, success }));
      return { ...result, transactions, attacks };
    });
  const verdicts = async (stolen: (rule: string | undefined) => number) =>
    figureVerdicts('F4', await tolerance(FULL, stealing(stolen)), 'theft');
  expect(await verdicts(() => 0)).toEqual(['holds', 'holds', 'holds', 'holds', 'holds']);
  expect(await verdicts((rule) => (rule === 'net' ? 3 : 0))).toEqual([
    'fails',
    'fails',
    'fails',
    'holds',
    'holds',
  ]);
});

test('D4 holds with liars convicted and victims warned, and fails with neither', async () => {
  const world = (isBelieved: boolean) =>
    simulating((result) => ({
      ...result,
      attacks: result.attacks.map((attack) => ({ ...attack, succeeded: isBelieved })),
      detection: { ...result.detection, offenders: 4, truePositives: isBelieved ? 0 : 4 },
    }));
  const told = figureVerdicts('D4', await selectiveAnswers(FULL, world(false)));
  // Six networks in which all are convicted can't show nine of ten.
  expect(told).toEqual(['open', 'holds', 'holds']);
  expect(verdictOf('D4', await selectiveAnswers(FULL, world(true)))).toBe('fails');
});

test('L1 holds with nobody slashed, and fails with one in four', async () => {
  const slashing = (falses: number) =>
    simulating((result) => ({
      ...result,
      peers: { ...result.peers, honest: 16 },
      detection: { ...result.detection, falseSlashes: falses },
    }));
  expect(verdictOf('L1', await falseSlashes(FULL, slashing(0)))).toBe('holds');
  expect(verdictOf('L1', await falseSlashes(FULL, slashing(4)))).toBe('fails');
});

test('D1 says what it could not test, and fails where liars go free', async () => {
  const free = simulating((result) => ({
    ...result,
    detection: { ...result.detection, offenders: 4, truePositives: 1, falseSlashes: 3 },
  }));
  const measured = await detectionPhases(FULL, free);
  expect(figureVerdicts('D1', measured, 'operation')).toEqual(['fails', 'fails']);
  // Nobody came to that network.
  expect(figureVerdicts('D1', measured, 'Sybils')).toEqual(['untested', 'untested']);
});
