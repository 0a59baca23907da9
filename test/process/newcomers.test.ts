import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { CommandLine, SMALL } from './command-line.ts';

const lab = new CommandLine();
const result = z.object({
  run: z.string(),
  peers: z.object({ honest: z.number(), adversarial: z.number(), newcomers: z.number() }),
  transactions: z.object({ committed: z.number() }),
});

afterAll(() => lab.close(), 60_000);

test('a process that comes later learns of a network that works without it', async () => {
  const late = '  - {group: late, count: 1, regions: [west], joinAtMs: 500}\nclients:';
  const file = lab.file(
    'late.yaml',
    SMALL.replace('clients:', () => late),
  );
  const scored = await lab.json(result, 'run', file, '--driver', 'process');
  expect(scored.peers).toEqual({ honest: 5, adversarial: 2, newcomers: 1 });
  expect(scored.transactions.committed).toBeGreaterThan(0);
  const lines = (name: string) =>
    readFileSync(path.join(lab.directory(scored.run), name), 'utf8').split('\n');
  const journal = lines('journal.ndjson').filter((line) => line !== '');
  const entries = journal.map((line) =>
    z.looseObject({ entry: z.string() }).parse(JSON.parse(line)),
  );
  const of = (entry: string) => entries.findIndex((one) => one.entry === entry);
  expect(of('join')).toBeGreaterThan(of('load-started'));
  expect(of('load-ended')).toBeGreaterThan(of('join'));
  expect(lines('events.ndjson').join('\n')).toContain('newcomers join: late-01');
  expect(lines('events.ndjson').join('\n')).not.toContain('was not told');
}, 150_000);
