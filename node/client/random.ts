/** A client's own random stream: the same seed draws the same load (xoshiro128**, 32-bit). */
import { hashBytes } from '../crypto/hash.ts';

export class LoadRandom {
  readonly #state: Uint32Array;

  /** Any text; different texts give unrelated streams. */
  constructor(seed: string) {
    const bytes = hashBytes('key', new TextEncoder().encode(seed));
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    // An all-zero state would stay zero; a hash is never that.
    this.#state = Uint32Array.from({ length: 4 }, (_, index) => view.getUint32(index * 4));
  }

  /** 0 … 2^32 − 1. */
  word(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#state;
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const e = c ^ a;
    const f = d ^ b;
    this.#state.set([a ^ f, b ^ e, e ^ (b << 9), rotate(f, 11)]);
    return result;
  }

  /** [0, 1). */
  next(): number {
    return this.word() / 2 ** 32;
  }

  /** 0 … bound − 1; 0 for an empty range. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** Time to the next arrival of a Poisson process, ms. */
  intervalMs(perSecond: number): number {
    return (-Math.log(1 - this.next()) / perSecond) * 1000;
  }

  /** Which of `count` ranks, rank r with weight 1/(r+1)^exponent. */
  zipf(count: number, exponent: number): number {
    let total = 0;
    for (let rank = 1; rank <= count; rank += 1) total += rank ** -exponent;
    let left = this.next() * total;
    for (let rank = 1; rank <= count; rank += 1) {
      left -= rank ** -exponent;
      if (left < 0) return rank - 1;
    }
    return Math.max(0, count - 1);
  }
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
