import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { LAB_QUERIES } from '../telemetry/queries.ts';
import { metricsDocument } from './metrics.ts';
import { TRUTH_QUERIES } from './queries.ts';

test('docs/METRICS.md says what the named queries say', async () => {
  const file = path.join(import.meta.dirname, '../../docs/METRICS.md');
  expect(await readFile(file, 'utf8')).toBe(metricsDocument());
});

test('every named query has one name, and only the analysis reads the truth', () => {
  const names = [...LAB_QUERIES, ...TRUTH_QUERIES].map((query) => query.name);
  expect(new Set(names).size).toBe(names.length);
  for (const query of LAB_QUERIES) expect(query.sql).not.toMatch(/truth/i);
  for (const query of TRUTH_QUERIES) expect(query.sql).toContain('truth.roles');
});
