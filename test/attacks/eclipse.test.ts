/** Eclipse succeeds where its defence is off; what happens where it is on. */
import { expect, test, vi } from 'vitest';
import { declaration } from '../../attacks/eclipse/index.ts';
import { attacked, ECLIPSERS } from './attacked.ts';

/** Seconds on a free core; on a busy one whole networks take their time. */
vi.setConfig({ testTimeout: 120_000 });

const OFF = Object.entries(declaration.switchOff).map(([at, value]) => `${at}=${value}`);
/** What nobody votes on is given up after 20 s; enough before that which the victim would keep. */
const STARVE = [
  'attacks.0.knobs.strike=starve',
  'load.transactionsPerSecond=1.5',
  'durationMs=38000',
];
const FAILED = { succeeded: false, success: { contradicted: 0, starved: 0 } };

test.each(['on', 'off'])(
  'where each peer counts whom it knows, one commits what the network does not (swapping %s)',
  async (swapping) => {
    const settings = [...OFF, `protocol.swapping="${swapping}"`];
    const { attack, result } = await attacked(ECLIPSERS, settings);
    // One transfer of each of three tokens at the victim, the other at everybody else.
    expect(attack).toMatchObject({ succeeded: true, success: { contradicted: 3 } });
    expect(result.detection.falseSlashes).toBe(0);
    expect(attack.cost.attempts).toBeGreaterThan(4 * 16 * 4);
  },
);

test('or gives up what the network commits; before the strike it goes without', async () => {
  const { attack } = await attacked(ECLIPSERS, [...OFF, ...STARVE]);
  expect(attack.succeeded).toBe(true);
  expect(attack.success['starved']).toBeGreaterThanOrEqual(3);
  const waiting = await attacked(ECLIPSERS, [...OFF, ...STARVE, 'attacks.0.knobs.waitMs=600000']);
  expect(waiting.attack).toMatchObject(FAILED);
});

test('where whom to count is state that the neighbourhood keeps, showing up changes nothing', async () => {
  expect((await attacked(ECLIPSERS)).attack).toMatchObject(FAILED);
  const starving = await attacked(ECLIPSERS, STARVE);
  expect(starving.attack).toMatchObject(FAILED);
  expect(starving.result.transactions.timedOut).toBe(0);
});

test('a restart of everyone neither frees the victim nor lets anybody in', async () => {
  const restarted = ECLIPSERS.replace('durationMs: 14000', 'durationMs: 24000')
    .replace('waitMs: 4000', 'waitMs: 14000')
    .concat('faults: [{kind: restart, atMs: 8000, forMs: 500, members: [honest]}]\n');
  const off = await attacked(restarted, OFF);
  expect(off.attack).toMatchObject({ succeeded: true, success: { contradicted: 3 } });
  expect((await attacked(restarted)).attack).toMatchObject(FAILED);
});
