import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LinkClass } from '../../node/control.ts';
import { classesFor } from './classes.ts';
import { limitPackets, regionClassId, tcProgram } from './tc.ts';

const plain: LinkClass = {
  region: 'tokyo',
  subnet: '10.64.4.0/22',
  delayMs: 73,
  jitterMs: 2,
  distribution: 'normal',
  correlation: 0.25,
  loss: 0.001,
  duplicate: 0,
  reorder: 0,
  rateBitsPerSecond: 0,
  cut: false,
};

function leafOf(change: Partial<LinkClass>, netem = true): string {
  const lines = tcProgram([{ ...plain, ...change }], { netem });
  return lines.find((line) => line.includes(`parent ${regionClassId(0)} `)) ?? '';
}

test('a leaf says delay, jitter, correlation, distribution and loss as tc reads them', () => {
  expect(leafOf({})).toBe(
    'qdisc replace dev DEV parent 1ab:10 handle 201: netem limit 40500' +
      ' delay 73ms 2ms 25% distribution normal loss random 0.1%',
  );
});

test('numbers have no exponent and lose no digits that matter', () => {
  expect(leafOf({ loss: 1e-7, delayMs: 44.5 })).toContain('delay 44.5ms');
  expect(leafOf({ loss: 1e-7 })).toContain('loss random 0.00001%');
});

test('burst loss is gemodel with p, r, loss in bad and loss in good', () => {
  const burst = { enter: 0.01, leave: 0.25, lossBad: 0.5, lossGood: 0 };
  expect(leafOf({ burst })).toContain('loss gemodel 1% 25% 50% 0%');
});

test('a uniform or absent jitter names no distribution', () => {
  expect(leafOf({ distribution: 'uniform' })).not.toContain('distribution');
  expect(leafOf({ jitterMs: 0, distribution: 'pareto' })).not.toContain('distribution');
});

test('reordering is said only with a delay, which netem demands', () => {
  expect(leafOf({ reorder: 0.05 })).toContain('reorder 5%');
  expect(leafOf({ reorder: 0.05, delayMs: 0 })).not.toContain('reorder');
});

test('a cut loses everything, whatever else was asked', () => {
  expect(leafOf({ cut: true })).toContain('loss random 100%');
});

test('nothing asked for is nothing installed but a queue', () => {
  expect(leafOf({ delayMs: 0, jitterMs: 0, loss: 0 })).toContain('pfifo');
});

test('without netem there are the same classes and filters', () => {
  const rest = (netem: boolean) =>
    tcProgram([plain], { netem }).filter((line) => !line.includes('parent 1ab:10 '));
  expect(leafOf({}, false)).toContain('pfifo');
  expect(rest(false)).toEqual(rest(true));
});

test('the rate is the class’s, and the leaf holds what the rate lets in for the delay', () => {
  const limited = { ...plain, jitterMs: 0, delayMs: 100, rateBitsPerSecond: 10_000_000 };
  expect(tcProgram([limited], { netem: true }).join('\n')).toContain('rate 10000000bit');
  expect(limitPackets(limited)).toBeGreaterThanOrEqual((10_000_000 / 8 / 64) * 0.35);
  expect(limitPackets({ ...plain, delayMs: 200, jitterMs: 0 })).toBe(100_000);
});

test('every subnet has exactly one filter, to a class of its own with its own delay', () => {
  const links = fc.uniqueArray(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 31 });
  fc.assert(
    fc.property(links, fc.boolean(), (delays, reversed) => {
      const classes = delays.map((delayMs, index) => ({
        ...plain,
        delayMs,
        subnet: `10.64.${4 * (index + 1)}.0/22`,
      }));
      const lines = tcProgram(reversed ? classes.toReversed() : classes, { netem: true });
      const used = new Set<string>();
      for (const { subnet, delayMs } of classes) {
        const filters = lines.filter((line) => line.includes(` dst ${subnet} `));
        expect(filters).toHaveLength(1);
        const id = /flowid (\S+)$/.exec(filters[0] ?? '')?.[1] ?? '';
        used.add(id);
        expect(lines.filter((line) => line.includes(` classid ${id} `))).toHaveLength(1);
        const leaves = lines.filter((line) => line.includes(` parent ${id} `));
        expect(leaves).toHaveLength(1);
        expect(leaves[0]).toContain(`delay ${delayMs}ms`);
      }
      expect(used.size).toBe(classes.length);
      const handles = lines.flatMap((line) => /qdisc .* handle (\S+)/.exec(line)?.[1] ?? []);
      expect(new Set(handles).size).toBe(handles.length);
    }),
  );
});

test('a member’s classes are its own region’s directions, cut where a partition says', () => {
  const profile = (from: string, to: string, delayMs: number) => {
    const { region: _region, subnet: _subnet, cut: _cut, ...shape } = plain;
    return { ...shape, from, to, delayMs };
  };
  const profiles = [
    profile('a', 'a', 1),
    profile('a', 'b', 40),
    profile('b', 'a', 90),
    profile('b', 'b', 2),
  ];
  const subnets = { a: '10.64.4.0/22', b: '10.64.8.0/22' };
  const classes = classesFor('b', profiles, subnets, [{ from: 'b', to: 'a' }]);
  expect(classes.map(({ region, subnet, delayMs, cut }) => [region, subnet, delayMs, cut])).toEqual(
    [
      ['a', '10.64.4.0/22', 90, true],
      ['b', '10.64.8.0/22', 2, false],
    ],
  );
  expect(() => classesFor('c', profiles, subnets, [])).toThrow('no link profile from c to a');
});
