import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evaluateExpectation, parseExpectation } from './expectation.ts';

const RESULT = {
  shapingOk: true,
  driver: 'process',
  traceHash: null,
  finality: { p99: 812, p50: null },
  detection: { falseSlashes: 0 },
  links: [{ ok: true }, { ok: false }],
  messages: { byType: { 'block-request': { count: 4 } } },
};

test.each([
  ['finality.p99 < 2000', 812, true],
  ['finality.p99<=812', 812, true],
  ['finality.p99 > 812', 812, false],
  ['finality.p99 >= 8.12e2', 812, true],
  ['detection.falseSlashes == 0', 0, true],
  ['detection.falseSlashes != 0', 0, false],
  ['shapingOk == true', true, true],
  ['driver == "process"', 'process', true],
  ["driver != 'docker'", 'process', true],
  ['traceHash == null', null, true],
  ['links[1].ok == true', false, false],
  ['messages.byType.block-request.count == 4', 4, true],
])('%s', (expression, value, ok) => {
  expect(evaluateExpectation(expression, RESULT)).toEqual({ value, ok });
});

test.each([
  'finality.p50 < 5',
  'finality.p50 >= 0',
  'finality.p50 != 3',
  'finality.max == 0',
  'links[7].ok == true',
  'links.length >= 0',
  'driver < 5',
])('what was not measured, or is no number, does not satisfy %s', (expression) => {
  expect(evaluateExpectation(expression, RESULT).ok).toBe(false);
});

test.each([
  '',
  'finality.p99',
  'finality.p99 < ',
  'finality.p99 = 3',
  'finality.p99 < 0x10',
  'finality.p99 < Infinity',
  'finality..p99 < 3',
  'driver < "x"',
  'shapingOk >= true',
  '1 < 2',
])('%j is refused', (expression) => {
  expect(parseExpectation(expression).ok).toBe(false);
});

test('no text makes the parser throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      parseExpectation(text);
    }),
  );
});
