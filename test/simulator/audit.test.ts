import { setImmediate } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { useCryptography } from '../../node/crypto/cryptography.ts';
import { parseTestnet } from '../../lab/manifest/load.ts';
import type { Testnet } from '../../lab/manifest/testnet.ts';
import { audit } from '../../lab/simulator/audit.ts';

/** Which mistake the ideal cryptography makes, if any. */
const planted = vi.hoisted((): { bug: 'none' | 'verdict' | 'size'; verified: number } => ({
  bug: 'none',
  verified: 0,
}));

vi.mock('../../node/crypto/ideal.ts', async (original) => {
  const real = await original<typeof import('../../node/crypto/ideal.ts')>();
  const ideal: typeof real = {
    ...real,
    // Once the genesis is checked, one signature in sixteen is taken for a forgery.
    isIdealSignature: (...given) => {
      planted.verified += 1;
      const isRefused = planted.bug === 'verdict' && planted.verified > 200;
      return real.isIdealSignature(...given) && !(isRefused && planted.verified % 16 === 0);
    },
    idealBoxTag: (...given) => {
      const tag = real.idealBoxTag(...given);
      return planted.bug === 'size' ? tag.subarray(1) : tag;
    },
  };
  return ideal;
});

afterEach(() => {
  planted.bug = 'none';
  useCryptography('real');
});

/** Whatever is signed, sealed, proved or accused of in a few seconds. */
function testnet(protocol: string): Testnet {
  const text = `
name: audited
seed: 3
durationMs: 6000
protocol: {k: 5, ${protocol}}
regions: [{name: a}, {name: b}]
links:
  - default: {delayMs: 20, jitterMs: 5, loss: 0.02}
peers:
  - {group: honest, count: 7, regions: even}
  - {group: liars, count: 2, regions: even, adversary: colluding-liars, active: false}
clients: {count: 3, regions: even, queryRatePerSecond: 4}
load: {transactionsPerSecond: 6}
attacks:
  - {name: colluding-liars, atMs: 500}
faults:
  - {kind: restart, atMs: 2000, members: [honest-01], forMs: 500}
`;
  return parseTestnet(text, 'audited.yaml');
}

const options = { sampleMs: 60_000, look: () => setImmediate() };

test('real and ideal cryptography give the same run but for its bytes', async () => {
  const audited = testnet('votes: signed, voteExchange: certificates, forwardProbability: 0.2');
  const { parting, skeleton, events, work, sampleMs } = await audit(audited, options);
  expect(parting).toBeNull();
  expect(skeleton).toMatch(/^[0-9a-f]{64}$/);
  expect(events).toBeGreaterThan(3000);
  expect({ work, sampleMs }).toEqual({ work: 'real', sampleMs: 6000 });
}, 60_000);

test.each(['verdict', 'size'] as const)(
  'an ideal %s that is not the real one is found',
  async (bug) => {
    Object.assign(planted, { bug, verified: 0 });
    const { parting, skeleton, events } = await audit(testnet('votes: signed'), {
      ...options,
      sampleMs: 1500,
    });
    expect(skeleton).toBeNull();
    expect(parting).not.toBeNull();
    expect(parting?.real).not.toEqual(parting?.ideal);
    expect(events).toBeGreaterThan(5);
  },
  60_000,
);
