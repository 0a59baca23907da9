import { expect, test } from 'vitest';
import { VirtualNetwork, virtualEndpoint } from '../../test/support/network.ts';
import { hash } from '../crypto/hash.ts';
import { type Id, idToBytes, ringDistance, ZERO_ID } from '../id.ts';
import { Membership } from '../ledger/membership.ts';
import { DEFAULT_PARAMETERS, type ProtocolParameters } from '../parameters.ts';
import { gradient, NeighbourTable } from './neighbours.ts';

const K = 4;
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

function crowd(size: number, topology: ProtocolParameters['topology'], seed = 1) {
  const membership = new Membership();
  const add = (index: number): void =>
    membership.add({ address: address(index), record, endpoint: virtualEndpoint(index) });
  for (let index = 0; index < size; index += 1) add(index);
  const host = new VirtualNetwork({ seed }).host(virtualEndpoint(0));
  const parameters = { ...DEFAULT_PARAMETERS, k: K, topology };
  const self = address(0);
  return {
    self,
    membership,
    add,
    table: new NeighbourTable({ self, membership, parameters, host }),
  };
}

for (const topology of ['near', 'gradient'] as const) {
  test(`${topology}: the k nearest are always in, nearest first, and the table is bounded`, () => {
    const { self, membership, table } = crowd(300, topology);
    const nearest = membership.near(self, K + 1).filter((id) => id !== self);
    expect(table.all.slice(0, K)).toEqual(nearest);
    expect(table.all).not.toContain(self);
    expect(new Set(table.all).size).toBe(table.all.length);
    expect(table.all.length).toBeLessThanOrEqual(4 * K);
    expect(table.all.length).toBeGreaterThan(K);
    const distances = table.all.map((id) => ringDistance(self, id));
    expect(distances).toEqual(distances.toSorted((a, b) => (a < b ? -1 : 1)));
  });

  test(`${topology}: who leaves is replaced, the others stay; who comes near enters`, () => {
    const { self, membership, add, table } = crowd(60, topology);
    const before = table.all;
    const [near = ''] = before;
    membership.remove(near, 0);
    expect(table.all).not.toContain(near);
    const stayed = before.filter((id) => table.all.includes(id)).length;
    expect(stayed).toBeGreaterThanOrEqual(before.length - 2);
    for (let index = 60; index < 400; index += 1) add(index);
    const nearest = membership.near(self, K + 1).filter((id) => id !== self);
    expect(table.all.slice(0, K)).toEqual(nearest);
  });

  test(`${topology}: the far part takes candidates and drops members, the near part never`, () => {
    const { table } = crowd(60, topology);
    const [out = ''] = table.far;
    const [into = ''] = table.candidates();
    expect(table.all).not.toContain(into);
    table.admit(into);
    expect(table.far).toContain(into);
    table.drop(out);
    expect(table.all).not.toContain(out);
    expect(table.candidates()).not.toContain(out);
    const [near = ''] = table.all;
    table.drop(near);
    expect(table.all).toContain(near);
  });
}

test('with near, all that may share a neighbourhood with this peer are in: the 2k nearest', () => {
  const { self, membership, table } = crowd(300, 'near');
  expect(table.all).toEqual(membership.near(self, 2 * K + 1).filter((id) => id !== self));
});

test('with gradient, near members are drawn about seven times as often as the farthest', () => {
  const drawn = { near: 0, far: 0 };
  let both = 0;
  for (let seed = 1; seed <= 400; seed += 1) {
    const { self, membership, table } = crowd(14, 'gradient', seed);
    const order = membership.near(self, 14).filter((id) => id !== self);
    const [beside = '', farthest = ''] = [order[K], order.at(-1)];
    if (table.far.includes(beside)) drawn.near += 1;
    if (table.far.includes(farthest)) drawn.far += 1;
    both += 1;
    if (seed === 1) {
      expect(gradient(self, self)).toBeCloseTo(0.7, 6);
      expect(gradient(ZERO_ID, `8${'0'.repeat(63)}`)).toBeCloseTo(0.1, 6);
    }
  }
  const { self, membership } = crowd(14, 'gradient');
  const order = membership.near(self, 14).filter((id) => id !== self);
  expect(drawn.near / both).toBeCloseTo(gradient(self, order[K] ?? ''), 1);
  expect(drawn.far / both).toBeCloseTo(gradient(self, order.at(-1) ?? ''), 1);
});

test('a network smaller than the table is its table', () => {
  const { table } = crowd(4, 'near');
  expect(table.all).toHaveLength(3);
  expect(table.far).toEqual([]);
  expect(table.candidates()).toEqual([]);
});
