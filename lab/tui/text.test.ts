import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cell, fit, plain, rule, span, widthOf, wrapped } from './text.ts';

const lines = fc.array(
  fc.string({ maxLength: 30 }).map((text) => span(text)),
  { maxLength: 6 },
);

test('a line fitted to a width has exactly that width, and a shorter one keeps its text', () => {
  fc.assert(
    fc.property(lines, fc.nat(80), (of, width) => {
      const fitted = fit(of, width);
      expect(widthOf(fitted)).toBe(width);
      if (widthOf(of) > width) return;
      const text = (pieces: typeof of) => pieces.map((piece) => piece.text).join('');
      expect(text([...fitted]).trimEnd()).toBe(text(of).trimEnd());
    }),
  );
});

test('foreign text becomes one line of characters of one column each', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      const shown = plain(text);
      expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{M}\p{Cs}\u{1100}-\u{115f}\u{2e80}-\u{10ffff}]/u);
      expect(shown).not.toMatch(/\n/);
    }),
  );
});

test('cells, rules and wrapped lines keep to their width', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (text, width) => {
      expect(cell(text, width)).toHaveLength(width);
      expect(widthOf(rule(text, text, width, '─'))).toBe(width);
      for (const of of wrapped(text, width)) expect(of.length).toBeLessThanOrEqual(width);
    }),
  );
});
