/** Fetches transactions that others have named and that have not arrived (PROTOCOL.md 4). */
import type { Id } from '../id.ts';
import type { Pending, PendingTable } from '../voting/pending.ts';
import type { PeerContext } from './context.ts';
import { witnessesOf } from './witnesses.ts';

/** Ten times a second, for one who names them: a name costs it nothing, and others are asked. */
const PER_TICK = 16;

export class Fetching {
  readonly #context: PeerContext;
  readonly #table: PendingTable;

  constructor(context: PeerContext, table: PendingTable) {
    this.#context = context;
    this.#table = table;
  }

  /** Several times a second. What nobody had within `limitMs` is forgotten. */
  tick(now: number, limitMs: number): void {
    const asked = new Map<Id, number>();
    for (const pending of this.#table.unknown()) {
      const before = asked.get(pending.by) ?? 0;
      if (now - pending.since > limitMs) this.#table.remove(pending.tx);
      else if (now >= pending.nextRetryAt && before < PER_TICK) {
        asked.set(pending.by, before + 1);
        this.#fetch(pending, now);
      }
    }
  }

  #fetch(pending: Pending, now: number): void {
    // Those who spoke of it first, then its witnesses, who may have it when those have not.
    const sources = [...pending.voters, ...witnessesOf(this.#context, pending.tx)];
    const from = sources[pending.retries % Math.max(1, sources.length)];
    if (from !== undefined) this.#context.send(from, { type: 'get-transaction', tx: pending.tx });
    pending.backOff(now);
  }
}
