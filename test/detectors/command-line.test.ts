/** What a person types and sees of `lab detect`. */
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { DETECTORS } from '../../lab/detectors/report.ts';
import { CommandLine, SMALL } from '../process/command-line.ts';

const lab = new CommandLine();
afterAll(() => lab.close(), 60_000);

const FILE = lab.file('small.yaml', SMALL);
const document = z.object({
  runs: z.array(z.object({ run: z.string(), scores: z.array(z.object({ score: z.number() })) })),
  detectors: z.array(
    z.object({
      detector: z.string(),
      area: z.object({ value: z.number() }).nullable(),
      training: z.object({ threshold: z.number() }).nullable(),
      test: z
        .object({
          threshold: z.number(),
          detected: z.object({ n: z.number() }),
          falsePositives: z.object({ n: z.number() }),
        })
        .nullable(),
    }),
  ),
});

test('a stored run is judged at thresholds of another; a run is not judged by its own', async () => {
  for (const seed of ['5', '6']) {
    const words = ['run', FILE, '--driver', 'sim', '--cryptography', 'ideal', '--seed', seed];
    const run = await lab.run(...words, '--quiet');
    expect(run.code, run.stderr).toBeLessThan(2);
  }
  const [judged = '', trained = ''] = lab.runs();
  const found = await lab.json(document, 'detect', judged, '--train', trained);
  expect(found.runs.map(({ run }) => run)).toEqual([judged]);
  expect(found.detectors.map(({ detector }) => detector)).toEqual([...DETECTORS]);
  const agreement = found.detectors.find(({ detector }) => detector === 'agreement-exact');
  expect(agreement?.test?.threshold).toBe(agreement?.training?.threshold);
  expect(agreement?.test?.falsePositives.n).toBeGreaterThan(0);

  const untrained = await lab.run('detect', judged);
  expect(untrained.code, untrained.stderr).toBe(0);
  expect(untrained.stdout).toMatch(
    /^detector +area \(95 %\) +threshold +detected +false positives/,
  );

  const own = await lab.run('detect', judged, '--train', judged);
  expect(own.code).toBe(2);
  expect(own.stderr).toContain("can't be judged by a threshold that was chosen on it");
  const none = await lab.run('detect', 'nowhere');
  expect(none.code).toBe(2);
  const share = await lab.run('detect', judged, '--false-positives', '7');
  expect(share.code).toBe(2);
}, 240_000);
