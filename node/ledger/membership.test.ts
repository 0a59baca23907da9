import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Id, ringDistance, ZERO_ID } from '../id.ts';
import { DEFAULT_PARAMETERS } from '../parameters.ts';
import { type Member, Membership } from './membership.ts';
import { Roster } from './roster.ts';
import { CANDIDATE, FOUNDING, type Standing } from './standing.ts';

const record = {
  network: '00'.repeat(32),
  identityKey: new Uint8Array(32),
  transportKey: new Uint8Array(32),
  createdAtMs: 0,
  renewedAtMs: 0,
  salt: new Uint8Array(8),
  bits: 0,
  signature: new Uint8Array(64),
};

function memberAt(address: Id, port = 1): Member {
  return { address, record, endpoint: { ip: '127.0.0.1', port } };
}

// Few distinct values near both ends of the ring, so that ties and wrapping happen.
const id = fc
  .tuple(fc.constantFrom('0', 'f', '8'), fc.nat(15))
  .map(([fill, last]) => fill.repeat(63) + last.toString(16));

test('nearest is what sorting everybody by distance, then address, gives', () => {
  fc.assert(
    fc.property(fc.array(id), fc.array(id), id, fc.nat(12), (added, removed, point, k) => {
      const membership = new Membership(DEFAULT_PARAMETERS);
      for (const address of added) membership.add(memberAt(address), FOUNDING);
      for (const address of removed) membership.remove(address, 0);
      const left = [...new Set(added)].filter((address) => !removed.includes(address));
      expect([...membership.known]).toEqual(left.toSorted());
      expect(membership.size).toBe(left.length);
      const near = left.toSorted((a, b) => {
        const difference = ringDistance(point, a) - ringDistance(point, b);
        if (difference !== 0n) return difference < 0n ? -1 : 1;
        return a < b ? -1 : 1;
      });
      const found = membership.nearest(point, k).map(({ address }) => address);
      expect(found).toEqual(near.slice(0, k));
    }),
  );
});

test('adding a member again replaces what was known of it', () => {
  const membership = new Membership(DEFAULT_PARAMETERS);
  const address = 'ab'.repeat(32);
  membership.add(memberAt(address, 1), FOUNDING);
  membership.add(memberAt(address, 2), FOUNDING);
  expect(membership.size).toBe(1);
  expect(membership.get(address)?.endpoint.port).toBe(2);
  expect(membership.remove(address, 0)).toBe(true);
  expect(membership.remove(address, 0)).toBe(false);
  expect(membership.get(address)).toBeUndefined();
});

test('whoever moved up when another left was not near before, who was near stays so', () => {
  const membership = new Membership(DEFAULT_PARAMETERS);
  const at = (last: string) => `80${'0'.repeat(61)}${last}`;
  for (const last of ['1', '2', '3', '4']) membership.add(memberAt(at(last)), FOUNDING);
  expect(membership.near(at('0'), 2)).toEqual([at('1'), at('2')]);
  membership.remove(at('1'), 1000);
  expect(membership.near(at('0'), 2)).toEqual([at('2'), at('3')]);
  expect(membership.wasNear(at('2'), at('0'), 2, 500)).toBe(true);
  expect(membership.wasNear(at('3'), at('0'), 2, 500)).toBe(false);
  expect(membership.wasNear(at('3'), at('0'), 2, 1000)).toBe(true);
  expect(membership.wasNear(at('4'), at('0'), 2, 1000)).toBe(false);
});

test('those beside an address stand on either side, all round a small ring', () => {
  const membership = new Membership(DEFAULT_PARAMETERS);
  const at = (first: string) => first + '0'.repeat(63);
  for (const first of ['1', '2', '3', '7', '9']) membership.add(memberAt(at(first)), FOUNDING);
  expect(new Set(membership.beside(at('1'), 1))).toEqual(new Set([at('9'), at('2')]));
  expect(new Set(membership.beside(at('2'), 9))).toEqual(new Set(['1', '3', '7', '9'].map(at)));
});

test('by XOR distance, nearest is what sorting the counted by it gives', () => {
  fc.assert(
    fc.property(fc.array(id), id, fc.nat(12), (added, point, k) => {
      const membership = new Membership({ distance: 'xor', membership: 'ledger' });
      for (const address of added) membership.add(memberAt(address), FOUNDING);
      const distance = (address: Id) => BigInt(`0x${point}`) ^ BigInt(`0x${address}`);
      const near = [...new Set(added)].toSorted((a, b) => (distance(a) < distance(b) ? -1 : 1));
      expect(membership.near(point, k)).toEqual(near.slice(0, k));
    }),
  );
});

test('who is known counts only when its time has come, and not any more when it lapsed', () => {
  const membership = new Membership(DEFAULT_PARAMETERS);
  const at = (last: string) => `80${'0'.repeat(61)}${last}`;
  for (const last of ['2', '3']) membership.add(memberAt(at(last)), FOUNDING);
  membership.add(memberAt(at('1')), CANDIDATE);
  expect([membership.size, membership.countedSize]).toEqual([3, 2]);
  expect(membership.near(at('0'), 2)).toEqual([at('2'), at('3')]);
  expect(membership.isNear(at('1'), at('0'), 2)).toBe(true);
  expect(membership.isNear(at('1'), at('9'), 2)).toBe(false);
  const coming = { sinceMs: 500, countedFromMs: 1000, trustedFromMs: 1000 };
  expect(membership.stand(at('1'), coming)).toBe(true);
  expect(membership.advance(999)).toBe(false);
  expect(membership.counts(at('1'))).toBe(false);
  expect(membership.advance(1000)).toBe(true);
  expect(membership.near(at('0'), 2)).toEqual([at('1'), at('2')]);
  // What is told again or late changes nothing.
  expect(membership.stand(at('1'), { ...coming, countedFromMs: null })).toBe(false);
  expect(membership.stand(at('1'), { ...coming, sinceMs: 501, countedFromMs: null })).toBe(true);
  expect(membership.near(at('0'), 2)).toEqual([at('2'), at('3')]);
  expect(membership.wasNear(at('3'), at('0'), 2, 900)).toBe(false);
  expect(membership.has(at('1'))).toBe(true);
});

test('by the papers’ rule whoever is known counts', () => {
  const membership = new Membership({ distance: 'ring', membership: 'known' });
  membership.add(memberAt('ab'.repeat(32)), CANDIDATE);
  expect(membership.near(ZERO_ID, 3)).toEqual(['ab'.repeat(32)]);
});

const standing: fc.Arbitrary<Standing> = fc.record({
  sinceMs: fc.nat(5),
  countedFromMs: fc.option(fc.nat(20)),
  trustedFromMs: fc.constant(null),
});

/** What may become of a membership; each gives what the call gave. */
const change = fc.oneof(
  fc.tuple(id, standing).map(([address, as]) => (membership: Membership) => {
    membership.add(memberAt(address, 7), as);
  }),
  fc.tuple(id, standing).map(
    ([address, as]) =>
      (membership: Membership) =>
        membership.stand(address, as),
  ),
  fc.tuple(id, fc.nat(20)).map(
    ([address, atMs]) =>
      (membership: Membership) =>
        membership.remove(address, atMs),
  ),
  fc.nat(25).map((nowMs) => (membership: Membership) => membership.advance(nowMs)),
);

const rules = fc.record({
  distance: fc.constantFrom('ring' as const, 'xor' as const),
  membership: fc.constantFrom('ledger' as const, 'known' as const),
});

/** All that it says around one point. */
function view(membership: Membership, point: Id, k: number) {
  return {
    known: [...membership.known],
    counted: [...membership.counted],
    near: membership.near(point, k),
    nearest: membership.nearest(point, k),
    around: membership.around(point, k),
    beside: membership.beside(point, k),
    of: [...membership.known].map((address) => ({
      member: membership.get(address),
      standing: membership.standing(address),
      isNear: membership.isNear(address, point, k),
      wasNear: membership.wasNear(address, point, k, 10),
    })),
  };
}

test('founders from a shared roster are as good as founders that were told one by one', () => {
  fc.assert(
    fc.property(
      rules,
      fc.uniqueArray(id),
      fc.array(change),
      id,
      // A neighbourhood has somebody: with none, everybody that does not count would be near.
      fc.integer({ min: 1, max: 6 }),
      (by, founders, changes, point, k) => {
        const members = founders.map((address) => memberAt(address));
        const [told, shared] = [new Membership(by), new Membership(by)];
        for (const member of members) told.add(member, FOUNDING);
        shared.found(Roster.of(members));
        expect(view(shared, point, k)).toEqual(view(told, point, k));
        for (const make of changes) {
          expect(make(shared)).toBe(make(told));
          expect(view(shared, point, k)).toEqual(view(told, point, k));
        }
        for (const who of [point, ...shared.known]) {
          const around = shared.foundersAround(who, k);
          expect(new Set(around).size).toBe(around.length);
          const near = founders.filter((founder) => shared.isNear(who, founder, k));
          expect(around).toEqual(expect.arrayContaining(near));
        }
      },
    ),
  );
});

test('of many founders only those around are looked at', () => {
  const digits = (n: number) => n.toString(16).padStart(4, '0').padEnd(64, '0');
  const members = Array.from({ length: 1000 }, (_, n) => memberAt(digits(64 * n)));
  const membership = new Membership(DEFAULT_PARAMETERS);
  membership.found(Roster.of(members));
  for (const who of [digits(0), digits(64 * 500), digits(64 * 999), digits(64 * 500 + 1)]) {
    expect(membership.foundersAround(who, 8).length).toBeLessThanOrEqual(17);
  }
});
