/** What went wrong, in a line. */
import { LabError } from '../errors.ts';

/** An operator's error with what to do; anything else as it says. */
export function wordsOf(error: unknown): string {
  if (error instanceof LabError) {
    return error.remedy === undefined ? error.message : `${error.message}: ${error.remedy}`;
  }
  return error instanceof Error ? error.message : String(error);
}
