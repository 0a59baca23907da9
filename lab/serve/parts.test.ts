import fc from 'fast-check';
import { expect, test } from 'vitest';
import { activeParts, partitionOf } from './parts.ts';

test('a part that was merged into another is left out, unfinished ones too', () => {
  const names = [
    '202601_1_1_0',
    '202601_2_2_0',
    '202601_1_2_1',
    '202601_3_3_0',
    '202602_1_1_0',
    'all_1_1_0',
    'all_1_1_0_5',
    'tmp_merge_202601_1_3_2',
    'delete_tmp_202601_9_9_0',
    'detached',
    'format_version.txt',
  ];
  expect(activeParts(names)).toEqual([
    '202601_1_2_1',
    '202601_3_3_0',
    '202602_1_1_0',
    'all_1_1_0_5',
  ]);
  expect(partitionOf('202601_1_2_1')).toBe('202601');
  expect(partitionOf('all_1_1_0_5')).toBe('all');
});

test('however parts were merged, every block is in exactly one active part', () => {
  const merges = fc.array(fc.nat({ max: 30 }), { maxLength: 30 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), merges, (blocks, order) => {
      let living = Array.from({ length: blocks }, (_, at) => ({ min: at, max: at, level: 0 }));
      const ever = [...living];
      for (const pick of order) {
        const [first, second] = [living[pick % blocks], living[(pick % blocks) + 1]];
        if (first === undefined || second === undefined) continue;
        const level = Math.max(first.level, second.level) + 1;
        const merged = { min: first.min, max: second.max, level };
        living = living.map((part) => (part === first ? merged : part));
        living = living.filter((part) => part !== second);
        ever.push(merged);
      }
      const name = (part: { min: number; max: number; level: number }) =>
        `p_${part.min}_${part.max}_${part.level}`;
      expect(new Set(activeParts(ever.map(name)))).toEqual(new Set(living.map(name)));
    }),
  );
});
