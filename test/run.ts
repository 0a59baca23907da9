/**
 * `npm test`: types, lint, format, then every test that this machine can run. Those it cannot are
 * named with the reason. The last line is `N passed, N failed, N skipped`.
 *
 * `npm test -- PATTERN…` runs only the test files whose path contains a pattern, and no checks.
 */
import { startVitest } from 'vitest/node';
import type { TestCase } from 'vitest/node';
import { $ } from 'zx';

const CHECKS: Readonly<Record<string, readonly string[]>> = {
  types: ['tsc'],
  lint: ['oxlint', '--type-aware', '--deny-warnings'],
  format: ['biome', 'format'],
};

const patterns = process.argv.slice(2);
const failedChecks: string[] = [];
if (patterns.length === 0) {
  for (const [name, command] of Object.entries(CHECKS)) {
    const { exitCode } = await $({
      stdio: 'inherit',
      nothrow: true,
      preferLocal: true,
    })`${command}`;
    console.log(`${exitCode === 0 ? '✓' : '✗'} ${name}`);
    if (exitCode !== 0) failedChecks.push(name);
  }
}

const vitest = await startVitest('test', patterns, { watch: false });
const tests: TestCase[] = [];
for (const module of vitest.state.getTestModules()) tests.push(...module.children.allTests());
const brokenModules = vitest.state
  .getTestModules()
  .filter((module) => module.state() === 'failed' && module.children.size === 0);
const unhandled = vitest.state.getUnhandledErrors().length;
await vitest.close();

const count = (state: string) => tests.filter((test) => test.result().state === state).length;
const skipped = tests.filter((test) => test.result().state === 'skipped');
if (skipped.length > 0) console.log('\nNot run on this machine:');
for (const test of skipped) {
  const result = test.result();
  const note = result.state === 'skipped' ? result.note : undefined;
  console.log(`  ${test.fullName}: ${note ?? 'no reason given'}`);
}
for (const name of failedChecks) console.log(`The ${name} check failed.`);
const failed = count('failed') + brokenModules.length + failedChecks.length + unhandled;
console.log(`\n${count('passed')} passed, ${failed} failed, ${skipped.length} skipped`);
process.exitCode = failed > 0 || count('passed') === 0 ? 1 : 0;
