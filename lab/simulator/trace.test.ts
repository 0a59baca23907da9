import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Endpoint } from '../../node/host.ts';
import { type EventKind, RECORD_BYTES, readRecord, Trace } from './trace.ts';

interface Happening {
  readonly timeMs: number;
  readonly member: Endpoint;
  readonly kind: EventKind;
  readonly from: Endpoint | null;
  readonly content: Uint8Array;
}

const endpoint = fc.record({ ip: fc.ipV4(), port: fc.nat(65_535) });
const happening: fc.Arbitrary<Happening> = fc
  .record({
    timeMs: fc.double({ min: 1.7e12, max: 1.8e12, noNaN: true }),
    member: endpoint,
    kind: fc.constantFrom<EventKind>('datagram', 'timer', 'order'),
    from: endpoint,
    content: fc.uint8Array({ maxLength: 40 }),
  })
  .map((one) => (one.kind === 'datagram' ? one : { ...one, from: null }));

function play(trace: Trace, happenings: readonly Happening[]): Trace {
  for (const { timeMs, member, kind, from, content } of happenings) {
    trace.add(timeMs, member, kind, from, content);
  }
  return trace;
}

function record(happenings: readonly Happening[]): Uint8Array[] {
  const records: Uint8Array[] = [];
  const trace = new Trace({
    record: (some) => {
      for (let at = 0; at < some.length; at += RECORD_BYTES) {
        records.push(some.slice(at, at + RECORD_BYTES));
      }
    },
  });
  play(trace, happenings).end();
  return records;
}

test('equal events give equal hashes; one bit of one content changes the hash, not the skeleton', () => {
  const some = fc.array(happening, { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(some, fc.nat(), fc.nat(), (happenings, which, bit) => {
      const trace = play(new Trace(), happenings);
      expect(play(new Trace(), happenings).hash).toBe(trace.hash);
      const at = which % happenings.length;
      const changed = happenings.map((one, index) => {
        if (index !== at || one.content.length === 0) return one;
        const content = new Uint8Array(one.content);
        const byte = (bit >>> 3) % content.length;
        content[byte] = (content[byte] ?? 0) ^ (1 << (bit & 7));
        return { ...one, content };
      });
      const other = play(new Trace(), changed);
      expect(other.skeleton).toBe(trace.skeleton);
      expect(other.hash === trace.hash).toBe(happenings[at]?.content.length === 0);
    }),
  );
});

test('time, member, kind, sender, length and order are all in both hashes', () => {
  const base: Happening = {
    timeMs: 1.7e12,
    member: { ip: '10.0.0.1', port: 1 },
    kind: 'datagram',
    from: { ip: '10.0.0.2', port: 2 },
    content: Uint8Array.of(0, 0, 0),
  };
  const others: readonly Happening[] = [
    { ...base, timeMs: 1.7e12 + 2 ** -10 },
    { ...base, member: { ip: '10.0.0.1', port: 2 } },
    { ...base, member: { ip: '10.0.0.3', port: 1 } },
    { ...base, kind: 'timer' },
    { ...base, from: { ip: '10.0.0.2', port: 3 } },
    { ...base, content: Uint8Array.of(0, 0, 0, 0) },
  ];
  const traces = [[base], ...others.map((one) => [one]), [base, base]].map((happenings) =>
    play(new Trace(), happenings),
  );
  const swapped = others.slice(0, 2);
  traces.push(play(new Trace(), swapped), play(new Trace(), swapped.toReversed()));
  expect(new Set(traces.map(({ hash }) => hash)).size).toBe(traces.length);
  expect(new Set(traces.map(({ skeleton }) => skeleton)).size).toBe(traces.length);
});

test('records tell what happened', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 10 }), (happenings) => {
      const read = record(happenings).map(readRecord);
      expect(read.map(({ digest: _digest, ...rest }) => rest)).toEqual(
        happenings.map(({ content, ...rest }) => ({ ...rest, lengthBytes: content.length })),
      );
    }),
  );
});

test('the hash does not depend on how often it is looked at, over many records', () => {
  const one: Happening = {
    timeMs: 1,
    member: { ip: '10.0.0.1', port: 1 },
    kind: 'timer',
    from: null,
    content: new Uint8Array(0),
  };
  const many = Array.from({ length: 5000 }, (_, index) => ({ ...one, timeMs: index }));
  const plain = play(new Trace(), many);
  const watched = new Trace();
  for (const happened of many) {
    play(watched, [happened]);
    if (watched.events % 700 === 0) expect(watched.hash).not.toBe('');
  }
  expect([watched.hash, watched.skeleton]).toEqual([plain.hash, plain.skeleton]);
  expect(record(many).length).toBe(5000);
  const said = (byte: number): Trace =>
    play(
      new Trace(),
      many.map((happened) => ({ ...happened, content: Uint8Array.of(byte) })),
    );
  expect(said(1).skeleton).toBe(said(2).skeleton);
  expect(said(1).hash).not.toBe(said(2).hash);
});

test('comparing finds the first event that differs, and an end that comes early or late', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 12 }), fc.nat(12), (happenings, cut) => {
      const records = record(happenings);
      const compared = (some: readonly Happening[]): Trace => {
        const left = records.values();
        const trace = new Trace({ compare: () => left.next().value ?? null });
        play(trace, some).end();
        return trace;
      };
      expect(compared(happenings).divergence).toBeNull();
      const longer = compared([...happenings, ...happenings.slice(0, 1)]).divergence;
      if (happenings.length > 0) {
        expect([longer?.index, longer?.recorded]).toEqual([happenings.length, null]);
      }
      if (cut >= happenings.length) return;
      const shorter = compared(happenings.slice(0, cut)).divergence;
      expect([shorter?.index, shorter?.seen]).toEqual([cut, null]);
      const later = happenings.map((one, at) =>
        at < cut ? one : { ...one, timeMs: one.timeMs + 1 },
      );
      const divergence = compared(later).divergence;
      expect(divergence?.index).toBe(cut);
      expect(divergence?.seen?.timeMs).toBe((divergence?.recorded?.timeMs ?? 0) + 1);
      expect(divergence?.content).toEqual(happenings[cut]?.content);
    }),
  );
});

test('what is no record is refused', () => {
  expect(() => readRecord(new Uint8Array(RECORD_BYTES))).toThrow(RangeError);
  expect(() => readRecord(new Uint8Array(3))).toThrow(RangeError);
});
