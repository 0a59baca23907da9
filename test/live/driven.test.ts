/**
 * A simulated run that goes on beside wall time, in its own process, watched and driven over its
 * control socket: what an operator sees of it, and that the run can be played again.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { prepareRun, type PreparedRun } from '../../lab/commands/launch.ts';
import { removeRun } from '../../lab/commands/remove-run.ts';
import { parseEvidenceFile, judgeFile } from '../../lab/commands/evidence-file.ts';
import type { LiveModel, LiveRun } from '../../lab/live/model.ts';
import { openLive } from '../../lab/live/open.ts';
import { startLive } from '../../lab/live/start.ts';
import { loadTestnet } from '../../lab/manifest/load.ts';
import { simulate } from '../../lab/simulator/run.ts';
import { RUN_FILES, type RunPlan } from '../../lab/supervisor/api.ts';
import { readPlan, type RunClient, startRun } from '../../lab/supervisor/client.ts';
import { lockOwner } from '../../lab/supervisor/lock.ts';

const NETWORK = `
name: driven
seed: 1
durationMs: 7000
protocol: {k: 5}
regions: [{name: east}, {name: west}]
links: [{default: {delayMs: 1}}, {from: east, to: west, delayMs: 10, jitterMs: 1}]
peers:
  - {group: honest, count: 7}
  - {group: liars, count: 2, adversary: colluding-liars}
clients: {count: 3, queryRatePerSecond: 3}
load: {transactionsPerSecond: 5}
`;
const TIMEOUT_MS = 150_000;
/** Seconds on a quiet machine. */
const WAIT_MS = 60_000;

const home = mkdtempSync(path.join(tmpdir(), 'lab-driven-'));
const file = path.join(home, 'driven.yaml');

beforeAll(() => {
  process.env['LAB_HOME'] = home;
  writeFileSync(file, NETWORK);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function prepare(mode: RunPlan['mode'], pace: number): Promise<PreparedRun> {
  const remark = (): void => undefined;
  return prepareRun({ file, mode, driver: 'sim', cryptography: 'ideal', pace, remark });
}

/** The model once it is as wished; fails after a while. */
async function until(live: LiveRun, wish: (model: LiveModel) => boolean): Promise<LiveModel> {
  const wished = Promise.withResolvers<LiveModel>();
  let last = '';
  const leave = live.subscribe((model) => {
    if (wish(model)) wished.resolve(model);
    const { status, figures, ring, notice, feed } = model;
    const kinds = [...new Set(feed.map(({ kind }) => kind))];
    const bannedBy = ring.map((peer) => peer.bannedBy);
    last = JSON.stringify({ elapsedMs: status.elapsedMs, figures, kinds, bannedBy, notice });
  });
  try {
    const late = delay(WAIT_MS).then((): never => {
      throw new Error(`it did not come to be as wished: ${last}`);
    });
    return await Promise.race([wished.promise, late]);
  } finally {
    leave();
  }
}

async function hashOf(manifest: string, name: string): Promise<string | null> {
  const testnet = loadTestnet(manifest);
  const directory = mkdtempSync(path.join(home, 'again-'));
  const plan: RunPlan = {
    run: name,
    manifest,
    driver: 'sim',
    driverReason: '',
    seed: testnet.seed,
    honest: false,
    mode: 'run',
    version: '',
    cryptography: 'ideal',
  };
  return (await simulate(testnet, { plan, directory, scoresOnly: true })).traceHash;
}

async function driveBriefly(client: RunClient): Promise<void> {
  const post = (route: string, body: object): Promise<{ id: string }> =>
    client.json('POST', route, body);
  const attack = await post('/attack', { name: 'colluding-liars', knobs: { victims: 1 } });
  const cut = await post('/fault', { kind: 'partition', between: ['east', 'west'], forMs: 60_000 });
  await post('/stop', {});
  const before = await client.status();
  await post('/fault', { kind: 'kill', members: ['honest-02'], forMs: 1500 });
  await delay(300);
  const halted = await client.status();
  expect(halted.phase).toBe('stopped');
  // The order takes its moment; time stands still otherwise.
  expect(halted.nowMs - before.nowMs).toBeLessThan(5);
  await post('/start', {});
  await post(`/attack/${attack.id}`, { action: 'pause' });
  await client.json('DELETE', `/fault/${cut.id}`);
  await post(`/attack/${attack.id}`, { action: 'set', knobs: { victims: 2 } });
  await post(`/attack/${attack.id}`, { action: 'resume' });
  await expect(post('/attack', { name: 'nobody' })).rejects.toThrow('runs the adversary nobody');
  await expect(post('/fault', { kind: 'kill', members: ['x'] })).rejects.toThrow('no member x');
}

test(
  'what was ordered by hand is written down, and plays the same events again',
  async () => {
    const prepared = await prepare('run', 4);
    const client = await startRun(prepared.run);
    await driveBriefly(client);
    const code = await (async () => {
      for await (const event of client.events(0)) if (event.type === 'ended') return event.exitCode;
      return null;
    })();
    expect(code).toBe(0);
    const inFolder = (name: string): string => path.join(prepared.directory, name);
    const result = z
      .object({ traceHash: z.string() })
      .parse(JSON.parse(readFileSync(inFolder(RUN_FILES.result), 'utf8')));
    expect(loadTestnet(inFolder(RUN_FILES.replay)).orders).toHaveLength(7);
    expect(await hashOf(inFolder(RUN_FILES.replay), 'again')).toBe(result.traceHash);
    expect(await hashOf(file, 'without')).not.toBe(result.traceHash);
  },
  TIMEOUT_MS,
);

test(
  'a watcher sees a run attacked, looks closer, and goes on watching when its process was killed',
  async () => {
    const remark = (): void => undefined;
    const live = await startLive(file, { driver: 'sim', cryptography: 'ideal', pace: 3, remark });
    const directory = path.join(home, 'runs', live.run);
    try {
      // Liars want something to lie about.
      await until(live, ({ figures }) => (figures?.committed ?? 0) > 15);
      await live.attack('colluding-liars', {});
      const seen = await until(live, ({ figures, feed, ring, series, links }) => {
        const isBanned = ring.some(({ bannedBy, adversary }) => bannedBy > 2 && adversary !== null);
        const kinds = new Set(feed.map(({ kind }) => kind));
        const all = (['commit', 'evidence', 'ban', 'attack'] as const).every((kind) =>
          kinds.has(kind),
        );
        const isFull = series.points.length > 1 && links.length > 0;
        return isBanned && all && (figures?.banned ?? 0) > 0 && isFull;
      });
      expect(seen.ring).toHaveLength(9);
      expect(seen.links.map(({ ok }) => ok)).toEqual([true, true, true, true]);
      await lookCloser(live, seen);

      const owner = lockOwner(directory);
      process.kill(owner?.pid ?? 0, 'SIGKILL');
      await until(live, ({ notice }) => notice !== null);
      const back = await until(live, ({ notice, status }) => {
        return notice === null && status.supervisorPid !== owner?.pid && status.elapsedMs !== null;
      });
      // What was ordered is in force again, and nothing is told twice.
      expect(back.status.attacks.map(({ id }) => id)).toEqual(['colluding-liars-1']);
      const keys = back.feed.map(({ key }) => key);
      expect(new Set(keys).size).toBe(keys.length);
      const evidence = (model: LiveModel): string[] =>
        model.feed.flatMap(({ kind, key }) => (kind === 'evidence' ? [key] : []));
      expect(evidence(back)).toEqual(expect.arrayContaining(evidence(seen)));

      const second = await openLive(live.run);
      second.subscribe(() => undefined);
      second.close();
      expect(await live.down()).toHaveLength(1);
      const end = await until(live, ({ status }) => status.phase === 'ended');
      expect(end.notice).toMatch(
        /^the run has ended, exit code 0; it was not scored: npx lab query --run driven-/,
      );
      expect(lockOwner(directory)).toBe(null);
    } finally {
      live.close();
      const plan = readPlan(directory);
      if (plan !== null) await removeRun({ run: live.run, directory, plan });
    }
  },
  TIMEOUT_MS,
);

async function lookCloser(live: LiveRun, { feed, ring }: LiveModel): Promise<void> {
  const subjectOf = (wanted: string): string =>
    feed.find(({ kind }) => kind === wanted)?.subject ?? '';
  const transaction = await live.transaction(subjectOf('commit'));
  expect(transaction.fate).toBe('committed');
  expect(transaction.submittedBy).toMatch(/^client-/);
  expect(transaction.keepers.some(({ outcome }) => outcome === 'committed')).toBe(true);
  const evidence = await live.evidence(subjectOf('evidence'));
  expect(evidence.accusedName).toMatch(/^liars-/);
  expect(evidence.steps[0]?.event).toBe('assembled');
  const parsed = parseEvidenceFile(evidence.document ?? '');
  if (!parsed.ok) throw new Error(parsed.reason);
  expect(judgeFile(parsed.value)).toMatchObject({ accused: evidence.accused });
  const banned = ring.find(({ bannedBy }) => bannedBy > 0);
  const peer = await live.peer(banned?.name ?? '');
  expect(peer.bans.length).toBeGreaterThan(0);
  expect(peer.phases.map(({ phase }) => phase)).toContain('started');
  await expect(live.transaction('00')).rejects.toThrow('nobody reported transaction 00');
}
