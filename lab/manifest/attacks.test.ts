import { expect, test } from 'vitest';
import { GOOD } from '../../test/support/good-manifest.ts';
import { attackDeclaration, attackNames, knobRefusal } from './attacks.ts';
import { expandParts } from './expand.ts';
import { ManifestError, parseTestnet } from './load.ts';

const LIARS = GOOD.replace(
  'count: 2, regions: [west]',
  'count: 2, adversary: colluding-liars',
).replace('faults:', 'attacks: [{name: colluding-liars, atMs: 100, knobs: {victims: 2}}]\nfaults:');

function messageOf(text: string): string {
  try {
    parseTestnet(text, 'file.yaml');
    return '';
  } catch (error) {
    return error instanceof ManifestError ? error.message : `not a ManifestError: ${String(error)}`;
  }
}

test('every folder in attacks/ with an index has a declaration of its own name', () => {
  expect(attackNames()).toContain('colluding-liars');
  for (const name of attackNames()) expect(attackDeclaration(name)?.name).toBe(name);
});

test('a planned attack gets the default of every knob that it leaves out', () => {
  const [attack] = parseTestnet(LIARS, 'file.yaml').attacks;
  const declared = attackDeclaration('colluding-liars')?.knobs ?? {};
  expect(Object.keys(attack?.knobs ?? {}).toSorted()).toEqual(Object.keys(declared).toSorted());
  expect(attack?.knobs['victims']).toBe(2);
});

test('an unknown knob, a wrong value and an attack that nobody can carry out are explained', () => {
  expect(messageOf(LIARS.replace('victims: 2', 'victms: 2'))).toContain('did you mean "victims"?');
  expect(messageOf(LIARS.replace('victims: 2', 'victims: 1.5'))).toContain(
    'allowed: a whole number',
  );
  expect(messageOf(LIARS.replace(', adversary: colluding-liars', ''))).toContain(
    'no group of peers has adversary: colluding-liars',
  );
});

test.each([
  ['integer', 3, true],
  ['integer', 3.5, false],
  ['integer', 11, false],
  ['number', 3.5, true],
  ['number', 0, false],
  ['number', 'x', false],
  ['boolean', true, true],
  ['boolean', 1, false],
  ['string', 'x', true],
  ['string', 1, false],
] as const)('a knob of type %s takes %j: %j', (type, value, taken) => {
  const knob = { type, default: 1, min: 1, max: 10, description: '' };
  expect(knobRefusal(knob, value) === null).toBe(taken);
});

test('each adversary knows its part from the launch on: the first attack’s knobs, its place among them', () => {
  const parts = expandParts(parseTestnet(LIARS, 'file.yaml'));
  expect([...parts.keys()]).toEqual(['late-01', 'late-02']);
  const [first, second] = parts.values();
  expect([first?.index, second?.index, first?.members]).toEqual([0, 1, 2]);
  expect(second?.knobs['victims']).toBe(2);
  const unplanned = LIARS.replace(/attacks: .*\n/, '');
  const [lone] = expandParts(parseTestnet(unplanned, 'file.yaml')).values();
  expect(lone?.knobs['victims']).toBe(
    attackDeclaration('colluding-liars')?.knobs['victims']?.default,
  );
});

test.each(attackNames())(
  'what %s says switches its defence off is a setting of testnets',
  (name) => {
    const text = LIARS.replaceAll('colluding-liars', name).replace(', knobs: {victims: 2}', '');
    const settings = Object.entries(attackDeclaration(name)?.switchOff ?? {}).map(
      ([at, value]) => `${at}=${String(value)}`,
    );
    expect(settings.length).toBeGreaterThan(0);
    expect(() => parseTestnet(text, 'file.yaml', { settings })).not.toThrow();
  },
);
