import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AtMost } from './at-most.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('however often it is asked for, it is done ten times a second, and the last wish counts', () => {
  let wish = 0;
  const done: number[] = [];
  const atMost = new AtMost(100, () => done.push(wish));
  for (let ms = 0; ms < 1000; ms += 10) {
    wish = ms;
    atMost.ask();
    vi.advanceTimersByTime(10);
  }
  vi.advanceTimersByTime(1000);
  expect(done.length).toBeLessThanOrEqual(11);
  expect(done.at(-1)).toBe(990);
});

test('after a rest it is done at once', () => {
  let done = 0;
  const atMost = new AtMost(100, () => done++);
  atMost.ask();
  vi.advanceTimersByTime(150);
  atMost.ask();
  expect(done).toBe(2);
});
