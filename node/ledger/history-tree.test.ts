import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { hash, hashBytes } from '../crypto/hash.ts';
import { idToBytes, ZERO_ID } from '../id.ts';
import { HistoryTree, treeRoot, verifyInclusion } from './history-tree.ts';

const ids = Array.from({ length: 70 }, (_, index) => hash('attack', new Uint8Array([index])));
const id = (index: number): string => ids[index] ?? ZERO_ID;

function treeOf(size: number): HistoryTree {
  const tree = new HistoryTree();
  for (const item of ids.slice(0, size)) tree.append(item);
  return tree;
}

/** The definition of RFC 9162 section 2.1.1, word for word. */
function definition(list: readonly string[]): Uint8Array {
  if (list.length === 1) return hashBytes('historyLeaf', idToBytes(list[0] ?? ''));
  let split = 1;
  while (split * 2 < list.length) split *= 2;
  return hashBytes('treeInner', definition(list.slice(0, split)), definition(list.slice(split)));
}

test('the incremental root is that of the definition, at every size and every earlier size', () => {
  const tree = treeOf(70);
  expect(tree.rootAt(0)).toBe(ZERO_ID);
  for (let size = 1; size <= 70; size += 1) {
    const root = definition(ids.slice(0, size)).toHex();
    expect(tree.rootAt(size)).toBe(root);
    expect(treeOf(size).root).toBe(root);
    const leaves = ids.slice(0, size).map((leaf) => hashBytes('historyLeaf', idToBytes(leaf)));
    expect(treeRoot(leaves)).toBe(root);
  }
});

test('every leaf has a path at every size, and the path is good for nothing else', () => {
  const tree = treeOf(70);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(69), (size, pick, other) => {
      const index = pick % size;
      const root = tree.rootAt(size);
      const path = tree.inclusionPath(index, size);
      expect(verifyInclusion(root, size, index, id(index), path)).toBe(true);
      if (other !== index) {
        expect(verifyInclusion(root, size, index, id(other), path)).toBe(false);
        expect(verifyInclusion(root, size, other, id(index), path)).toBe(false);
      }
      expect(verifyInclusion(root, size, index, id(index), [...path, id(other)])).toBe(false);
      path.forEach((_step, at) => {
        expect(verifyInclusion(root, size, index, id(index), path.toSpliced(at, 1))).toBe(false);
      });
    }),
  );
});

test('a path for an index outside the tree is refused by prover and verifier', () => {
  const tree = treeOf(3);
  expect(() => tree.inclusionPath(3, 3)).toThrow(RangeError);
  expect(() => tree.inclusionPath(0, 4)).toThrow(RangeError);
  for (const index of [-1, 3, 0.5, Number.NaN]) {
    expect(verifyInclusion(tree.root, 3, index, id(0), [])).toBe(false);
  }
});
