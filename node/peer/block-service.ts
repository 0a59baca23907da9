/**
 * Blocks of the own chain for whoever asks (PROTOCOL.md 6): how many, by what they are wanted for.
 * Each is read from disk, and a remote must not be able to keep the disk busy.
 */
import type { Id } from '../id.ts';
import type { BlockPriority } from '../wire/keeping.ts';
import { Allowance } from './allowance.ts';

/**
 * For one remote, per second. A newcomer asks up to a hundred (chain-source.ts); checks of claims are
 * few and must not wait behind it; history is nobody's emergency.
 */
const PER_REMOTE: Readonly<Record<BlockPriority, number>> = {
  synchronisation: 120,
  validation: 40,
  historical: 5,
};
/**
 * Read from disk per second for all remotes together: about 5 % of a core at 50 µs each. Each
 * priority may take the total up to its own mark, so the last quarter is left for validation.
 */
const UP_TO: Readonly<Record<BlockPriority, number>> = {
  synchronisation: 750,
  validation: 1000,
  historical: 100,
};

export class BlockService {
  readonly #perRemote: Readonly<Record<BlockPriority, Allowance>> = {
    synchronisation: new Allowance(PER_REMOTE.synchronisation, 1000),
    validation: new Allowance(PER_REMOTE.validation, 1000),
    historical: new Allowance(PER_REMOTE.historical, 1000),
  };
  #read = 0;
  #windowEndsAt = 0;

  /** May `remote` have another block now? If so, `reads` reads are counted. */
  admits(remote: Id, priority: BlockPriority, nowMs: number, reads = 1): boolean {
    // A clock that was set back opens a new window too.
    if (nowMs >= this.#windowEndsAt || nowMs < this.#windowEndsAt - 1000) {
      this.#read = 0;
      this.#windowEndsAt = nowMs + 1000;
    }
    if (this.#read + reads > UP_TO[priority]) return false;
    if (!this.#perRemote[priority].take(remote, nowMs)) return false;
    this.#read += reads;
    return true;
  }
}
