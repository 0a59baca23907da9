/** What the operator can cause and mend at one peer: printed in one line, exit code 2. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  /** What to do about it. */
  readonly remedy: string;

  constructor(message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.remedy = remedy;
  }
}
