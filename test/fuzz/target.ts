/** What is fuzzed: something that takes bytes from outside. */

export interface Target {
  readonly name: string;
  /** Fresh state for one round: the same round follows from the same seed. */
  prepare(): Prepared;
  /** Executions of a round: fewer where each is a whole network's work. */
  readonly executions: number;
}

export interface Prepared {
  /** Valid inputs, or nearly: mutation starts from them. */
  readonly examples: readonly Uint8Array[];
  /**
   * Takes one input; throws for what must not happen. Returns what became of it in a few words:
   * inputs that end as none did before are kept and mutated further.
   */
  run(input: Uint8Array): string;
  /** After the last input; throws for what must not have happened. */
  finish?(): void;
}

/** A finding in words; what a target throws itself is one as well. */
export class Finding extends Error {
  override readonly name = 'Finding';
}

/** A reason without its numbers: how many bytes were left over makes no other end. */
export function kindOfReason(reason: string): string {
  return reason.replaceAll(/\d+/g, '#');
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
