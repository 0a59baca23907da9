import { expect, test } from 'vitest';
import { fuzz } from './fuzz.ts';
import { Finding, type Target } from './target.ts';
import { TARGETS } from './targets.ts';

/** `npm run fuzz -- --minutes 60` is the long version of it. */
const MS_EACH = 150;

test.each(TARGETS.map((target) => [target.name, target] as const))(
  '%s: nothing that arrives throws, is read in two ways, or takes long',
  (_name, target) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const { crash, executions } = fuzz(target, seed, MS_EACH);
    if (crash !== null) {
      const input = Buffer.from(crash.input).toString('hex');
      throw new Error(`${target.name}, seed ${seed}, input ${input}`, { cause: crash.error });
    }
    expect(executions).toBeGreaterThan(1);
  },
);

/** Finds three bytes in a row only if each is kept once it is right, and overruns after the third. */
const maze: Target = {
  name: 'maze',
  executions: 200_000,
  prepare: () => ({
    examples: [new Uint8Array(8)],
    run: (input) => {
      let depth = 0;
      while (depth < 3 && input[depth] === 64 + depth) depth += 1;
      if (depth === 3) throw new Finding('found');
      return `${depth}`;
    },
  }),
};

test('it is guided: three right bytes are found one after the other, and the seed repeats the way', () => {
  const round = fuzz(maze, 5);
  expect(round.crash?.error).toBeInstanceOf(Finding);
  expect(fuzz(maze, 5)).toEqual(round);
});

test('an input that takes long, or much memory, is a finding', () => {
  const busy = (ms: number) => {
    const end = process.cpuUsage().user + ms * 1000;
    while (process.cpuUsage().user < end);
    return 'done';
  };
  const of = (run: () => string): Target => ({
    name: 'x',
    executions: 3,
    prepare: () => ({ examples: [new Uint8Array(1)], run }),
  });
  expect(
    String(
      fuzz(
        of(() => busy(600)),
        1,
      ).crash?.error,
    ),
  ).toMatch(/ms of a core/);
  const kept: unknown[] = [];
  const hungry = () => {
    kept.push(new Uint8Array(200 * 1024 * 1024).fill(1));
    return 'done';
  };
  expect(String(fuzz(of(hungry), 1).crash?.error)).toMatch(/bytes for one input/);
});
