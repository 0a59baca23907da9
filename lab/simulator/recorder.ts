/**
 * The telemetry of a simulated run: rows as members report them, at virtual times, gathered and
 * handed to the store between two stretches of the simulation. Nothing of it reaches a member, so
 * that a run is the same with and without.
 */
import { timestamp } from '../../node/runtime/clock.ts';
import { wireRow } from '../../node/runtime/telemetry.ts';
import type { Row } from '../../node/telemetry.ts';
import type { JsonRow, TelemetryStore } from '../telemetry/store.ts';

/** Rows of one insert: some MB of text, which the engine takes in tens of ms. */
const MAX_INSERT_ROWS = 20_000;

export class Recorder {
  /** Rows stored or waiting to be. */
  rows = 0;
  readonly #store: TelemetryStore | null;
  readonly #run: string;
  readonly #leftOut: ReadonlySet<string>;
  readonly #lines = new Map<string, string[]>();
  #waiting = 0;

  /** Without a store rows are forgotten at once, with one those of the tables left out. */
  constructor(store: TelemetryStore | null, run: string, leftOut: ReadonlySet<string> = new Set()) {
    this.#store = store;
    this.#run = run;
    this.#leftOut = leftOut;
  }

  /** A row of a member, at the virtual time `nowMs`; `trueTime` as for `wireRow`. */
  report(peer: string, row: Row, nowMs: number, trueTime: (shownMs: number) => number): void {
    if (this.#store === null || this.#leftOut.has(row.table)) return;
    const columns = { run: this.#run, ts: timestamp(nowMs), peer, ...wireRow(row, trueTime) };
    this.#add(`lab.${row.table}`, columns);
  }

  /** A row of the lab's own, `run` and `ts` added. */
  note(table: string, nowMs: number, row: JsonRow): void {
    this.#add(`lab.${table}`, { run: this.#run, ts: timestamp(nowMs), ...row });
  }

  /** A row of the truth. */
  truth(table: string, row: JsonRow): void {
    this.#add(`truth.${table}`, { run: this.#run, ...row });
  }

  /** Whether so much waits that it should be stored now. */
  get isFull(): boolean {
    return this.#waiting >= MAX_INSERT_ROWS;
  }

  /** Stores all that waits. */
  async flush(): Promise<void> {
    const lines = [...this.#lines];
    this.#lines.clear();
    this.#waiting = 0;
    for (const [table, rows] of lines) {
      for (let at = 0; at < rows.length; at += MAX_INSERT_ROWS) {
        const batch = rows.slice(at, at + MAX_INSERT_ROWS).join('\n');
        await this.#store?.insertLines(table, batch);
      }
    }
  }

  #add(table: string, row: JsonRow): void {
    if (this.#store === null) return;
    const lines = this.#lines.get(table);
    if (lines === undefined) this.#lines.set(table, [JSON.stringify(row)]);
    else lines.push(JSON.stringify(row));
    this.#waiting += 1;
    this.rows += 1;
  }
}
