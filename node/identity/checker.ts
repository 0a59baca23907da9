/**
 * Checks of identity records that strangers cause. The Argon2 evaluation is the cheapest denial of
 * service there is, so its results are kept, and what is new is paid from pots that fill by time:
 * one for each way by which records come, so that a flood on one leaves the others as they were.
 */
import { Writer } from '../codec/writer.ts';
import type { Id } from '../id.ts';
import { hash } from '../crypto/hash.ts';
import {
  checkClaim,
  checkWork,
  deriveAddress,
  type IdentityRecord,
  type Pow,
  type RecordCheck,
} from './record.ts';

/** How a record came: a stranger's hello, an answer to a lookup, somebody to be registered, evidence. */
export type CheckPurpose = 'hello' | 'found' | 'candidate' | 'evidence';

/**
 * Argon2 work per second in KiB·passes: a tenth of a core for hellos (1.3 GiB/s native), half
 * as much for each other way. Whatever is sent, a quarter of a core is the most that it costs.
 */
export const WORK_PER_SECOND: Readonly<Record<CheckPurpose, number>> = {
  hello: 130_000,
  found: 65_000,
  candidate: 65_000,
  evidence: 65_000,
};
/** Fixed cost of one evaluation and its signature in the same unit, so that tiny work isn't free. */
export const WORK_EACH = 128;
/** Evaluations remembered whose address has the bits: the members a peer keeps, and strangers. */
export const MAX_GOOD_KEPT = 16_384;
/** Those that failed: apart, so that making up records can't push out the good ones. */
export const MAX_BAD_KEPT = 4096;

/** `over-budget`: nothing is known of it yet; it may be sent again later. */
export type Checked = RecordCheck | { readonly ok: false; readonly reason: 'over-budget' };

export class RecordChecker {
  readonly #network: Id;
  readonly #pow: Pow;
  readonly #now: () => number;
  readonly #derive: typeof deriveAddress;
  readonly #good = new Map<Id, Id>();
  readonly #bad = new Map<Id, Id>();
  readonly #pots: Record<CheckPurpose, number> = { ...WORK_PER_SECOND };
  #filledAtMs: number;

  /** `now` in ms; `derive` is the evaluation. */
  constructor(network: Id, pow: Pow, now: () => number, derive = deriveAddress) {
    this.#network = network;
    this.#pow = pow;
    this.#now = now;
    this.#derive = derive;
    this.#filledAtMs = now();
  }

  /** As checkRecord, at the least bits that the network ever took; what was evaluated is known. */
  check(record: IdentityRecord, purpose: CheckPurpose): Checked {
    this.#fill();
    if (record.network !== this.#network || record.bits < this.#pow.bits) {
      return { ok: false, reason: 'of another network, or with too few zero bits' };
    }
    const name = nameOf(record);
    const known = this.#good.get(name) ?? this.#bad.get(name);
    const work = known === undefined ? null : checkWork(record, known);
    if (work?.ok === false) return work;
    // One check may overdraw, so that costly work is still done, but seldom.
    if (this.#pots[purpose] <= 0) return { ok: false, reason: 'over-budget' };
    this.#pots[purpose] -= WORK_EACH;
    const claim = checkClaim(record, this.#network, this.#pow);
    if (!claim.ok) return claim;
    if (work !== null) return work;
    this.#pots[purpose] -= this.#pow.memoryKiB * this.#pow.passes;
    const address = this.#derive(record, this.#pow);
    const check = checkWork(record, address);
    if (check.ok) keep(this.#good, MAX_GOOD_KEPT, name, address);
    else keep(this.#bad, MAX_BAD_KEPT, name, address);
    return check;
  }

  #fill(): void {
    // A clock that was set back fills nothing now, and goes on from where it is.
    const elapsedMs = Math.max(0, this.#now() - this.#filledAtMs);
    this.#filledAtMs = this.#now();
    for (const purpose of PURPOSES) {
      const rate = WORK_PER_SECOND[purpose];
      this.#pots[purpose] = Math.min(rate, this.#pots[purpose] + (rate * elapsedMs) / 1000);
    }
  }
}

const PURPOSES: readonly CheckPurpose[] = ['hello', 'found', 'candidate', 'evidence'];

/** Of the parts that the address is made of: a renewed record has the same. */
function nameOf({ identityKey, createdAtMs, salt }: IdentityRecord): Id {
  const parts = new Writer().raw(identityKey).u64(createdAtMs).raw(salt);
  return hash('identity', parts.finish());
}

function keep(kept: Map<Id, Id>, max: number, name: Id, address: Id): void {
  const [oldest] = kept.keys();
  if (oldest !== undefined && kept.size >= max) kept.delete(oldest);
  kept.set(name, address);
}
