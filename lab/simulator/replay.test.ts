import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTestnet } from '../manifest/load.ts';
import type { OperatorOrder } from '../manifest/testnet.ts';
import type { RunPlan } from '../supervisor/api.ts';
import { replayText } from './replay.ts';

const SOURCE = `
name: driven # remarks are lost
seed: 5
durationMs: 9000
protocol: {k: 4}
regions: [{name: east}, {name: west}]
peers:
  - {group: honest, count: 6}
  - {group: liars, count: 2, adversary: colluding-liars}
attacks: [{name: colluding-liars, atMs: 100, knobs: {victims: 1}}]
faults: [{kind: kill, atMs: 50, members: [honest]}]
`;
const PLAN: RunPlan = {
  run: 'driven-1',
  manifest: '',
  driver: 'sim',
  driverReason: '',
  seed: 77,
  honest: false,
  mode: 'run',
  version: '',
};

const atMs = fc.nat(8990).map((ms) => ms + 13 / 32);
const member = fc.constantFrom('honest-01', 'liars-02');
const order: fc.Arbitrary<OperatorOrder> = fc.oneof(
  fc.record({ order: fc.constant('clear' as const), id: fc.constant('kill-2'), atMs }),
  fc.record({
    order: fc.constant('steer' as const),
    id: fc.constant('colluding-liars-1'),
    action: fc.constantFrom('stop', 'pause', 'resume', 'set'),
    knobs: fc.constant({ victims: 2 }),
    atMs,
  }),
  fc.record({
    order: fc.constant('fault' as const),
    fault: fc.oneof(
      fc.record({ kind: fc.constantFrom('kill', 'pause', 'restart'), members: fc.tuple(member) }),
      fc.record({
        kind: fc.constant('partition' as const),
        between: fc.constant(['east', 'west'] as [string, string]),
        direction: fc.constantFrom('both', 'forward'),
      }),
      fc.record({
        kind: fc.constant('link' as const),
        between: fc.constant(['east', 'east'] as [string, string]),
        change: fc.constant({ delayMs: 80, loss: 0.25 }),
      }),
      fc.record({
        kind: fc.constant('clock' as const),
        members: fc.tuple(member),
        skewMs: fc.integer({ min: -5000, max: 5000 }),
      }),
    ),
    forMs: fc.option(fc.integer({ min: 1, max: 9000 })),
    atMs,
  }),
);

test('what a driven run writes down is a testnet file that says the same, orders included', () => {
  const testnet = parseTestnet(SOURCE, 'driven.yaml', { seed: 77, settings: ['protocol.k=5'] });
  fc.assert(
    fc.property(fc.array(order, { maxLength: 12 }), (orders) => {
      const text = replayText(testnet, PLAN, { orders, playedMs: 4000 });
      const { source, settings, file, orders: again, ...rest } = parseTestnet(text, 'replay.yaml');
      expect(again ?? []).toEqual(orders);
      const { source: _s, settings: _t, file: _f, ...before } = testnet;
      expect(rest).toEqual(before);
      expect([source, settings, file]).toEqual([text, undefined, 'replay.yaml']);
    }),
  );
});

test('a run that stays up is repeated for as long as it was up', () => {
  const testnet = parseTestnet(SOURCE, 'driven.yaml');
  const up: RunPlan = { ...PLAN, mode: 'up', honest: true, cryptography: 'ideal' };
  const text = replayText(testnet, up, { orders: [], playedMs: 12_345.6 });
  expect(parseTestnet(text, 'replay.yaml').durationMs).toBe(12_346);
  expect(text.split('\n')[1]).toBe(
    '#   lab run replay.yaml --driver sim --honest --cryptography ideal',
  );
});

test('orders that the network cannot have are refused with their place in the file', () => {
  const problem = (orders: string): string => {
    try {
      parseTestnet(`${SOURCE}orders:\n${orders}`, 'f.yaml');
      return '';
    } catch (error) {
      return String(error);
    }
  };
  expect(problem('  - {attack: nobody, atMs: 5}')).toMatch(/orders\[0\]\.attack: no attack/);
  expect(problem('  - {fault: {kind: kill, atMs: 5, members: [x-01]}}')).toMatch(
    /orders\[0\]\.fault\.members\[0\]: no member or group/,
  );
  expect(problem('  - {attack: colluding-liars, atMs: 99999}')).toMatch(/after the end/);
  expect(problem('  - {clear: kill-1, atMs: 5}')).toBe('');
});
