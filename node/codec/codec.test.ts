import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode, Malformed, Reader } from './reader.ts';
import { Writer } from './writer.ts';

const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes.toHex());

test('what a writer writes a reader reads', () => {
  fc.assert(
    fc.property(
      fc.nat(0xff),
      fc.nat(0xffff),
      fc.nat(),
      fc.maxSafeNat(),
      id,
      fc.uint8Array({ maxLength: 1_000 }),
      fc.array(id, { maxLength: 20 }),
      (a, b, c, d, e, f, g) => {
        const writer = new Writer().u8(a).u16(b).u32(c).u64(d).id(e).bytes(f);
        const bytes = writer.list(g, (item) => writer.id(item)).finish();
        const back = decode(bytes, (r) => [
          r.u8(),
          r.u16(),
          r.u32(),
          r.u64(),
          r.id(),
          r.bytes(1_000),
          r.list(0, 20, () => r.id()),
        ]);
        expect(back).toEqual({ ok: true, value: [a, b, c, d, e, f, g] });
      },
    ),
  );
});

test('input cut short anywhere is refused, not read past', () => {
  const bytes = new Writer().u32(7).id('ab'.repeat(32)).bytes(new Uint8Array(5)).finish();
  for (let length = 0; length < bytes.length; length += 1) {
    const cut = decode(bytes.subarray(0, length), (r) => [r.u32(), r.id(), r.bytes(5)]);
    expect(cut).toEqual({ ok: false, reason: 'cut short' });
  }
});

test('bytes left over are refused', () => {
  expect(decode(new Uint8Array(3), (r) => r.u16())).toEqual({
    ok: false,
    reason: '1 bytes left over',
  });
});

test('a number above 2^53, a list too long and an unknown choice are malformed', () => {
  expect(() => new Reader(new Uint8Array(8).fill(0xff)).u64()).toThrow(Malformed);
  expect(() => new Reader(new Uint8Array([3, 0, 0, 0])).list(0, 2, () => 0)).toThrow(Malformed);
  expect(() => new Reader(new Uint8Array([2])).boolean()).toThrow(Malformed);
});

test('decoded bytes are a copy of the datagram', () => {
  const datagram = new Uint8Array([0, 1, 9]);
  const value = new Reader(datagram).bytes(1);
  datagram[2] = 0;
  expect(value).toEqual(new Uint8Array([9]));
});

test('an id read or written again and again, among more than the table holds, stays itself', () => {
  const few = Array.from({ length: 64 }, (_, at) =>
    new Uint8Array(32).fill(1 + (at >> 5), at % 32),
  );
  const many = Array.from({ length: 20_000 }, (_, index) =>
    new Writer().u32(index).raw(new Uint8Array(20)).u64(index).finish(),
  );
  const all = [...few, ...few, ...many, ...many.toReversed()];
  const wrong = all.filter((bytes) => {
    const read = new Reader(bytes).id();
    return read !== bytes.toHex() || new Writer().id(read).finish().toHex() !== read;
  });
  expect(wrong).toEqual([]);
});

test('messages in shared memory keep apart, whatever their lengths', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 9000 }), { maxLength: 20 }), (contents) => {
      const written = contents.map((content) => new Writer().raw(content).finishShared());
      expect(written.map((bytes) => [...bytes])).toEqual(contents.map((content) => [...content]));
    }),
    { numRuns: 50 },
  );
});

test('a writer refuses what does not fit its field', () => {
  for (const value of [-1, 256, 1.5, Number.NaN]) {
    expect(() => new Writer().u8(value)).toThrow(RangeError);
  }
  expect(() => new Writer().id('ab')).toThrow(RangeError);
});

test('a field that makes the buffer grow is written whole', () => {
  for (let before = 500; before <= 512; before += 1) {
    const writer = new Writer().raw(new Uint8Array(before)).u8(1).u16(2).u32(3).u64(4);
    const back = decode(writer.raw(new Uint8Array([5])).finish(), (r) => {
      r.raw(before);
      return [r.u8(), r.u16(), r.u32(), r.u64(), r.u8()];
    });
    expect(back).toEqual({ ok: true, value: [1, 2, 3, 4, 5] });
  }
});
