import { expect, test } from 'vitest';
import { score } from '../../lab/analysis/score.ts';
import type { Testnet } from '../../lab/manifest/testnet.ts';
import { at, id, layerRow, sampleTestnet, sentence, statement } from './sample-run.ts';
import { FACTS, sampleScoring } from './scoring.ts';

const run = sampleScoring();

test('detection counts identities: one found, one missed, one honest banned', async () => {
  const result = await run.scored();
  expect(result.detection).toMatchObject({
    unit: 'identity',
    offenders: 2,
    truePositives: 1,
    falseNegatives: 1,
    falsePositives: 1,
    falseSlashes: 1,
    rate: 0.5,
  });
  expect(result.detection.rateInterval?.[0]).toBeCloseTo(0.0945, 3);
  // c1 got 5 answers and c2 one in 10 s; 2 clients that ask 2 peers each.
  expect(result.detection.observerQueriesPerSecond).toBeCloseTo(6 / (10 * 2 * 2), 9);
});

test('an honest identity slashed by vote is a false slash, even if no row tells of the ban', async () => {
  const result = await run.scored((rows) => {
    rows['lab.slashing']?.push(sentence('h1', 'h3', 8300, 'executed'));
  });
  expect(result.detection.falseSlashes).toBe(2);
});

test('answers belong to the window in which they came, not to that of their row', async () => {
  const late = statement('c1', 'h1', 9900, { token: 'tz', owner: '', tx: '' });
  const result = await run.scored((rows) => rows['lab.statements']?.push(late));
  // Its row is written at 11,200, after the load.
  expect(late['ts']).toBe(at(11_200));
  expect(result.detection.observerQueriesPerSecond).toBeCloseTo(7 / (10 * 2 * 2), 9);
});

test('without the honest peer’s mistake there is no false slash', async () => {
  const result = await run.scored((rows) => {
    rows['lab.slashing'] = (rows['lab.slashing'] ?? []).filter((r) => r['accused'] !== id('h4'));
  });
  expect(result.detection).toMatchObject({ falseSlashes: 0, falsePositives: 0 });
  expect(result.expectations[1]).toMatchObject({ value: 0, ok: true });
});

test('an attack is judged from what honest members heard and did', async () => {
  const [attack] = (await run.scored()).attacks;
  expect(attack).toEqual({
    id: 'a1',
    name: 'colluding-liars',
    succeeded: true,
    success: {
      liesTold: 3,
      victims: 2,
      tokens: 1,
      unopposedLies: 1,
      stolen: 0,
      spentTwice: 0,
      honestBanned: 1,
    },
    strikeMs: 6000,
    firstDetectedMs: 6900,
    // l1 lied at 6100 to c1, whose row came with the closing of its question at 7400.
    timeToDetectMs: 800,
    timeToBanMs: 950,
    timeToSlashMs: 1400,
    detectedBy: ['evidence:not-an-ancestor'],
    cases: [
      {
        member: 'l1',
        lies: 2,
        firstLieMs: 6100,
        detectedMs: 6900,
        bannedMs: 7050,
        slashedMs: 7500,
      },
      {
        member: 'l2',
        lies: 1,
        firstLieMs: 6300,
        detectedMs: null,
        bannedMs: null,
        slashedMs: null,
      },
    ],
    adversaries: 3,
    offenders: 2,
    detected: 1,
    slashed: 1,
    cost: { attempts: 36, coreSeconds: 18, usd: (18 / 3600) * 0.0425 },
  });
});

test('a cost of which one part is unknown is not measured', async () => {
  const result = await run.scored((rows) => {
    rows['lab.peers'] = (rows['lab.peers'] ?? []).filter((row) => row['peer'] !== 'l2');
  });
  expect(result.attacks[0]?.cost).toEqual({ attempts: null, coreSeconds: null, usd: null });
});

test('who is convicted by evidence is an offender, even of a lie that no row tells of', async () => {
  const result = await run.scored((rows) => {
    rows['lab.statements'] = [];
  });
  expect(result.detection).toMatchObject({ offenders: 1, truePositives: 1, rate: 1 });
  expect(result.attacks[0]?.cases[0]).toMatchObject({ member: 'l1', lies: 0, firstLieMs: null });
});

test('an adversary that repeats what honest identities say of an identity token tells no lie', async () => {
  const result = await run.scored((rows) => {
    const genesis = { token: 'h2', owner: 'h2-key', tx: 'genesis' };
    rows['lab.statements']?.push(statement('c1', 'h1', 5040, genesis));
  });
  // l3 said the same before: only l1 and l2 lied.
  expect(result.detection.offenders).toBe(2);
});

test('lies about identity tokens count where an honest identity told the truth about them', async () => {
  const result = await run.scored((rows) => {
    const genesis = { token: 'h2', owner: 'h2-key', tx: 'genesis' };
    // l3 agrees with h1 on h2's token; only then can it contradict h1 on its own.
    rows['lab.statements']?.push(
      statement('c1', 'h1', 5040, genesis),
      statement('c2', 'l3', 6500, { ...genesis, owner: 'thief' }),
    );
  });
  expect(result.detection.offenders).toBe(3);
});

test('a lie that every victim saw contradicted is no success', async () => {
  const result = await run.scored((rows) => {
    rows['lab.statements'] = (rows['lab.statements'] ?? []).map((row) =>
      row['tx'] === id('forged') ? { ...row, disagreed: true } : row,
    );
  });
  expect(result.attacks[0]?.succeeded).toBe(false);
});

test('a third liar counts from the moment it lies to somebody honest', async () => {
  const lie = statement('c2', 'l3', 7000, { token: 'ta', owner: 'thief', tx: 'forged' });
  const result = await run.scored((rows) => {
    rows['lab.statements']?.push(lie);
    rows['lab.slashing']?.push(sentence('h3', 'l3', 7300, 'banned'));
  });
  expect(result.detection).toMatchObject({ offenders: 3, truePositives: 1 });
  // Bans after 950 and 300 ms.
  expect(result.attacks[0]?.timeToBanMs).toBe(625);
});

test('of an honest control, expectations about adversaries are not judged', async () => {
  const testnet: Testnet = {
    ...sampleTestnet(),
    honestControl: true,
    expect: ['detection.rate >= 0.75', 'attacks[0].slashed == 1', 'detection.falseSlashes == 0'],
  };
  const result = await score(run.store, { ...FACTS, testnet, attacks: [] });
  expect(result.honestControl).toBe(true);
  expect(result.expectations.map(({ ok }) => ok)).toEqual([null, null, true]);
});

test('each layer is told with whom it flagged, rightly and wrongly, and what it cost honest peers', async () => {
  const result = await run.scored((rows) => {
    rows['lab.flags']?.push(
      layerRow('h1', 'trust', 'l1'),
      layerRow('h2', 'trust', 'l1'),
      layerRow('h2', 'trust', 'h4'),
      layerRow('h1', 'cross-check', 'l2'),
      // What liars say of others counts for nothing.
      layerRow('l1', 'trust', 'h1'),
    );
    rows['lab.detectors']?.push(
      layerRow('h1', 'trust', null),
      layerRow('h2', 'trust', null),
      layerRow('l1', 'trust', null),
      layerRow('h3', 'reputation', null),
    );
  });
  const unmeasured = { checks: null, messages: null, bytes: null, signatures: null };
  expect(result.detection.byLayer).toEqual([
    { layer: 'cross-check', flagged: 1, truePositives: 1, falsePositives: 0, ...unmeasured },
    {
      layer: 'reputation',
      flagged: 0,
      truePositives: 0,
      falsePositives: 0,
      checks: 10,
      messages: 4,
      bytes: 2000,
      signatures: 2,
    },
    {
      layer: 'trust',
      flagged: 2,
      truePositives: 1,
      falsePositives: 1,
      checks: 20,
      messages: 8,
      bytes: 4000,
      signatures: 4,
    },
  ]);
  const [attack] = result.attacks;
  expect(attack?.detectedBy).toContain('flag:trust');
  expect(attack?.detectedBy).toContain('flag:cross-check');
});

test('where no layer reported anything nothing is known of layers', async () => {
  expect((await run.scored()).detection.byLayer).toBeNull();
});
