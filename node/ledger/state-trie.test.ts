import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { hashBytes } from '../crypto/hash.ts';
import { ZERO_ID } from '../id.ts';
import { readPath, StateTrie, verifyPath, writePath } from './state-trie.ts';
import type { Mapping } from './types.ts';

const free = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes.toHex());
// Long shared prefixes, as an adversary would choose them.
const near = fc.tuple(fc.nat(255), fc.constantFrom('0', 'f')).map(([bit, fill]) => {
  const bits = Array.from({ length: 64 }, () => Number.parseInt(fill, 16));
  bits[bit >> 2] = (bits[bit >> 2] ?? 0) ^ (8 >> (bit & 3));
  return bits.map((digit) => digit.toString(16)).join('');
});
const token = fc.oneof(free, near);
const mapping = fc.record({ token, owner: free, tx: free, previous: free });
const mappings = fc.array(mapping, { minLength: 1, maxLength: 40 });

function trieOf(list: readonly Mapping[]): StateTrie {
  const trie = new StateTrie();
  for (const item of list) trie.set(item);
  return trie;
}

test('the trie holds what a map holds', () => {
  fc.assert(
    fc.property(mappings, free, (list, absent) => {
      const trie = trieOf(list);
      const map = new Map(list.map((item) => [item.token, item]));
      expect(trie.size).toBe(map.size);
      for (const [key, value] of map) expect(trie.get(key)).toEqual(value);
      if (!map.has(absent)) {
        expect(trie.get(absent)).toBeUndefined();
        expect(trie.path(absent)).toBeUndefined();
      }
    }),
  );
});

test('the root depends on the content, not on the order of setting', () => {
  fc.assert(
    fc.property(mappings, (list) => {
      const final = [...new Map(list.map((item) => [item.token, item])).values()];
      expect(trieOf(final.toReversed()).root).toBe(trieOf(list).root);
    }),
  );
  expect(new StateTrie().root).toBe(ZERO_ID);
});

test('every mapping has a path that verifies and survives the wire', () => {
  fc.assert(
    fc.property(mappings, (list) => {
      const trie = trieOf(list);
      for (const { token: key } of list) {
        const path = trie.path(key) ?? [];
        const present = trie.get(key) ?? list[0];
        expect(present !== undefined && verifyPath(trie.root, present, path)).toBe(true);
        const writer = new Writer();
        writePath(writer, path);
        expect(decode(writer.finish(), readPath)).toEqual({ ok: true, value: path });
      }
    }),
  );
});

test('no path for a wrong mapping verifies, whichever path and root of the trie are tried', () => {
  fc.assert(
    fc.property(mappings, mapping, fc.nat(), (list, other, pick) => {
      const trie = trieOf(list);
      const victim = list[pick % list.length];
      if (victim === undefined) return;
      const truth = trie.get(victim.token);
      const owner = truth?.owner === ZERO_ID ? 'f'.repeat(64) : ZERO_ID;
      const wrong = { ...other, token: victim.token, owner };
      for (const { token: key } of list) {
        const path = trie.path(key) ?? [];
        expect(verifyPath(trie.root, wrong, path)).toBe(false);
        for (let cut = 0; cut < path.length; cut += 1) {
          expect(verifyPath(trie.root, wrong, path.slice(cut))).toBe(false);
        }
      }
    }),
  );
});

test('a changed, reordered, shortened or lengthened path does not verify', () => {
  fc.assert(
    fc.property(mappings, fc.nat(), fc.nat(255), free, (list, pick, bit, sibling) => {
      const trie = trieOf(list);
      const present = trie.get(list[pick % list.length]?.token ?? ZERO_ID);
      if (present === undefined) return;
      const path = trie.path(present.token) ?? [];
      const forged = [
        [...path, { bit, sibling }],
        [{ bit, sibling }, ...path],
        ...path.map((_step, at) => path.toSpliced(at, 1)),
        ...path.map((step, at) => path.with(at, { ...step, sibling })),
        ...path.map((step, at) => path.with(at, { ...step, bit: (step.bit + 1) % 256 })),
        ...(path.length > 1 ? [path.toReversed()] : []),
      ];
      for (const attempt of forged) expect(verifyPath(trie.root, present, attempt)).toBe(false);
    }),
  );
});

test('an inner node can not pass for a leaf nor a leaf for an inner node', () => {
  const [a, b] = ['00', 'ff'].map((digits) => digits.repeat(32));
  const leaf = (key: string): Mapping => ({ token: key, owner: key, tx: key, previous: key });
  const trie = trieOf([leaf(a ?? ''), leaf(b ?? '')]);
  // The inner node's own preimage, read as a mapping of any alignment, does not hash to the root.
  const path = trie.path(a ?? '') ?? [];
  const sibling = path[0]?.sibling ?? ZERO_ID;
  const posing = { token: sibling, owner: sibling, tx: sibling, previous: sibling };
  expect(verifyPath(trie.root, posing, [])).toBe(false);
});

test('path bits that do not fall are refused on the wire and by the verifier', () => {
  const step = { bit: 3, sibling: ZERO_ID };
  const writer = new Writer();
  writePath(writer, [step, step]);
  expect(decode(writer.finish(), readPath)).toEqual({
    ok: false,
    reason: 'path bits do not fall',
  });
  // Built by hand so that the hashes do lead to the root: falling bits pass, others do not.
  const leaf = { token: ZERO_ID, owner: ZERO_ID, tx: ZERO_ID, previous: ZERO_ID };
  const none = new Uint8Array(32);
  const verdicts = [
    [7, 3],
    [3, 7],
    [3, 3],
  ].map((bits) =>
    // A token of either side: one of the four ways to combine is the one that leads up.
    [0, 1, 2, 3].some((sides) => {
      let reached = hashBytes('trieLeaf', none, none, none, none);
      for (const [index, bit] of bits.entries()) {
        const right = ((sides >> index) & 1) === 1;
        const pair = right ? [none, reached] : [reached, none];
        reached = hashBytes('trieInner', new Uint8Array([bit]), ...pair);
      }
      const path = bits.map((bit) => ({ bit, sibling: ZERO_ID }));
      return verifyPath(reached.toHex(), leaf, path);
    }),
  );
  expect(verdicts).toEqual([true, false, false]);
});

test('a clone and its original change apart', () => {
  fc.assert(
    fc.property(mappings, mapping, (list, change) => {
      const trie = trieOf(list);
      const before = trie.root;
      const fork = trie.clone();
      fork.set({ ...change, owner: ZERO_ID });
      expect(trie.root).toBe(before);
      expect(fork.get(change.token)?.owner).toBe(ZERO_ID);
    }),
  );
});

test('tokens chosen around a victim do not lengthen its path', () => {
  const victim = '0'.repeat(64);
  const around = Array.from({ length: 256 }, (_, bit) => (1n << BigInt(bit)).toString(16));
  const trie = trieOf(
    [victim, ...around.map((digits) => digits.padStart(64, '0'))].map((key) => {
      return { token: key, owner: key, tx: key, previous: key };
    }),
  );
  expect(trie.size).toBe(257);
  expect(trie.path(victim)?.length).toBeLessThan(25);
});
