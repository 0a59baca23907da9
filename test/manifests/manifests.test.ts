import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ManifestError, jsonSchema, parseTestnet } from '../../lab/manifest/load.ts';
import { GOOD } from '../support/good-manifest.ts';
import { WRONG } from './wrong.ts';

function errorOf(text: string): ManifestError | null {
  try {
    parseTestnet(text, 'file.yaml');
    return null;
  } catch (error) {
    if (error instanceof ManifestError) return error;
    throw error;
  }
}

test('the manifest from which the wrong ones are made is right', () => {
  expect(errorOf(GOOD)).toBeNull();
});

test('there are at least fifty hand-made wrong manifests', () => {
  expect(WRONG.length).toBeGreaterThanOrEqual(50);
});

test.each(WRONG)(
  '$what: refused, with its line and what is allowed',
  ({ from, to, line, says }) => {
    expect(GOOD).toContain(from);
    const error = errorOf(GOOD.replace(from, () => to));
    expect(error?.exitCode).toBe(2);
    expect(error?.problems).toContainEqual(
      expect.objectContaining({ line, message: expect.stringContaining(says) }),
    );
    expect(error?.message).toContain(`file.yaml:${line}:`);
  },
);

test('faults of form and faults of meaning are told at once', () => {
  const text = GOOD.replace('seed: 7', 'sed: 7').replace('to: west', 'to: wets');
  expect(errorOf(text)?.problems.map(({ line }) => line)).toEqual([2, 11]);
});

test.each([
  ['a quarter of a megabyte', `${GOOD}# ${'x'.repeat(256 * 1024)}\n`],
  ['deep nesting', `expect: ${'['.repeat(5000)}${']'.repeat(5000)}`],
  ['very deep nesting', '['.repeat(200_000)],
  ['a bomb of aliases', `a: &a [x, x]\n${'b: [*a, *a]\n'.repeat(50)}`],
  ['nothing', ''],
  ['a scalar', 'demo'],
  ['a prototype', '__proto__: {name: x}\nconstructor: 1'],
  ['control characters', '\u0000\u0001\u0002'],
])('%s is refused with a position', (_what, text) => {
  expect(errorOf(text)?.problems.length).toBeGreaterThan(0);
});

/** Either a testnet, or a ManifestError whose problems all have a place in the file. */
function isExplained(text: string): boolean {
  const error = errorOf(text);
  if (error === null) return true;
  const lines = text.split('\n').length;
  return (
    error.problems.length > 0 &&
    error.problems.every(
      ({ line, column, message }) =>
        line >= 1 && line <= lines + 1 && column >= 1 && message.length > 0,
    )
  );
}

test('a good manifest with any bytes replaced is a testnet or explained', () => {
  const position = fc.nat(GOOD.length);
  const junk = fc.oneof(
    fc.string({ maxLength: 8, unit: 'binary' }),
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      '- ',
      '\n',
      '  ',
      '&a',
      '*a',
      '!!',
      '? ',
      '|',
      '#',
      '~',
    ),
    fc.double().map(String),
  );
  const mutation = fc.tuple(position, fc.nat(6), junk);
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
      let text = GOOD;
      for (const [at, length, put] of mutations) {
        text = text.slice(0, at) + put + text.slice(at + length);
      }
      return isExplained(text);
    }),
    { numRuns: 400 },
  );
});

test('a good manifest with any value replaced by any other is a testnet or explained', () => {
  const values = [...GOOD.matchAll(/(?<=: )[^,{}[\]\n]+/g)];
  fc.assert(
    fc.property(fc.nat(values.length - 1), fc.jsonValue(), (index, value) => {
      const match = values[index];
      if (match === undefined) return false;
      const end = match.index + match[0].length;
      return isExplained(GOOD.slice(0, match.index) + JSON.stringify(value) + GOOD.slice(end));
    }),
    { numRuns: 400 },
  );
});

test('random YAML is explained', () => {
  const key = fc.constantFrom('name', 'regions', 'links', 'peers', 'load', 'faults', 'kind', 'x');
  const tree = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue({ maxDepth: 0 }),
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(key, tie('node'), { maxKeys: 5 }),
    ),
  }));
  fc.assert(
    fc.property(tree.node, (value) => isExplained(stringify(value))),
    { numRuns: 300 },
  );
});

test('the schema that editors use is up to date (npx lab schema > testnets/testnet.schema.json)', () => {
  const committed: unknown = JSON.parse(readFileSync('testnets/testnet.schema.json', 'utf8'));
  expect(committed).toEqual(structuredClone(jsonSchema()));
});
