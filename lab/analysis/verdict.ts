/** What a result means for whoever waits for the command's exit code. */
import { EXIT } from '../errors.ts';
import type { Testnet } from '../manifest/testnet.ts';
import type { RunResult } from './result.ts';

/** The exit code of a run that was carried out (CONTRACT.md): void before failed expectations. */
export function exitCodeOf(result: RunResult, allow: Testnet['allow']): number {
  if (!result.shapingOk && !allow.shapingOff) return EXIT.void;
  if (!result.fidelity.ok && !allow.lowFidelity) return EXIT.void;
  return result.expectations.every((expectation) => expectation.ok !== false)
    ? EXIT.fine
    : EXIT.expectationFailed;
}
