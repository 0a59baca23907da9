import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { WATCHER_QUERIES } from '../telemetry/feed.ts';
import { MEMBER_QUERIES } from '../telemetry/members.ts';
import { LAB_QUERIES } from '../telemetry/queries.ts';
import { LAB_SERIES } from '../telemetry/series.ts';
import { TRUTH_FIGURES } from './figures.ts';
import { metricsDocument } from './metrics.ts';
import { TRUTH_QUERIES } from './queries.ts';
import { TRUTH_SERIES } from './series.ts';

test('docs/METRICS.md says what the named queries say', async () => {
  const file = path.join(import.meta.dirname, '../../docs/METRICS.md');
  expect(await readFile(file, 'utf8')).toBe(metricsDocument());
});

test('every named query has one name, and only the analysis reads the truth', () => {
  const blind = [...LAB_QUERIES, ...LAB_SERIES, ...MEMBER_QUERIES, ...WATCHER_QUERIES];
  const knowing = [...TRUTH_QUERIES, ...TRUTH_SERIES, ...TRUTH_FIGURES];
  const names = [...blind, ...knowing].map((query) => query.name);
  expect(new Set(names).size).toBe(names.length);
  for (const query of blind) expect(query.sql).not.toMatch(/truth/i);
  for (const query of knowing) expect(query.sql).toContain('truth.roles');
});
