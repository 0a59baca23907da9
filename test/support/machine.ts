/**
 * Tests that need something only some machines have (a container engine, QEMU, Chromium, root) ask
 * here. Where it is missing the test is skipped and named, with the reason, at the end of `npm test`;
 * in CI it fails, because a CI that cannot run a test has not run it.
 */
import type { TestContext } from 'vitest';

/** `missing` is null when the machine has what is needed, else a sentence that says what to install. */
export function needs(context: TestContext, missing: string | null): void {
  if (missing === null) return;
  if (process.env['CI']) throw new Error(`this machine cannot run the test: ${missing}`);
  context.skip(missing);
}
