import { expect, test, vi } from 'vitest';
import { readJournal } from '../../lab/supervisor/journal.ts';
import { Supervisor } from '../../lab/supervisor/supervisor.ts';
import { FakeNetwork, newRun, testnet } from './fake-network.ts';
import type { Testnet } from '../../lab/manifest/testnet.ts';

/** Probes of the fake see one round trip everywhere, so the links ask for the same everywhere. */
function evenLinks(): Partial<Testnet> {
  return { links: testnet().links.map((profile) => ({ ...profile, delayMs: 1 })) };
}

function supervise(network: FakeNetwork, of: Testnet, run: ReturnType<typeof newRun>): Supervisor {
  return new Supervisor({ ...run, parts: network.parts(of), log: () => undefined });
}

async function running(supervisor: Supervisor): Promise<void> {
  await vi.waitFor(() => expect(supervisor.journal.state.loadStartedAtMs).not.toBeNull(), 5000);
  await vi.waitFor(() => expect(supervisor.journal.state.phase).toBe('running'), 5000);
}

test('a run goes through its phases in order and ends with 0, everything created handed to removal', async () => {
  const network = new FakeNetwork();
  const run = newRun('run');
  const supervisor = supervise(network, testnet(evenLinks()), run);
  await supervisor.carryOut();
  const phases = supervisor.events.all().flatMap((e) => (e.type === 'phase' ? [e.phase] : []));
  expect(phases).toEqual(
    'preparing launching meshing measuring running draining scoring removing ended'.split(' '),
  );
  expect(supervisor.events.all().at(-1)).toMatchObject({ type: 'ended', exitCode: 0 });
  expect(network.removed?.map((o) => 'name' in o && o.name).sort()).toEqual([
    'client-1',
    'honest-1',
    'honest-2',
    'liars-1',
  ]);
  // Links before genesis: nobody ever meshes over unshaped links.
  const orders = network.orders('client-1');
  expect(orders.indexOf('links')).toBeLessThan(orders.indexOf('genesis'));
  expect(orders.filter((order) => order === 'load')).toHaveLength(2);
  const roles = network.rows.filter((entry) => entry.table === 'truth.roles');
  expect(roles.find((r) => r.row['member'] === 'liars-1')?.row).toMatchObject({
    adversary: 'liars',
    address: 'address liars-1',
  });
  expect(readJournal(run.runDirectory).exitCode).toBe(0);
}, 15_000);

test('links that are not as asked void the run', async () => {
  const network = new FakeNetwork();
  network.measuredRttMs = 30;
  const supervisor = supervise(network, testnet(evenLinks()), newRun('run'));
  await supervisor.carryOut();
  expect(supervisor.events.all().at(-1)).toMatchObject({ type: 'ended', exitCode: 5 });
}, 15_000);

test('a member that ends before it reaches the lab is named with the end of its log, and all is removed', async () => {
  const network = new FakeNetwork();
  network.silent.add('honest-2');
  const supervisor = supervise(network, testnet(evenLinks()), newRun('up'));
  const done = supervisor.carryOut();
  await vi.waitFor(() => expect(network.states.get('honest-2')).toBe('running'), 5000);
  network.states.set('honest-2', 'exited');
  await done;
  const ended = supervisor.events.all().at(-1);
  expect(ended).toMatchObject({ type: 'ended', exitCode: 4 });
  expect(ended?.type === 'ended' ? ended.error : '').toMatch(
    /^honest-2: .*last words of honest-2$/s,
  );
  expect(network.removed).toHaveLength(4);
}, 15_000);

test('a second supervisor finds the living network, relaunches nobody and repeats no planned step', async () => {
  const network = new FakeNetwork();
  const run = newRun('up');
  const of = testnet({ ...evenLinks(), attacks: [{ name: 'liars', atMs: 0, knobs: {} }] });
  const first = supervise(network, of, run);
  const firstDone = first.carryOut();
  await running(first);
  await vi.waitFor(() => expect(first.journal.state.attacks.size).toBe(1), 5000);
  const port = first.journal.state.port;
  await first.detach();
  await firstDone;
  expect(network.removed).toBeNull();
  const launched = network.calls.length;

  const second = supervise(network, of, run);
  const secondDone = second.carryOut();
  await vi.waitFor(() => {
    expect(second.living.context.control.connected('client-1')).toBe(true);
    expect(
      second.events.all().some((e) => e.type === 'note' && e.text.includes('re-attached')),
    ).toBe(true);
  }, 5000);
  expect(second.journal.state.port).toBe(port);
  expect(network.calls).toHaveLength(launched);
  const { network: living } = second.living;
  await living.attacks.steer('liars-1', 'stop');
  expect(second.journal.state.attacks.size).toBe(1);
  const removed = await second.down();
  await secondDone;
  expect(removed).toHaveLength(4);
}, 20_000);

test('a partition cuts both directions at all members of both regions, and clearing it mends them', async () => {
  const network = new FakeNetwork();
  const supervisor = supervise(network, testnet(evenLinks()), newRun('up'));
  const done = supervisor.carryOut();
  await running(supervisor);
  const { faults } = supervisor.living.network;
  const cutAt = (name: string): string[] => {
    const last = network.members.get(name)?.heard.findLast((m) => m.method === 'links');
    return last?.method === 'links' ? last.classes.filter((c) => c.cut).map((c) => c.region) : [];
  };
  const id = await faults.start(
    { kind: 'partition', between: ['a', 'b'], direction: 'forward' },
    null,
    null,
  );
  expect([cutAt('honest-1'), cutAt('honest-2')]).toEqual([['b'], []]);
  const both = await faults.start(
    { kind: 'partition', between: ['a', 'b'], direction: 'both' },
    null,
    null,
  );
  expect([cutAt('honest-1'), cutAt('client-1')]).toEqual([['b'], ['a']]);
  await faults.clear(both);
  await faults.clear(id);
  expect([cutAt('honest-1'), cutAt('honest-2')]).toEqual([[], []]);
  await supervisor.down();
  await done;
}, 20_000);

test('faults cleared side by side are measured together, and nobody waits for that', async () => {
  const network = new FakeNetwork();
  const supervisor = supervise(network, testnet(evenLinks()), newRun('up'));
  const done = supervisor.carryOut();
  await running(supervisor);
  const { faults, links } = supervisor.living.network;
  const probes = (): number =>
    [...network.members.keys()].flatMap((name) =>
      network.orders(name).filter((order) => order === 'probe'),
    ).length;
  const once = probes();
  const cut = { kind: 'partition', between: ['a', 'b'], direction: 'both' } as const;
  const ids = [];
  for (let n = 0; n < 5; n += 1) ids.push(await faults.start(cut, null, null));
  expect(probes()).toBe(once);
  const held = Promise.withResolvers<void>();
  network.probing = held.promise;
  await Promise.all(ids.map((id) => faults.clear(id)));
  held.resolve();
  await links.measure();
  expect(once).toBeGreaterThan(0);
  // The first alone, then all others and ours.
  expect(probes()).toBe(3 * once);
  await supervisor.down();
  await done;
}, 20_000);

test('a killed member that comes back gets its links, genesis and load again', async () => {
  const network = new FakeNetwork();
  const supervisor = supervise(network, testnet(evenLinks()), newRun('up'));
  const done = supervisor.carryOut();
  await running(supervisor);
  const { faults } = supervisor.living.network;
  await faults.start({ kind: 'kill', members: ['client-1'] }, 100, null);
  expect(network.states.get('client-1')).toBe('exited');
  await vi.waitFor(() => expect(network.calls).toContain('start client-1'), 5000);
  await vi.waitFor(() => {
    expect(network.orders('client-1')).toEqual(
      expect.arrayContaining(['links', 'genesis', 'load', 'probe']),
    );
  }, 5000);
  await supervisor.down();
  await done;
}, 20_000);

test('a newcomer is named in no genesis, told of the network at its time, and waited for by nobody', async () => {
  const network = new FakeNetwork();
  const run = newRun('up');
  const base = testnet(evenLinks());
  const late = { name: 'late-1', group: 'late', kind: 'peer', region: 'a', active: false } as const;
  const of = { ...base, members: [...base.members, { ...late, joinAtMs: 1500 }] };
  const first = supervise(network, of, run);
  const firstDone = first.carryOut();
  await running(first);
  const genesisOf = (name: string) =>
    network.members.get(name)?.heard.flatMap((m) => (m.method === 'genesis' ? [m.members] : []));
  expect(genesisOf('late-1')).toEqual([]);
  expect(genesisOf('honest-1')?.[0]?.map(({ record }) => record)).toEqual([
    'record honest-1',
    'record honest-2',
    'record liars-1',
  ]);
  await first.detach();
  await firstDone;

  // Its time comes while nobody supervises.
  const second = supervise(network, of, run);
  const secondDone = second.carryOut();
  await vi.waitFor(() => expect(second.journal.state.joined.has('late-1')).toBe(true), 5000);
  await vi.waitFor(() => expect(genesisOf('late-1')).toEqual(genesisOf('honest-1')), 5000);
  const roles = network.rows.filter(({ table }) => table === 'truth.roles').map(({ row }) => row);
  expect(roles.map((row) => row['join_at_ms'])).toEqual([null, null, null, null, 1500]);
  const notes = second.events.all().flatMap((e) => (e.type === 'note' ? [e.text] : []));
  expect(notes).toContain('newcomers join: late-1');

  // A process that comes back without what it was told hears it again.
  const { faults } = second.living.network;
  await faults.start({ kind: 'kill', members: ['late-1'] }, 100, null);
  await vi.waitFor(() => expect(network.calls).toContain('start late-1'), 5000);
  await vi.waitFor(() => expect(genesisOf('late-1')).toHaveLength(1), 5000);
  await second.down();
  await secondDone;
}, 20_000);
