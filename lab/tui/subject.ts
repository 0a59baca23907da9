/** What can be opened. */
export interface Subject {
  readonly kind: 'peer' | 'transaction' | 'evidence' | 'result';
  /** A member's name, a hash, or a run's name. */
  readonly id: string;
}
