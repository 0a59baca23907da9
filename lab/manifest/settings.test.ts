import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTestnet } from './load.ts';
import { parseSetting } from './settings.ts';

const GOOD = readFileSync('testnets/quick.yaml', 'utf8');

const parse = (...settings: string[]) => parseTestnet(GOOD, 'good.yaml', { settings });
const refusal = (...settings: string[]): string => {
  try {
    parse(...settings);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'accepted';
};

test('a value is set by keys, by index, by the name of a group and of an attack', () => {
  expect(parse('protocol.k=3').protocol.k).toBe(3);
  const [first] = parse().members;
  expect(parse(`peers.${first?.group ?? ''}.count=9`, 'peers.0.count=8').members).toHaveLength(
    parse('peers.0.count=8').members.length,
  );
  const { attacks } = parse('attacks.colluding-liars.knobs.victims=2');
  expect(attacks[0]?.knobs['victims']).toBe(2);
  expect(parse('attacks.0.knobs={victims: 4}').attacks[0]?.knobs['victims']).toBe(4);
});

test('what the file leaves out can be set, and the settings are kept', () => {
  const testnet = parse('load.popularity.zipf=0', 'allow.shapingOff=true');
  expect(testnet.load.popularityZipf).toBe(0);
  expect(testnet.allow.shapingOff).toBe(true);
  expect(testnet.settings).toEqual(['load.popularity.zipf=0', 'allow.shapingOff=true']);
  expect(parse().settings).toBeUndefined();
});

test('a wrong value is told as its setting, a wrong path with what is allowed there', () => {
  expect(refusal('protocol.k=no')).toMatch(
    /^--set protocol\.k=no: protocol\.k: found "no"; allowed/,
  );
  expect(refusal('protocol.kk=3')).toMatch(
    /^--set protocol\.kk=3: .*unknown key "kk"; allowed: k,/,
  );
  expect(refusal('peers.nobody.count=3')).toMatch(
    /^--set .* peers has no entry "nobody"; allowed: 0,/,
  );
  expect(refusal('peers.7.count=3')).toContain('peers has no entry "7"');
  expect(refusal('seed.x=3')).toContain('seed is no mapping or list');
  expect(refusal('durationMs=[')).toContain('--set durationMs=[: the value: not YAML');
  expect(refusal('attacks.0.knobs.victims=0')).toContain(
    '--set attacks.0.knobs.victims=0: attacks[0].knobs.victims: found 0',
  );
  expect(refusal('x')).toContain('not PATH=VALUE');
  expect(refusal('faults.0.atMs=5')).toMatch(/^--set faults\.0\.atMs=5: faults: found .* a list/);
});

test('a problem that the setting brings about elsewhere keeps its place in the file', () => {
  expect(refusal('durationMs=1000')).toMatch(/^good\.yaml:\d+:\d+: /);
});

test('no text of a setting throws anything but a manifest error', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((value) => `__proto__.x=${value}`),
      ),
      (text) => {
        expect(typeof parseSetting(text) === 'string' || text.includes('=')).toBe(true);
        refusal(text);
        expect(Object.keys(Object.prototype)).toEqual([]);
      },
    ),
  );
});
