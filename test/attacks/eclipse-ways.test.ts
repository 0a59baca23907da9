/** Each way into a victim's table: where it works, and what happens where its defence is on. */
import { expect, test, vi } from 'vitest';
import { attacked, ECLIPSERS } from './attacked.ts';

/** Seconds on a free core; on a busy one whole networks take their time. */
vi.setConfig({ testTimeout: 120_000 });

const RESTARTED = `${ECLIPSERS.replace('durationMs: 14000', 'durationMs: 24000')}
faults: [{kind: restart, atMs: 9000, forMs: 500, members: [honest]}]
`;
/** Views of far neighbourhoods are looked up again once they are a minute old. */
const REFERRED = ECLIPSERS.replace('durationMs: 14000', 'durationMs: 90000')
  .replace('count: 4, regions: even, adversary', 'count: 5, regions: even, adversary')
  .replace(
    '\nclients: {count: 1, regions: even, queryRatePerSecond: 0.5}',
    '\n  - {group: referrers, count: 1, regions: even, adversary: eclipse, active: false}' +
      '\nclients: {count: 2, regions: even, queryRatePerSecond: 3, askPeers: 4}',
  )
  .replace('Second: 0.5}', 'Second: 1}')
  .replace(
    '{waitMs: 4000}',
    '{way: referrals, strike: lie, waitMs: 1000, strikeMs: 600000, reach: 0.005}',
  );
/** Two of sixteen, anywhere; each peer asks the eight that are in its table. */
const MEMBERS = ECLIPSERS.replace('durationMs: 14000', 'durationMs: 60000')
  .replace('k: 5', 'k: 4')
  .replace('count: 9', 'count: 14')
  .replace('count: 4, regions: even, adversary', 'count: 2, regions: even, adversary')
  .replace(', joinAtMs: 500', '')
  .replace('{waitMs: 4000}', '{way: swap, reach: 0.5, waitMs: 25000}');

const KNOWN = 'protocol.membership=known';
const knob = (name: string, value: string | number): string => `attacks.0.knobs.${name}=${value}`;
const ONE = 'peers.eclipsers.count=1';
/** What nobody votes on is given up after 20 s; enough before that which the victim would keep. */
const STARVE = [knob('strike', 'starve'), 'load.transactionsPerSecond=1.5', 'durationMs=38000'];
const NOTHING = { contradicted: 0, starved: 0, muted: 0, unopposedLies: 0 };
const FAILED = { succeeded: false, success: NOTHING };

test('exhaust: ghosts that one brings take the places of all others, where each peer counts whom it knows', async () => {
  const exhaust = [...STARVE, ONE, knob('way', 'exhaust')];
  const off = await attacked(ECLIPSERS, [...exhaust, KNOWN]);
  expect(off.attack.succeeded).toBe(true);
  expect(off.attack.success['starved']).toBeGreaterThanOrEqual(3);
  const alone = await attacked(ECLIPSERS, [...exhaust, KNOWN, knob('ghosts', 0)]);
  expect(alone.attack).toMatchObject(FAILED);
  expect((await attacked(ECLIPSERS, exhaust)).attack).toMatchObject(FAILED);
});

test('restart: the strike waits for it, where each peer counts whom it knows', async () => {
  const restart = knob('way', 'restart');
  const off = await attacked(RESTARTED, [restart, KNOWN]);
  expect(off.attack).toMatchObject({ succeeded: true, success: { contradicted: 3 } });
  expect((await attacked(ECLIPSERS, [restart, KNOWN])).attack).toMatchObject(FAILED);
  expect((await attacked(RESTARTED, [restart])).attack).toMatchObject(FAILED);
});

test('restart: whoever starts among accomplices alone never speaks again', async () => {
  const starve = [knob('way', 'restart'), knob('strike', 'starve')];
  const off = await attacked(RESTARTED, [...starve, KNOWN]);
  expect(off.attack).toMatchObject({ succeeded: true, success: { ...NOTHING, muted: 1 } });
  expect((await attacked(RESTARTED, starve)).attack).toMatchObject(FAILED);
});

test('referrals: who is named by one accomplice alone has no voice, however many vouch for it', async () => {
  const { attack, result } = await attacked(REFERRED);
  expect(attack).toMatchObject({ succeeded: false, success: { liesTold: 0 } });
  expect(result.detection.falseSlashes).toBe(0);
});

test('referrals: with nobody that counts to name them, newcomers are asked nothing', async () => {
  const unnamed = REFERRED.replace(/ +- \{group: referrers.*\n/, '');
  const { attack } = await attacked(unnamed);
  expect(attack).toMatchObject({ succeeded: false, success: { ...NOTHING, liesTold: 0 } });
});

// Starving with swapping on, and lying without it, decide no more (docs/ATTACKS.md).
test.each([
  ['on', 'lie'],
  ['off', 'starve'],
])(
  'swap, swapping %s, %s: whom a peer asks decides nothing of what it commits',
  async (swapping, strike) => {
    const settings = [knob('strike', strike), `protocol.swapping="${swapping}"`];
    const { attack, result } = await attacked(MEMBERS, settings);
    expect(attack).toMatchObject(FAILED);
    // It is asked once it has been swapped in: by its address it would not be in the table.
    expect(Number(attack.success['liesTold']) > 0).toBe(strike === 'lie' && swapping === 'on');
    expect(result.detection.falseSlashes).toBe(0);
  },
);

test('a peer whose neighbours all lie to it keeps what it has committed itself', async () => {
  const { attack, result } = await attacked(ECLIPSERS, [KNOWN, knob('strike', 'lie')]);
  expect(attack.success['liesTold']).toBeGreaterThan(0);
  expect(attack).toMatchObject(FAILED);
  expect(result.detection.falseSlashes).toBe(0);
});
