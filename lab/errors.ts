/** Exit codes of every command (CONTRACT.md). */
export const EXIT = {
  fine: 0,
  expectationFailed: 1,
  badUse: 2,
  machineCannot: 3,
  broke: 4,
  void: 5,
  interrupted: 130,
} as const;

/**
 * What the operator can cause, and can mend: what happened, where, what was expected, what to do.
 * Printed without a stack trace; anything else that is thrown is a bug.
 */
export class LabError extends Error {
  override readonly name = 'LabError';
  readonly exitCode: number;
  /** One line: what to type or change. */
  readonly remedy: string | undefined;

  constructor(message: string, options: { exitCode: number; remedy?: string; cause?: unknown }) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.exitCode = options.exitCode;
    this.remedy = options.remedy;
  }
}
