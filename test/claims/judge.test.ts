import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Claim, ClaimedFigure, Measured } from '../../lab/claims/claim.ts';
import { claimsDocument } from '../../lab/claims/document.ts';
import { exact, share } from '../../lab/claims/estimate.ts';
import { judge } from '../../lab/claims/judge.ts';
import { CLAIMS } from '../../lab/claims/ledger.ts';
import { readRecord } from '../../lab/claims/record.ts';

const CIRCUMSTANCES = {
  seed: 1,
  quick: false,
  run: 'npx lab claims T1',
  version: '1',
  measuredOn: '1970-01-01',
  wallMs: 1,
};

function figure(name: string, atLeast: number | null, atMost: number | null): ClaimedFigure {
  return { name, unit: '', claimed: '', atLeast, atMost };
}

function claimOf(first: ClaimedFigure, ...rest: readonly ClaimedFigure[]): Claim {
  const words = { title: 'test', claimed: '', source: '', conditions: 'theirs', rule: '' };
  return { id: 'T1', ...words, figures: [first, ...rest], experiment: () => Promise.reject() };
}

function measured(figures: Measured['figures']): Measured {
  return { figures, beside: [], conditions: ['ours'] };
}

const TWO = claimOf(figure('a', 1, 2), figure('b', null, 0.5));

test.each([
  ['holds', exact(1, 1, ''), exact(0.5, 1, '')],
  ['fails', exact(0.9, 1, ''), exact(0.6, 1, '')],
  ['partly', exact(1.5, 1, ''), exact(0.6, 1, '')],
  ['partly', exact(1.5, 1, ''), { untested: 'no containers' }],
  ['not testable here', share(1, 1, ''), { untested: 'no containers' }],
] as const)('a claim of two figures %s', (verdict, a, b) => {
  const row = judge(TWO, measured({ a, b }), CIRCUMSTANCES);
  expect(row.verdict).toBe(verdict);
  expect(row.conditions).toEqual(['paper: theirs', 'ours']);
});

test('a figure holds or fails with its whole interval, and is open between', () => {
  const low = claimOf(figure('a', null, 0.2));
  const verdicts = [0, 20, 100].map(
    (hits) => judge(low, measured({ a: share(hits, 100, '') }), CIRCUMSTANCES).figures[0]?.verdict,
  );
  expect(verdicts).toEqual(['holds', 'open', 'fails']);
});

test('an experiment must measure what its row claims, all of it and nothing else', () => {
  const a = exact(1, 1, '');
  expect(() => judge(TWO, measured({ a }), CIRCUMSTANCES)).toThrow('says nothing of b');
  expect(() => judge(TWO, measured({ a, b: a, c: a }), CIRCUMSTANCES)).toThrow('not claim: c');
  const nothing = { a: exact(Number.NaN, 1, ''), b: a };
  expect(() => judge(TWO, measured(nothing), CIRCUMSTANCES)).toThrow('a was measured as no number');
});

test('every row says what is claimed, where, under which conditions, and by which rule', () => {
  expect(new Set(CLAIMS.map(({ id }) => id)).size).toBe(CLAIMS.length);
  for (const { id, title, claimed, source, conditions, rule, figures } of CLAIMS) {
    expect(id).toMatch(/^[A-Z]\d$/);
    for (const text of [title, claimed, source, conditions, rule]) {
      expect(text.length, id).toBeGreaterThan(3);
    }
    expect(source, id).toMatch(/^[WPEMD]/);
    expect(new Set(figures.map(({ name }) => name)).size, id).toBe(figures.length);
    for (const { name, claimed: said, atLeast, atMost } of figures) {
      expect(said.length, `${id} ${name}`).toBeGreaterThan(0);
      expect(atLeast ?? atMost, `${id} ${name} can't be refuted`).not.toBeNull();
      expect(atLeast ?? Number.NEGATIVE_INFINITY).toBeLessThanOrEqual(atMost ?? Infinity);
    }
  }
});

test('every row has its experiment', async () => {
  for (const claim of CLAIMS) expect(await claim.experiment(), claim.id).toBeTypeOf('function');
});

test('the document shows claimed, measured, interval, conditions and the command of a row', () => {
  const row = judge(TWO, measured({ a: share(9, 10, 'tries'), b: exact(1, 1, '') }), CIRCUMSTANCES);
  const other = { ...TWO, id: 'T2' };
  const document = claimsDocument([TWO, other], new Map([['T1', row]]));
  for (const text of [
    '1970-01-01',
    'version 1, seed 1',
    '| T2 |',
    'not measured yet',
    '0.9',
    '10 tries',
    'theirs',
    'ours',
  ]) {
    expect(document).toContain(text);
  }
  expect(document).toContain('npx lab claims T1');
});

test('docs/CLAIMS.md is what is on record, every row named', () => {
  const text = readFileSync('docs/CLAIMS.md', 'utf8');
  expect(text).toBe(claimsDocument(CLAIMS, readRecord()));
  for (const { id } of CLAIMS) expect(text).toContain(`| ${id} | `);
});

test('what is on record was measured in full, and says of every figure what its row claims', () => {
  for (const [id, row] of readRecord()) {
    const claim = CLAIMS.find((one) => one.id === id);
    expect(row.quick, id).toBe(false);
    const named = (figures: readonly { name: string; claimed: string }[]) =>
      figures.map(({ name, claimed }) => [name, claimed]);
    expect(named(row.figures), id).toEqual(named(claim?.figures ?? []));
    expect(row.conditions.length, id).toBeGreaterThan(1);
    expect(row.run, id).toContain(`npx lab claims ${id} --seed ${row.seed}`);
  }
});
