import { expect, test } from 'vitest';
import { VirtualNetwork, virtualEndpoint } from '../../test/support/network.ts';
import { hash } from '../crypto/hash.ts';
import { type Id, idToBytes, ZERO_ID } from '../id.ts';
import { Membership } from '../ledger/membership.ts';
import { DEFAULT_PARAMETERS, type ProtocolParameters } from '../parameters.ts';
import type { SwapRow } from '../telemetry.ts';
import { NeighbourTable } from './neighbours.ts';
import { Scores } from './scores.ts';
import { Swapping } from './swapping.ts';

const record = {
  network: ZERO_ID,
  identityKey: new Uint8Array(32),
  transportKey: new Uint8Array(32),
  createdAtMs: 0,
  renewedAtMs: 0,
  salt: new Uint8Array(8),
  bits: 0,
  signature: new Uint8Array(64),
};

function address(index: number): Id {
  return hash('network', idToBytes(index.toString(16).padStart(64, '0')));
}

interface Options {
  readonly parameters?: Partial<ProtocolParameters>;
  /** First two numbers of a member's IPv4 address. */
  readonly network?: (index: number) => string;
  readonly connected?: (id: Id) => boolean;
  readonly pending?: number;
  readonly answers?: (id: Id) => boolean;
}

/** One peer among forty; every candidate that is asked answers at once unless told otherwise. */
function bench({ network = () => '10.0', ...options }: Options = {}) {
  const virtual = new VirtualNetwork({ seed: 5 });
  const host = virtual.host(virtualEndpoint(0));
  const membership = new Membership();
  for (let index = 0; index < 40; index += 1) {
    const endpoint = { ip: `${network(index)}.0.${index}`, port: 4000 };
    membership.add({ address: address(index), record, endpoint });
  }
  const parameters = { ...DEFAULT_PARAMETERS, k: 5, ...options.parameters };
  const table = new NeighbourTable({ self: address(0), membership, parameters, host });
  const scores = new Scores(() => 0.5);
  const asked: Id[] = [];
  const swapping = new Swapping(
    {
      membership,
      parameters,
      host,
      send: (to) => {
        asked.push(to);
        if (options.answers?.(to) ?? true) virtual.after(50, () => swapping.answered(to));
      },
    },
    table,
    scores,
    {
      connected: options.connected ?? (() => true),
      connect: () => undefined,
      pending: () => options.pending ?? 0,
    },
  );
  const again = (): void => {
    swapping.tick();
    host.after(1000, again);
  };
  host.after(1000, again);
  const rows = (): SwapRow[] =>
    virtual.rows.flatMap(({ row }) => (row.table === 'swaps' ? [row] : []));
  return { virtual, table, scores, asked, rows, membership };
}

test('neighbours are exchanged again and again, the worst first, the near part never', () => {
  const { virtual, table, scores, rows } = bench();
  const near = table.all.filter((id) => !table.far.includes(id));
  const worst = table.far[2] ?? '';
  scores.note(worst, 'accuracy', false, virtual.now);
  const size = table.all.length;
  virtual.run(120_000);
  expect(rows()[0]).toMatchObject({ out: worst, why: 'scheduled', done: true });
  // Six paper hours scale to six seconds, half an hour to the floor of five: ± 50 %.
  expect(rows().length).toBeGreaterThan(120 / 8);
  expect(rows().length).toBeLessThan(120 / 2.5);
  for (const id of near) expect(table.all).toContain(id);
  for (const { out } of rows()) expect(near).not.toContain(out);
  expect(table.all.length).toBeLessThanOrEqual(size + 2);
});

test('the first intervals are longer than those after it, by the papers’ hours', () => {
  const { virtual, rows } = bench({ parameters: { timeScale: 60 } });
  virtual.run(150_000);
  expect(rows()).toEqual([]);
  virtual.run(3_600_000);
  // Half an hour is 30 s here: not before 15, not after 45.
  expect(rows().length).toBeGreaterThan(40);
  expect(rows().length).toBeLessThan(240);
});

test('swapping: off changes nothing and asks nobody', () => {
  const { virtual, rows, asked } = bench({ parameters: { swapping: 'off' } });
  virtual.run(120_000);
  expect(rows()).toEqual([]);
  expect(asked).toEqual([]);
});

test('a neighbour whose score collapses goes at once', () => {
  const { virtual, table, scores, rows } = bench({ parameters: { timeScale: 1 } });
  virtual.run(20_000);
  expect(rows()).toEqual([]);
  const [fallen = ''] = table.far;
  for (let n = 0; n < 10; n += 1) {
    for (const measure of ['accuracy', 'availability', 'synchronisation'] as const) {
      scores.note(fallen, measure, false, virtual.now);
    }
  }
  virtual.run(3000);
  expect(rows()).toMatchObject([{ out: fallen, why: 'emergency', done: true }]);
  expect(table.all).not.toContain(fallen);
});

test('nothing is swapped while few are connected, or much is pending', () => {
  const { table } = bench();
  const lost = new Set(table.all.slice(0, 5));
  for (const strained of [{ connected: (id: Id) => !lost.has(id) }, { pending: 10_000 }]) {
    const { virtual, rows } = bench(strained);
    virtual.run(60_000);
    expect(rows()).toEqual([]);
  }
});

test('who never answers is not taken in, and who can’t be connected is given up', () => {
  const silent = bench({ answers: () => false });
  silent.virtual.run(60_000);
  expect(silent.rows()).toEqual([]);
  const first = bench().table.all;
  const { virtual, rows, table } = bench({ connected: (id) => first.includes(id) });
  virtual.run(60_000);
  expect(rows().length).toBeGreaterThan(0);
  expect(rows().every(({ done }) => !done)).toBe(true);
  expect(new Set(table.all).isSupersetOf(new Set(first))).toBe(true);
});

test('the old one stays until the new one is connected', () => {
  const up = new Set<Id>(bench().table.all);
  const { virtual, table, rows } = bench({ connected: (id) => up.has(id) });
  const grew = virtual.runUntil(() => table.all.length > up.size, 30_000);
  expect(grew).toBe(true);
  virtual.run(4000);
  expect(up.isSubsetOf(new Set(table.all))).toBe(true);
  for (const id of table.all) up.add(id);
  virtual.run(2000);
  expect(rows()).toHaveLength(1);
  expect(table.all).not.toContain(rows()[0]?.out);
});

test('other networks are preferred, and none gets more than its share by swapping', () => {
  const { virtual, table, membership, rows } = bench({
    network: (index) => (index < 25 ? '10.0' : `10.${index}`),
  });
  const inMain = (): number =>
    table.all.filter((id) => membership.get(id)?.endpoint.ip.startsWith('10.0.') === true).length;
  const before = inMain();
  virtual.run(300_000);
  expect(rows().length).toBeGreaterThan(20);
  expect(inMain()).toBeLessThan(before);
  const isMain = (id: Id): boolean => membership.get(id)?.endpoint.ip.startsWith('10.0.') === true;
  let count = before;
  for (const { out, into } of rows()) {
    const after = count - Number(isMain(out)) + Number(isMain(into));
    // A quarter of ten, or what it had already.
    expect(after).toBeLessThanOrEqual(Math.max(2, count));
    count = after;
  }
});
