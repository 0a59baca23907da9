/**
 * What happened in a run, in order, for the clients that watch it. All but the figures are kept in
 * `events.ndjson` as well, so that a client which comes after a restart still sees them.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { RunEvent } from './api.ts';

const EVENTS_FILE = 'events.ndjson';
/** Figures of the last hour at one a second; older ones are in the telemetry anyway. */
const MAX_FIGURES = 3600;

type Body<E> = E extends unknown ? Omit<E, 'n' | 'atMs'> : never;
export type RunEventBody = Body<RunEvent>;

function isEvent(value: unknown): value is RunEvent {
  return typeof value === 'object' && value !== null && 'n' in value && 'type' in value;
}

function readEvents(file: string): RunEvent[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return isEvent(value) ? [value] : [];
    } catch {
      return [];
    }
  });
}

export class RunEvents {
  private readonly file: string;
  private readonly events: RunEvent[];
  private figures = 0;
  private next: number;
  private readonly listeners = new Set<(event: RunEvent) => void>();
  private readonly now: () => number;

  /** `now` is virtual in a simulated run. */
  constructor(runDirectory: string, now = (): number => Date.now()) {
    this.now = now;
    this.file = path.join(runDirectory, EVENTS_FILE);
    this.events = readEvents(this.file);
    this.next = (this.events.at(-1)?.n ?? -1) + 1;
  }

  emit(body: RunEventBody): void {
    // Figures are not kept over a restart, so they must not count: they share the number of the event
    // before them, and whoever follows on from it neither misses nor repeats what is kept.
    const n = body.type === 'figures' ? Math.max(0, this.next - 1) : this.next;
    const event: RunEvent = { n, atMs: this.now(), ...body };
    this.events.push(event);
    if (event.type === 'figures') this.dropOldFigures();
    else {
      this.next += 1;
      // The leading newline keeps a line that a dead supervisor tore from swallowing this one.
      appendFileSync(this.file, `\n${JSON.stringify(event)}`, { mode: 0o600 });
    }
    for (const listener of this.listeners) listener(event);
  }

  /** Calls back with every event from number `since` on, those of the past first. Returns the end of it. */
  follow(since: number, listener: (event: RunEvent) => void): () => void {
    for (const event of this.events) if (event.n >= since) listener(event);
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Everything kept, in order. */
  all(): readonly RunEvent[] {
    return this.events;
  }

  private dropOldFigures(): void {
    this.figures += 1;
    if (this.figures <= MAX_FIGURES) return;
    const oldest = this.events.findIndex((event) => event.type === 'figures');
    this.events.splice(oldest, 1);
    this.figures -= 1;
  }
}
