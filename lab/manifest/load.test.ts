import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { faultSchema, FAULT_KINDS } from './fault-schema.ts';
import { loadTestnet, parseTestnet } from './load.ts';
import type { Member } from './testnet.ts';
import { GOOD } from '../../test/support/good-manifest.ts';

const testnets = readdirSync('testnets').filter((file) => file.endsWith('.yaml'));

test.each(testnets)('%s is a good testnet, and editors find its schema', (file) => {
  const testnet = loadTestnet(`testnets/${file}`);
  expect(testnet.name).toBe(file.replace('.yaml', ''));
  expect(testnet.source.split('\n')[0]).toBe('# yaml-language-server: $schema=testnet.schema.json');
  expect(testnet.source).toBe(readFileSync(`testnets/${file}`, 'utf8'));
});

test('members are dealt to regions in turn and named so that they sort', () => {
  const { members } = parseTestnet(GOOD, 'good.yaml');
  expect(members.map(({ name, region }) => `${name} ${region}`)).toEqual([
    'honest-01 east',
    'honest-02 west',
    'honest-03 east',
    'honest-04 west',
    'honest-05 east',
    'late-01 west',
    'late-02 west',
    'client-01 east',
    'client-02 west',
  ]);
});

test('newcomers come at once, or one by one at times that the seed draws', () => {
  const times = (over: string, seed: number): number[] => {
    const text = GOOD.replace('regions: [west]', `regions: [west], joinAtMs: 5000${over}`);
    const { members } = parseTestnet(text.replace('count: 2', 'count: 8'), 'good.yaml', { seed });
    return members.flatMap(({ joinAtMs }) => joinAtMs ?? []);
  };
  expect(new Set(times('', 1))).toEqual(new Set([5000]));
  const drawn = times(', joinOverMs: 40000', 1);
  expect(drawn).toEqual(times(', joinOverMs: 40000', 1));
  expect(drawn).not.toEqual(times(', joinOverMs: 40000', 2));
  expect(new Set(drawn).size).toBe(8);
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(5000);
  expect(Math.max(...drawn)).toBeLessThan(45_000);
  expect(Math.max(...drawn) - Math.min(...drawn)).toBeGreaterThan(15_000);
});

test('newcomers whose identities are too old by their time are refused before a run finds out', () => {
  const joining = (joinAtMs: number, freshness = 'on') =>
    GOOD.replace('durationMs: 60000', 'durationMs: 3600000')
      .replace('regions: [west]', `regions: [west], joinAtMs: ${joinAtMs}`)
      .replace('k: 4', `k: 4, freshness: ${freshness}`);
  // 30 days, of 24 s each.
  expect(parseTestnet(joining(719_999), 'good.yaml').members).toHaveLength(9);
  expect(parseTestnet(joining(720_000, 'off'), 'good.yaml').members).toHaveLength(9);
  expect(() => parseTestnet(joining(720_000), 'good.yaml')).toThrow('allowed: below 720000');
});

test('a link given in one direction holds in both, and takes the rest from the default', () => {
  const text = GOOD.replace('{delayMs: 1}', '{delayMs: 1, reorder: 0.01}');
  const { links } = parseTestnet(text, 'good.yaml');
  const delays = links.map((link) => `${link.from} ${link.to} ${link.delayMs} ${link.reorder}`);
  expect(delays).toEqual([
    'east east 1 0.01',
    'east west 40 0.01',
    'west east 40 0.01',
    'west west 1 0.01',
  ]);
});

test('a link given in both directions is asymmetric', () => {
  const text = GOOD.replace('loss: 0.001}', 'loss: 0.001}\n  - {from: west, to: east, delayMs: 5}');
  const { links } = parseTestnet(text, 'good.yaml');
  expect(links.map(({ delayMs }) => delayMs)).toEqual([1, 40, 5, 1]);
});

test('groups in faults become their members, each once', () => {
  const text = GOOD.replace('[late, honest-01]', '[late, late-01, honest-01]');
  expect(parseTestnet(text, 'good.yaml').faults[1]).toEqual({
    kind: 'kill',
    atMs: 40000,
    members: ['late-01', 'late-02', 'honest-01'],
  });
});

test('the seed of the command line wins over that of the file', () => {
  expect(parseTestnet(GOOD, 'good.yaml').seed).toBe(7);
  expect(parseTestnet(GOOD, 'good.yaml', { seed: 9 }).seed).toBe(9);
});

test('the kinds of fault named in errors are those of the schema', () => {
  const kinds = faultSchema.options.flatMap((option) => [...option.shape.kind.values]);
  expect(kinds).toEqual([...FAULT_KINDS]);
});

test('an honest control has the same members in the same places, all honest, and no attack', () => {
  const written = loadTestnet('testnets/demo.yaml');
  const control = loadTestnet('testnets/demo.yaml', { honest: true });
  expect(written.members.some((member) => member.adversary !== undefined)).toBe(true);
  expect(written.attacks).not.toEqual([]);
  expect(control.honestControl).toBe(true);
  const placed = ({ name, kind, region }: Member) => ({ name, kind, region });
  expect(control.members.map(placed)).toEqual(written.members.map(placed));
  expect(control.members.some((member) => member.adversary !== undefined)).toBe(false);
  expect(control.attacks).toEqual([]);
  expect({ ...control.load, ...control.protocol }).toEqual({
    ...written.load,
    ...written.protocol,
  });
  expect(control.source).toBe(written.source);
});
