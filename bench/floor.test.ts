import { expect, test } from 'vitest';
import { finalityFloorMs } from './floor.ts';

const places = ['a', 'b', 'c'];
/** Half a round trip of 10 ms between different places, none within. */
const even = (from: string, to: string) => (from === to ? 0 : 10);

test('three voters beside one another and the client need one way to them and one between them', () => {
  // Each voter hears the client after 0, 10, 10; all three votes are needed (more than 2 of 3).
  expect(finalityFloorMs('a', [places], even)).toBe(20);
});

test('a voter who sits at the client’s place waits for the others all the same', () => {
  expect(finalityFloorMs('a', [['a', 'a', 'a']], even)).toBe(0);
  expect(finalityFloorMs('far', [['a', 'a', 'a']], even)).toBe(10);
});

test('the slowest token decides', () => {
  const delay = (from: string, to: string) =>
    from === to ? 0 : [from, to].includes('far') ? 50 : 10;
  const near = ['a', 'b', 'c'];
  const far = ['far', 'far', 'far'];
  expect(finalityFloorMs('a', [near, far], delay)).toBe(100);
  expect(finalityFloorMs('a', [near], delay)).toBe(20);
});

test('one slow voter of four is not waited for', () => {
  const delay = (from: string, to: string) =>
    from === to ? 0 : [from, to].includes('far') ? 500 : 10;
  expect(finalityFloorMs('a', [['a', 'b', 'c', 'far']], delay)).toBe(20);
});
