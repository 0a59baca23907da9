/**
 * Which cryptography this program computes with: the real one, or, in the simulator alone, an ideal
 * one that is unforgeable by construction, gives the same sizes and verdicts and costs next to
 * nothing (ideal.ts). Process-wide, since one simulation is one process. Nothing that opens a socket
 * may switch: a tidy test holds who names `useCryptography`, and the runtime refuses to start on it.
 */

export type Cryptography = 'real' | 'ideal';

/**
 * `none`: datagrams are neither written nor read, but handed over with what they hold, and so are
 * messages, which are written once each for their length. Sizes, times and verdicts stay the same.
 */
export type Encoding = 'written' | 'none';

let primitives: Cryptography = 'real';
let work: Cryptography = 'real';
let encoding: Encoding = 'written';

/**
 * For tests, benchmarks and the simulator, between runs: what was signed or sealed under one is not
 * valid under the other. `workKind` is the proof of work of identities apart from all else: public
 * keys are the real ones always, so with the same kind of work addresses and ids are the same too.
 */
export function useCryptography(
  kind: Cryptography,
  workKind: Cryptography = kind,
  encodingKind: Encoding = 'written',
): void {
  primitives = kind;
  work = workKind;
  encoding = encodingKind;
}

/** Whether signatures, boxes, key agreement, link keys and tickets are the ideal ones. */
export function isIdeal(): boolean {
  return primitives === 'ideal';
}

/** Whether identities come without the Argon2 evaluations that they cost. */
export function isWorkIdeal(): boolean {
  return work === 'ideal';
}

/** Whether what is sent goes over as the objects that it is made of. */
export function isHandedOver(): boolean {
  return encoding === 'none';
}

/** Throws an Error unless all is real: for what speaks to the outside world. */
export function assertReal(): void {
  if (isIdeal() || isWorkIdeal()) throw new Error('ideal cryptography is for simulations alone');
  if (isHandedOver()) throw new Error('to leave out the encoding is for simulations alone');
}
