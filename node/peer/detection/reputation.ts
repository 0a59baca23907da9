/**
 * Reputation (PROTOCOL.md 8): counters of answers given and answers that held, O(1) per case and
 * O(n) in all, halved and written to disk once an interval, so that it outlives restarts.
 *
 * Snapshot: count u16 ‖ per member id 32 ‖ answered, asked, held, judged, each u32 in hundredths.
 */
import { decode } from '../../codec/reader.ts';
import { Writer } from '../../codec/writer.ts';
import type { Host } from '../../host.ts';
import type { Id } from '../../id.ts';
import { type ProtocolParameters, scaledMs } from '../../parameters.ts';
import { Detector } from './detector.ts';

const KEY = 'reputation';
/** As an epoch of a lamppost key; never more often than that, whatever the scale. */
const INTERVAL_HOURS = 24;
const LEAST_INTERVAL_MS = 30_000;
/** Members counted; who was noted longest ago goes first. A snapshot has 48 bytes for each. */
const MAX_COUNTED = 1024;
/** A stranger is worth a half; so many cases move it half of the way. */
const PRIOR = 2;
/** Flagged when fewer than so many of its judged answers held, of at least so many judged. */
const LEAST_HELD = 0.6;
const LEAST_JUDGED = 3;
/** What a reset costs: as so many answers that did not hold (PROTOCOL.md 7). */
const RESET_COST = 0.5;
const HUNDREDTHS = 100;
const MAX_U32 = 0xffff_ffff;

interface Counts {
  answered: number;
  asked: number;
  held: number;
  judged: number;
}

export class Reputation {
  readonly detector: Detector;
  readonly #host: Host;
  readonly #intervalMs: number;
  readonly #counts = new Map<Id, Counts>();
  #snapshotAt: number;

  constructor(host: Host, parameters: Pick<ProtocolParameters, 'timeScale'>) {
    this.#host = host;
    this.#intervalMs = Math.max(LEAST_INTERVAL_MS, scaledMs(INTERVAL_HOURS, parameters));
    this.#snapshotAt = host.now() + this.#intervalMs;
    this.detector = new Detector('reputation', host);
    this.#restore();
  }

  /** In [0,1]: half availability, half how much of what it said held. */
  of(id: Id): number {
    const { answered, asked, held, judged } = this.#counts.get(id) ?? nothing();
    const share = (good: number, all: number): number => (good + PRIOR / 2) / (all + PRIOR);
    return (share(answered, asked) + share(held, judged)) / 2;
  }

  asked(id: Id, answered: boolean): void {
    const counts = this.#at(id);
    counts.asked += 1;
    if (answered) counts.answered += 1;
  }

  judged(id: Id, held: boolean): void {
    const counts = this.#at(id);
    counts.judged += 1;
    if (held) counts.held += 1;
    this.detector.checked();
    const share = counts.held / counts.judged;
    if (held || counts.judged < LEAST_JUDGED || share >= LEAST_HELD) return;
    this.detector.flag(id, 'too little of what it said held', 1 - share);
  }

  /** It began a new epoch: honest peers do so seldom. */
  reset(id: Id): void {
    this.#at(id).judged += RESET_COST;
  }

  forget(id: Id): void {
    this.#counts.delete(id);
  }

  /** Halves all and writes them down, once an interval. */
  tick(): void {
    const now = this.#host.now();
    if (now < this.#snapshotAt && this.#snapshotAt - now <= this.#intervalMs) return;
    this.#snapshotAt = now + this.#intervalMs;
    const writer = new Writer().u16(this.#counts.size);
    for (const [id, counts] of this.#counts) {
      counts.answered /= 2;
      counts.asked /= 2;
      counts.held /= 2;
      counts.judged /= 2;
      writer.id(id);
      for (const count of [counts.answered, counts.asked, counts.held, counts.judged]) {
        writer.u32(Math.min(MAX_U32, Math.round(count * HUNDREDTHS)));
      }
    }
    this.#host.store.put(KEY, writer.finish());
  }

  #restore(): void {
    const bytes = this.#host.store.get(KEY);
    if (bytes === undefined) return;
    const read = decode(bytes, (reader) => {
      const count = (): number => reader.u32() / HUNDREDTHS;
      return Array.from({ length: reader.u16() }, (): readonly [Id, Counts] => [
        reader.id(),
        { answered: count(), asked: count(), held: count(), judged: count() },
      ]);
    });
    if (!read.ok) throw new Error(`the stored reputation is damaged: ${read.reason}`);
    for (const [id, counts] of read.value) this.#counts.set(id, counts);
  }

  #at(id: Id): Counts {
    const counts = this.#counts.get(id) ?? nothing();
    this.#counts.delete(id);
    this.#counts.set(id, counts);
    const [oldest] = this.#counts.keys();
    if (oldest !== undefined && this.#counts.size > MAX_COUNTED) this.#counts.delete(oldest);
    return counts;
  }
}

function nothing(): Counts {
  return { answered: 0, asked: 0, held: 0, judged: 0 };
}
