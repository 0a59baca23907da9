import type { Store } from '../host.ts';
import { decode } from './reader.ts';

/** Counters and times are far below (ms reach it in 140,000 years), and there is room to count on. */
const MAX_STORED = 2 ** 52;

/**
 * The u64 that a store holds under `key`, null for none. Throws an Error for anything else there: a
 * peer must not go on from a number that it may have used already.
 */
export function storedU64(store: Pick<Store, 'get'>, key: string): number | null {
  const bytes = store.get(key);
  if (bytes === undefined) return null;
  const read = decode(bytes, (reader) => reader.u64());
  if (!read.ok) throw new Error(`the stored ${key} is damaged: ${read.reason}`);
  if (read.value > MAX_STORED) throw new Error(`the stored ${key} is damaged: ${read.value}`);
  return read.value;
}
