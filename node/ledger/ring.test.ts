import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Id, ringDistance, xorDistance } from '../id.ts';
import { Ring, type Sorted } from './ring.ts';

// Few distinct values near both ends of the ring, so that ties and wrapping happen.
const coarse = fc
  .tuple(fc.constantFrom('0', 'f', '8'), fc.nat(15))
  .map(([fill, last]) => fill.repeat(63) + last.toString(16));
// Alike in their upper 52 bits or nearly so: what numbers can't tell apart.
const fine = fc
  .tuple(fc.nat(6), fc.constantFrom('0', '7', '8', 'f'), fc.nat(15))
  .map(([upper, fill, last]) => {
    return `3${upper.toString(16).padStart(12, '0')}${fill.repeat(50)}${last.toString(16)}`;
  });
const id = fc.oneof(coarse, fine);
const ids = fc.uniqueArray(id, { maxLength: 40 }).map((all) => all.sort());

function sorted(all: readonly Id[]): Sorted {
  return {
    size: all.length,
    at: (index) => all[index] ?? '',
    position: (point) => all.filter((address) => address < point).length,
  };
}

/** A ring, and the plain list of what it should hold. */
const rings = fc.tuple(ids, fc.array(fc.nat(40)), ids).map(([base, drawn, other]) => {
  const gone = base.filter((_, index) => drawn.includes(index));
  const added = other.filter((address) => !base.includes(address));
  const held = [...base.filter((address) => !gone.includes(address)), ...added].sort();
  return { ring: new Ring(sorted(base), gone, added), held };
});

test('a ring holds its base without some and with others, in order, and knows where each stands', () => {
  fc.assert(
    fc.property(rings, id, ({ ring, held }, point) => {
      expect([...ring]).toEqual(held);
      expect(ring.size).toBe(held.length);
      expect(ring.position(point)).toBe(held.filter((address) => address < point).length);
      expect(ring.has(point)).toBe(held.includes(point));
      if (held.length === 0) expect(() => ring.at(0)).toThrow(RangeError);
      else expect([ring.at(-1), ring.at(held.length)]).toEqual([held.at(-1), held[0]]);
    }),
  );
});

test('nearest is everybody by distance, then address, by either distance', () => {
  fc.assert(
    fc.property(rings, id, ({ ring, held }, point) => {
      const by = (distance: typeof ringDistance) =>
        held.toSorted((a, b) => {
          const difference = distance(point, a) - distance(point, b);
          if (difference !== 0n) return difference < 0n ? -1 : 1;
          return a < b ? -1 : 1;
        });
      expect([...ring.nearest(point)]).toEqual(by(ringDistance));
      expect([...ring.nearestByXor(point)]).toEqual(by(xorDistance));
    }),
  );
});

test('around an address are so many before it and after it, all of a small ring', () => {
  fc.assert(
    fc.property(rings, id, fc.nat(6), ({ ring, held }, point, each) => {
      const others = held.filter((address) => address !== point);
      const after = [...others.filter((a) => a > point), ...others.filter((a) => a < point)];
      const wanted = new Set([...after.slice(0, each), ...(each > 0 ? after.slice(-each) : [])]);
      if (held.includes(point)) wanted.add(point);
      const found = ring.around(point, each);
      const isSmall = held.length <= 2 * each + 1;
      expect(found).toEqual(isSmall ? held : [...wanted].sort());
    }),
  );
});
