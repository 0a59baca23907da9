/** Rows that need no network: each as it stands, and with the thing it measures broken. */
import { expect, test } from 'vitest';
import { attackCost } from '../../lab/claims/experiments/attack-cost.ts';
import { attackWindow } from '../../lab/claims/experiments/attack-window.ts';
import { dilution } from '../../lab/claims/experiments/confidence.ts';
import { statementBytes } from '../../lab/claims/experiments/statement-bytes.ts';
import { OPTIONS, verdictOf } from './support.ts';

test('E2 fails at a rate that any machine has, and holds where the paper’s dollars would be due', () => {
  const bits = (members: number) => 14 + Math.log10(members);
  const at = (seconds: number, its = bits) =>
    verdictOf('E2', attackCost(OPTIONS, { seconds: () => [seconds], bits: its }));
  expect(at(0.5)).toBe('fails');
  // Dearer evaluations, no more: the dollars of the small network fit, growth does not.
  expect(at(160)).toBe('partly');
  // And bits that rise faster with each decade: exponential indeed.
  expect(at(160, (members) => 17 + (Math.log10(members) - 3) ** 2)).toBe('holds');
});

test('L6 is partly so, and holds once the share of conflicts does not count', () => {
  expect(verdictOf('L6', dilution(OPTIONS))).toBe('partly');
  expect(
    verdictOf(
      'L6',
      dilution(OPTIONS, () => 1),
    ),
  ).toBe('holds');
  expect(
    verdictOf(
      'L6',
      dilution(OPTIONS, () => 0.5),
    ),
  ).toBe('fails');
});

test('X1 fails, and holds with swaps sixty times as seldom: minutes were taken for hours', () => {
  expect(verdictOf('X1', attackWindow(OPTIONS))).toBe('fails');
  const seldom = () => 1 / 0;
  const slow = attackWindow(OPTIONS, { first: () => 210, next: seldom });
  expect(verdictOf('X1', slow)).toBe('partly');
});

test('B2 is partly so, holds for answers of the paper’s size, and fails for bloated ones', () => {
  expect(verdictOf('B2', statementBytes(OPTIONS))).toBe('partly');
  expect(
    verdictOf(
      'B2',
      statementBytes(OPTIONS, () => new Uint8Array(1024)),
    ),
  ).toBe('holds');
  expect(
    verdictOf(
      'B2',
      statementBytes(OPTIONS, () => new Uint8Array(2000)),
    ),
  ).toBe('fails');
});

test('the same seed measures the same', () => {
  expect(statementBytes(OPTIONS)).toEqual(statementBytes(OPTIONS));
  expect(attackWindow(OPTIONS)).toEqual(attackWindow(OPTIONS));
});
