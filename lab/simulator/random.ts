/**
 * Random numbers that are a function of a seed and a name. Each consumer has a stream of its own, so
 * one that draws more, or is added, shifts nobody else's draws.
 */
import { blake3 } from '../../node/crypto/hash.ts';

/** A stream of draws. */
export interface Random {
  /** Uniform in [0, 1), in steps of 2^-32. */
  next(): number;
  /** Fresh bytes; a simulated peer's secrets are only as secret as the run's seed. */
  bytes(length: number): Uint8Array;
}

export class Streams {
  readonly #seed: string;

  constructor(seed: number | string) {
    this.#seed = String(seed);
  }

  /**
   * The stream of these names, from its beginning: who asks twice gets the same draws twice, so
   * the asker keeps it.
   */
  stream(...names: readonly (string | number)[]): Random {
    // JSON keeps ['a', 'b'] and ['ab'], 1 and '1' apart.
    const text = JSON.stringify([this.#seed, ...names]);
    return new Sfc32(blake3(new TextEncoder().encode(text)));
  }
}

/** The first draws mix the state: sfc32's author lets twelve go by. */
const WARM_UP = 12;

/** sfc32 of PractRand (Chris Doty-Humphrey): 128 bits of state of which 32 are a counter. */
class Sfc32 implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  constructor(seed: Uint8Array) {
    const words = new DataView(seed.buffer, seed.byteOffset, seed.byteLength);
    this.#a = words.getInt32(0);
    this.#b = words.getInt32(4);
    this.#c = words.getInt32(8);
    this.#counter = words.getInt32(12);
    for (let draw = 0; draw < WARM_UP; draw += 1) this.#word();
  }

  next(): number {
    return (this.#word() >>> 0) / 2 ** 32;
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let word = 0;
    for (let index = 0; index < length; index += 1) {
      word = index % 4 === 0 ? this.#word() : word >>> 8;
      bytes[index] = word;
    }
    return bytes;
  }

  #word(): number {
    const word = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + word) | 0;
    return word;
  }
}
