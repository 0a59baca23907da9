/** Each strike of the colluding liars succeeds where its defence is off; what happens where it is on. */
import { expect, test, vi } from 'vitest';
import { declaration } from '../../attacks/colluding-liars/index.ts';
import { attacked } from './attacked.ts';

// Two or three seconds each on a core of one's own.
vi.setConfig({ testTimeout: 90_000 });

/** Three liars among twelve that behave until 3 s: at some places three of the six keepers. */
const SMALL = `name: liars
durationMs: 10000
protocol: {k: 6, leaseHours: 240, pow: {memoryKiB: 8, passes: 1, bits: 1}}
regions: [{name: here}]
links: [{default: {delayMs: 10}}]
peers:
  - {group: honest, count: 9, regions: even}
  - {group: liars, count: 3, regions: even, adversary: colluding-liars, active: false}
clients: {count: 2, regions: even, queryRatePerSecond: 4, askPeers: 4}
load: {transactionsPerSecond: 4}
attacks: [{name: colluding-liars, atMs: 3000, knobs: {tokens: 8}}]
`;
const strike = (kind: string): string => `attacks.0.knobs.strike=${kind}`;
const to = (audience: string): string => `attacks.0.knobs.audience=${audience}`;
/** Who lies to everyone keeps everyone asking: less is enough. */
const QUIET = ['durationMs=5000', 'load.transactionsPerSecond=2', 'clients.queryRatePerSecond=2'];
const OFF = Object.entries(declaration.switchOff).map(([at, value]) => `${at}=${value}`);

test('who votes first decides over others’ tokens under the net rule, and not under the quorum', async () => {
  const net = await attacked(SMALL, [strike('vote-first'), ...OFF]);
  expect(net.attack.succeeded).toBe(true);
  expect(net.attack.success['stolen']).toBeGreaterThan(0);
  const quorum = await attacked(SMALL, [strike('vote-first')]);
  expect(quorum.attack).toMatchObject({ succeeded: false, success: { stolen: 0, spentTwice: 0 } });
  expect(quorum.result.transactions.timedOut).toBe(0);
  for (const { result } of [net, quorum]) expect(result.detection.falseSlashes).toBe(0);
});

test('a colluding owner spends each of its tokens twice under the net rule, and none under the quorum', async () => {
  const net = await attacked(SMALL, [strike('double-spend'), ...OFF]);
  expect(net.attack).toMatchObject({ succeeded: true, success: { spentTwice: 8, stolen: 0 } });
  const quorum = await attacked(SMALL, [strike('double-spend')]);
  expect(quorum.attack).toMatchObject({ succeeded: false, success: { spentTwice: 0 } });
  expect(quorum.result.detection.falseSlashes).toBe(0);
});

test('a lie is believed by who asks one keeper; who asks four hears the truth as well, and the liars are slashed', async () => {
  const alone = await attacked(SMALL, OFF);
  expect(alone.attack.succeeded).toBe(true);
  // What no answer contradicts nobody looks into.
  expect(alone.attack.slashed).toBe(0);
  const asked = await attacked(SMALL);
  expect(asked.attack).toMatchObject({ succeeded: false, success: { unopposedLies: 0 } });
  expect(asked.attack.success['liesTold']).toBeGreaterThan(0);
  expect(asked.attack.slashed).toBe(asked.attack.offenders);
  expect(asked.result.detection.falseSlashes).toBe(0);
});

test('whoever tells all the same is flagged, and can never be convicted: no two of its words disagree', async () => {
  const { attack, result } = await attacked(SMALL, [...QUIET, to('everyone')]);
  expect(attack.success['liesTold']).toBeGreaterThan(50);
  expect(attack.detected).toBeGreaterThan(0);
  expect(attack.detectedBy.every((how) => how.startsWith('flag:'))).toBe(true);
  expect(attack.slashed).toBe(0);
  expect(result.detection.falseSlashes).toBe(0);
});

test('lies to strangers meet the truth that neighbours are told: they convict', async () => {
  const { attack, result } = await attacked(SMALL, [to('strangers')]);
  expect(attack.success['liesTold']).toBeGreaterThan(0);
  expect(attack.success['unopposedLies']).toBe(0);
  expect(attack.slashed).toBe(attack.offenders);
  expect(result.detection.falseSlashes).toBe(0);
});

test.each(['chain', 'paper'])(
  'truths among the lies save no liar under the rule %s: each of its answers names the false head',
  async (rule) => {
    const under = `protocol.conflictRule=${rule}`;
    const many = 'attacks.0.knobs.tokens=20';
    const plain = await attacked(SMALL, [under, many]);
    const diluted = await attacked(SMALL, [under, many, 'attacks.0.knobs.lieShare=0.3']);
    const lies = ({ attack }: typeof plain): number => Number(attack.success['liesTold']);
    expect(lies(diluted)).toBeGreaterThan(0);
    expect(lies(diluted)).toBeLessThan(lies(plain));
    for (const { attack, result } of [plain, diluted]) {
      expect(attack.slashed).toBe(attack.offenders);
      expect(result.detection.falseSlashes).toBe(0);
    }
    expect(diluted.attack.timeToSlashMs).toBe(plain.attack.timeToSlashMs);
    const none = await attacked(SMALL, [under, many, 'attacks.0.knobs.lieShare=0']);
    expect(none.attack.success).toMatchObject({ liesTold: 0 });
  },
);

test('an honest answer that a liar had come twice convicts nobody honest', async () => {
  const { attack, result } = await attacked(SMALL, ['attacks.0.knobs.forward=true']);
  const forwarded = result.messages.byType['forward']?.count ?? 0;
  expect(forwarded).toBeGreaterThan(0);
  expect(attack.success).toMatchObject({ honestBanned: 0, unopposedLies: 0 });
  expect(result.detection.falseSlashes).toBe(0);
});

test('who hides after half a second is silent to those it lied to', async () => {
  const short = [...QUIET, to('everyone')];
  const { attack } = await attacked(SMALL, [...short, 'attacks.0.knobs.strikeMs=500']);
  const lasting = await attacked(SMALL, short);
  expect(attack.success['liesTold']).toBeGreaterThan(0);
  // Two seconds of lies against half a one.
  expect(Number(attack.success['liesTold'])).toBeLessThan(
    Number(lasting.attack.success['liesTold']) / 2,
  );
});
