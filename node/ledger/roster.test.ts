import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { hash } from '../crypto/hash.ts';
import type { Id } from '../id.ts';
import type { Member } from './membership.ts';
import { Roster } from './roster.ts';

const address = (n: number): Id => hash('key', new Uint8Array([n]));

function member(n: number, port: number): Member {
  const record = {
    network: address(255),
    identityKey: new Uint8Array(32).fill(n),
    transportKey: new Uint8Array(32).fill(n + 1),
    createdAtMs: n,
    renewedAtMs: n + port,
    salt: new Uint8Array(8).fill(n),
    bits: n % 8,
    signature: new Uint8Array(64).fill(n),
  };
  return { address: address(n), record, endpoint: { ip: `10.0.0.${n}`, port } };
}

const members = fc
  .array(fc.tuple(fc.nat(60), fc.nat(60_000)))
  .map((drawn) => drawn.map(([n, port]) => member(n, port)));

test('a roster holds what a map holds, in order of address, also when it was stored', () => {
  fc.assert(
    fc.property(members, fc.nat(70), (all, other) => {
      const held = new Map(all.map((one) => [one.address, one]));
      const made = Roster.of(all);
      const stored = Roster.read(made.bytes);
      expect(stored).not.toBeNull();
      const order = [...held.keys()].sort();
      for (const roster of [made, stored ?? made]) {
        expect(roster.size).toBe(held.size);
        expect([...roster.members()]).toEqual(order.map((id) => held.get(id)));
        expect(roster.get(address(other))).toEqual(held.get(address(other)));
        expect(roster.has(address(other))).toBe(held.has(address(other)));
      }
    }),
  );
});

test('a member is read once, for all that share the roster', () => {
  const roster = Roster.of([member(1, 1), member(2, 2)]);
  expect(roster.get(address(1))).toBe(roster.get(address(1)));
});

test('what is cut short or too long is no roster', () => {
  const { bytes } = Roster.of([member(1, 1), member(2, 2)]);
  expect(Roster.read(bytes.subarray(0, bytes.length - 1))).toBeNull();
  expect(Roster.read(new Uint8Array([...bytes, 0]))).toBeNull();
  expect(Roster.read(bytes.subarray(0, 3))).toBeNull();
});
