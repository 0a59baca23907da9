import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { DEFAULT_PARAMETERS } from '../../node/parameters.ts';
import { FAULT_KINDS } from './fault-schema.ts';
import { jsonSchema } from './schema.ts';

const MANUAL = readFileSync(
  path.resolve(import.meta.dirname, '../../docs/TESTNETS.md'),
  'utf8',
).split('\n');

const parameter = z.looseObject({ enum: z.array(z.string()).optional() });
const DEFAULTS = new Map<string, unknown>(Object.entries(DEFAULT_PARAMETERS));
const schema = z.looseObject({
  properties: z.looseObject({
    protocol: z.looseObject({ properties: z.record(z.string(), parameter) }),
  }),
});

/** The row of a table whose first cell is `name`. */
const rowOf = (name: string) => MANUAL.find((line) => line.startsWith(`| \`${name}\` |`)) ?? '';

test('the manual lists every parameter of the protocol with all it may be, the default first', () => {
  const { properties } = schema.parse(jsonSchema()).properties.protocol;
  expect(Object.keys(properties).length).toBeGreaterThan(20);
  for (const [name, { enum: names = [] }] of Object.entries(properties)) {
    const [, , allowed = ''] = rowOf(name).split('|');
    const words = [...allowed.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
    if (names.length > 0)
      expect([name, ...new Set(words).symmetricDifference(new Set(names))]).toEqual([name]);
    const text = JSON.stringify(DEFAULTS.get(name)).replace(/^"|"$/g, '');
    const found = words[0]?.replace(/(\w+): /g, '"$1":').replaceAll(', ', ',');
    expect([name, found]).toEqual([name, text]);
  }
});

test('the manual lists every kind of fault', () => {
  expect(FAULT_KINDS.filter((kind) => rowOf(kind) === '')).toEqual([]);
});
