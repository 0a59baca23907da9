import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{node,lab,attacks,bench,dashboards,test}/**/*.test.ts'],
    // chDB keeps its engine in the process and crashes in worker threads.
    pool: 'forks',
    // Two cores, and whole networks of processes in some tests: files one after another don't starve them.
    maxWorkers: 2,
    // Of tests that say that they may run side by side.
    maxConcurrency: 2,
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
