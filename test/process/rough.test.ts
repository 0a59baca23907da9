/**
 * testnets/rough.yaml with real processes and with containers: whatever befalls an honest network,
 * nobody is banned, nothing is committed twice, every transaction ends, and who came late, was killed
 * or was set back to an old disk holds what the others hold.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type Id, ringDistance } from '../../node/id.ts';
import { containersMissing } from '../containers/members.ts';
import { type Held, heldBy } from '../support/held.ts';
import { needs } from '../support/machine.ts';
import { CommandLine } from './command-line.ts';

const K = 6;
const ROUGH = readFileSync(path.resolve(import.meta.dirname, '../../testnets/rough.yaml'), 'utf8');
const DURATION_MS = 45_000;
/** A commit reaches a keeper that missed it with the next rounds of upkeep. */
const RECENT_MS = 8000;

const WAIT = { timeout: 150_000, interval: 3000 };

const lab = new CommandLine();
afterAll(() => lab.close(), 120_000);

const health = z.object({ phase: z.string(), epoch: z.number(), banned: z.number() });
const status = z.object({
  run: z.string(),
  members: z.array(
    z.object({ name: z.string(), kind: z.string(), health: health.partial().nullable() }),
  ),
});
const figures = z.object({
  transactions: z.object({
    submitted: z.number(),
    committed: z.number(),
    timedOut: z.number(),
    conflicting: z.number(),
    safetyViolations: z.number(),
  }),
  peers: z.object({ newcomers: z.number() }),
  detection: z.object({
    falseSlashes: z.number(),
    falsePositives: z.number(),
    byLayer: z.array(z.object({ layer: z.string(), falsePositives: z.number() })).nullable(),
  }),
});

describe.each([
  ['process', null],
  ['docker', await containersMissing()],
] as const)('an honest network in a rough world, driver %s', (driver, missing) => {
  test('bans nobody, commits nothing twice, and everyone ends up holding the same', async (context) => {
    needs(context, missing);
    const file = lab.file('rough.yaml', `${ROUGH}allow: {shapingOff: true, lowFidelity: true}\n`);
    // Also when an expectation fails: the next case looks for what was left.
    context.onTestFinished(async () => void (await lab.run('down', '--all')), 120_000);
    const { run } = await lab.json(status, 'up', file, '--driver', driver);
    await new Promise((resolve) => setTimeout(resolve, DURATION_MS));
    // On a busy machine newcomers take longer to catch up.
    const peers = await vi.waitFor(async () => {
      const { members } = await lab.json(status, 'ps', run);
      const all = members.filter(({ kind }) => kind === 'peer');
      expect(all.map(({ name, health: at }) => [name, at?.phase, at?.banned])).toEqual(
        all.map(({ name }) => [name, 'trusted', 0]),
      );
      // One at the start, and one after each of its two old disks; a busy host may set the disk back a
      // second time before the peer has opened one (each by itself: test/peer/epochs.test.ts).
      expect([2, 3]).toContain(all.find(({ name }) => name === 'honest-03')?.health?.epoch);
      return all;
    }, WAIT);

    const beforeMs = Date.now() - RECENT_MS;
    expect(await lab.run('stop', run)).toMatchObject({ code: 0 });
    const held = peers.map(({ name }) => {
      return { name, ...heldBy(path.join(lab.directory(run), 'members', name, 'state')) };
    });
    expect((await lab.run('report', run)).code).toBe(0);
    const result = readFileSync(path.join(lab.directory(run), 'result.json'), 'utf8');
    const { transactions, detection, peers: who } = figures.parse(JSON.parse(result));
    expect(who.newcomers).toBe(2);
    const suspicious = detection.byLayer?.filter((layer) => layer.falsePositives > 0);
    expect({ ...detection, byLayer: suspicious }).toEqual({
      falseSlashes: 0,
      falsePositives: 0,
      byLayer: [],
    });
    expect(transactions.safetyViolations).toBe(0);
    const { submitted, committed, timedOut, conflicting } = transactions;
    expect(committed).toBeGreaterThan(100);
    expect(committed + timedOut + conflicting).toBe(submitted);
    expectAgreement(held, beforeMs);
    expect((await lab.run('down', run)).code).toBe(0);
    expect(lab.leftovers()).toEqual([]);
  }, 420_000);
});

type NamedHeld = Held & { readonly name: string };

/** All of the k nearest of a token that settled before `beforeMs` hold the same mapping. */
function expectAgreement(held: readonly NamedHeld[], beforeMs: number): void {
  const tokens = new Set(held.flatMap(({ mappings }) => [...mappings.keys()]));
  const addresses = new Set(held.map(({ address }) => address));
  let settled = 0;
  const apart: object[] = [];
  for (const token of tokens) {
    // Renewals of identity tokens go on to the end.
    if (addresses.has(token)) continue;
    const told = nearest(held, token).map((keeper) => {
      const tx = keeper.mappings.get(token)?.tx ?? 'nothing';
      return { name: keeper.name, tx, atMs: keeper.timestamps.get(tx) ?? 0 };
    });
    if (told.some(({ atMs }) => atMs > beforeMs)) continue;
    settled += 1;
    if (new Set(told.map(({ tx }) => tx)).size > 1) apart.push({ token, told });
  }
  expect(apart).toEqual([]);
  expect(settled).toBeGreaterThan(30);
}

function nearest(held: readonly NamedHeld[], token: Id): readonly NamedHeld[] {
  return held
    .toSorted((a, b) => (ringDistance(token, a.address) < ringDistance(token, b.address) ? -1 : 1))
    .slice(0, K);
}
