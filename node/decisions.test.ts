import { expect, test } from 'vitest';
import { type Asker, deciding, type Decisions } from './decisions.ts';
import type { Message } from './wire/messages.ts';

const ASKER: Asker = { id: '1'.repeat(64), kind: 'peer' };
const ASK: Message = { type: 'ask-votes', tx: '2'.repeat(64) };

test('whoever decides nothing decides as everybody does', () => {
  const decisions = deciding(() => ({}));
  expect(decisions.heed(ASKER, ASK)).toBe(true);
  expect(decisions.utter(ASKER.id, ASK)).toBe(ASK);
  expect(decisions.serveBlock(ASKER, 1, () => null)).toBe(null);
  const here = { answers: true, to: null };
  expect(decisions.passOn(ASKER, { type: 'get-transaction', tx: ASK.tx }, () => here)).toBe(here);
});

test('what is decided may change at any time', () => {
  let mind: Partial<Decisions> = {};
  const decisions = deciding(() => mind);
  mind = { heed: () => false, utter: () => null };
  expect(decisions.heed(ASKER, ASK)).toBe(false);
  expect(decisions.utter(ASKER.id, ASK)).toBe(null);
  mind = {};
  expect(decisions.heed(ASKER, ASK)).toBe(true);
});
