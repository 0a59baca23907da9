import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { RunResult } from '../../lab/analysis/result.ts';
import { EXIT } from '../../lab/errors.ts';
import { CommandLine } from './command-line.ts';

const QUICK = path.resolve(import.meta.dirname, '../../testnets/quick.yaml');
const line = new CommandLine();

afterAll(() => line.close());

test('the same testnet without its adversaries detects nobody and slashes nobody', {
  timeout: 120_000,
}, async () => {
  // What only liars can bring about is expected, so that it shows whether it is judged.
  const text = `${readFileSync(QUICK, 'utf8')}\n  - detection.rate >= 0.75\n`;
  const file = line.file('quick.yaml', text);
  const ended = await line.run('run', file, '--honest', '--driver', 'process', '--json');
  // A busy machine makes the run void; who was accused is told all the same.
  expect([EXIT.fine, EXIT.void], ended.stderr).toContain(ended.code);
  const result: RunResult = JSON.parse(ended.stdout);
  expect(result.honestControl).toBe(true);
  expect(result.peers).toEqual({ honest: 9, adversarial: 0, clients: 3, newcomers: 0 });
  expect(result.attacks).toEqual([]);
  expect(result.transactions.committed).toBeGreaterThanOrEqual(10);
  expect(result.transactions.safetyViolations).toBe(0);
  expect(result.detection).toMatchObject({
    offenders: 0,
    truePositives: 0,
    falsePositives: 0,
    rate: null,
    falseSlashes: 0,
  });
  expect(result.expectations.at(-1)).toMatchObject({ value: null, ok: null });
  expect(result.detection.observerQueriesPerSecond).toBeGreaterThan(0);
});
