/**
 * The run's journal, `journal.ndjson`: what was done, each line on disk (fsync) before the thing
 * itself is done. A supervisor that was killed is started again from it, and `lab down` finds in it
 * everything that may exist because of the run.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { CreatedObject } from '../drivers/driver.ts';
import type { LinkMeasurement } from '../analysis/result.ts';
import { RUN_FILES } from './api.ts';

const endpoint = z.object({ ip: z.string(), port: z.number() });
const createdObject = z.union([
  z.object({ type: z.enum(['container', 'network', 'volume']), name: z.string() }),
  z.object({ type: z.literal('process'), pid: z.number(), startTicks: z.number() }),
  z.object({ type: z.literal('directory'), path: z.string() }),
]);
const phase = z.enum([
  'preparing',
  'launching',
  'meshing',
  'measuring',
  'running',
  'draining',
  'scoring',
  'stopped',
  'removing',
  'ended',
  'failed',
]);
const measurement = z.object({
  from: z.string(),
  to: z.string(),
  askedRttMs: z.number(),
  measuredRttMs: z.number().nullable(),
  askedLoss: z.number(),
  measuredLoss: z.number().nullable(),
  n: z.number(),
  ok: z.boolean(),
});
const knobs = z.record(z.string(), z.union([z.number(), z.string(), z.boolean()]));

/** One line. `atMs` is wall time, ms since the epoch. `planned` is the place in the manifest's list. */
const entrySchema = z.discriminatedUnion('entry', [
  z.object({ entry: z.literal('created'), object: createdObject }),
  z.object({ entry: z.literal('phase'), atMs: z.number(), phase }),
  z.object({ entry: z.literal('port'), port: z.number() }),
  z.object({
    entry: z.literal('hello'),
    name: z.string(),
    pid: z.number(),
    record: z.string(),
    address: z.string(),
    endpoint,
  }),
  z.object({ entry: z.literal('launch'), name: z.string() }),
  z.object({ entry: z.literal('genesis'), atMs: z.number() }),
  z.object({ entry: z.literal('load-started'), atMs: z.number() }),
  z.object({ entry: z.literal('load-ended'), atMs: z.number() }),
  z.object({ entry: z.literal('halted'), atMs: z.number() }),
  z.object({ entry: z.literal('resumed'), atMs: z.number() }),
  z.object({
    entry: z.literal('attack'),
    atMs: z.number(),
    id: z.string(),
    name: z.string(),
    state: z.enum(['running', 'paused', 'stopped']),
    knobs,
    planned: z.string().nullable(),
  }),
  z.object({
    entry: z.literal('fault-started'),
    atMs: z.number(),
    id: z.string(),
    /** Checked by the fault controller, which wrote it. */
    fault: z.string(),
    forMs: z.number().nullable(),
    planned: z.string().nullable(),
  }),
  z.object({ entry: z.literal('fault-ended'), atMs: z.number(), id: z.string() }),
  z.object({ entry: z.literal('links'), measurements: z.array(measurement) }),
  z.object({ entry: z.literal('fidelity'), reason: z.string() }),
  z.object({ entry: z.literal('ended'), atMs: z.number(), exitCode: z.number() }),
]);
export type JournalEntry = z.infer<typeof entrySchema>;
type Of<E extends JournalEntry['entry']> = Extract<JournalEntry, { entry: E }>;

/** What the lines add up to. */
export interface JournalState {
  readonly created: readonly CreatedObject[];
  readonly phase: Of<'phase'>['phase'] | null;
  /** Wall time of the first line that has one. */
  readonly sinceMs: number | null;
  readonly port: number | null;
  /** The newest hello of each member. */
  readonly hellos: ReadonlyMap<string, Of<'hello'>>;
  /** Members whose launch was begun (not necessarily done). */
  readonly launched: ReadonlySet<string>;
  readonly genesisAtMs: number | null;
  readonly loadStartedAtMs: number | null;
  readonly loadEndedAtMs: number | null;
  /** Total time halted since the load started, and since when it is halted now. */
  readonly haltedMs: number;
  readonly haltedAtMs: number | null;
  /** The newest line of each attack, with the time of its first. */
  readonly attacks: ReadonlyMap<string, Of<'attack'> & { readonly startedAtMs: number }>;
  readonly faults: ReadonlyMap<string, Of<'fault-started'> & { readonly endedAtMs: number | null }>;
  /** The newest measurement of each ordered region pair. */
  readonly links: readonly LinkMeasurement[];
  /** False when any measurement of the run, also an early one, was not as asked. */
  readonly shapingOk: boolean;
  readonly fidelityReasons: readonly string[];
  readonly exitCode: number | null;
  /** Complete lines that could not be read: damage, not a torn end. */
  readonly damagedLines: number;
}

function parseLines(text: string): { entries: JournalEntry[]; damagedLines: number } {
  const entries: JournalEntry[] = [];
  let damagedLines = 0;
  // What follows the last newline was being written when the writer died: it was not done yet.
  for (const line of text.split('\n').slice(0, -1)) {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      value = null;
    }
    const parsed = entrySchema.safeParse(value);
    if (parsed.success) entries.push(parsed.data);
    else damagedLines += 1;
  }
  return { entries, damagedLines };
}

type Draft = { -readonly [Key in keyof JournalState]: JournalState[Key] };

function fold(entries: readonly JournalEntry[], damagedLines: number): JournalState {
  const created: CreatedObject[] = [];
  const hellos = new Map<string, Of<'hello'>>();
  const launched = new Set<string>();
  const attacks = new Map<string, Of<'attack'> & { startedAtMs: number }>();
  const faults = new Map<string, Of<'fault-started'> & { endedAtMs: number | null }>();
  const links = new Map<string, LinkMeasurement>();
  const fidelityReasons: string[] = [];
  const draft: Draft = {
    created,
    hellos,
    launched,
    attacks,
    faults,
    fidelityReasons,
    damagedLines,
    phase: null,
    sinceMs: null,
    port: null,
    genesisAtMs: null,
    loadStartedAtMs: null,
    loadEndedAtMs: null,
    haltedMs: 0,
    haltedAtMs: null,
    links: [],
    shapingOk: true,
    exitCode: null,
  };
  for (const line of entries) {
    if ('atMs' in line) draft.sinceMs ??= line.atMs;
    if (line.entry === 'created') created.push(line.object);
    else if (line.entry === 'phase') draft.phase = line.phase;
    else if (line.entry === 'port') draft.port = line.port;
    else if (line.entry === 'hello') hellos.set(line.name, line);
    else if (line.entry === 'launch') launched.add(line.name);
    else if (line.entry === 'genesis') draft.genesisAtMs ??= line.atMs;
    else if (line.entry === 'load-started') draft.loadStartedAtMs ??= line.atMs;
    else if (line.entry === 'load-ended') draft.loadEndedAtMs = line.atMs;
    else if (line.entry === 'halted') draft.haltedAtMs ??= line.atMs;
    else if (line.entry === 'resumed') {
      if (draft.haltedAtMs !== null) draft.haltedMs += line.atMs - draft.haltedAtMs;
      draft.haltedAtMs = null;
    } else if (line.entry === 'attack') {
      const startedAtMs = attacks.get(line.id)?.startedAtMs ?? line.atMs;
      attacks.set(line.id, { ...line, startedAtMs });
    } else if (line.entry === 'fault-started') faults.set(line.id, { ...line, endedAtMs: null });
    else if (line.entry === 'fault-ended') {
      const fault = faults.get(line.id);
      if (fault !== undefined) faults.set(line.id, { ...fault, endedAtMs: line.atMs });
    } else if (line.entry === 'links') {
      for (const m of line.measurements) links.set(`${m.from} ${m.to}`, m);
      if (line.measurements.some((m) => !m.ok)) draft.shapingOk = false;
    } else if (line.entry === 'fidelity') fidelityReasons.push(line.reason);
    else draft.exitCode = line.exitCode;
  }
  return { ...draft, links: [...links.values()] };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

/** What the journal in a run's directory says; a run without one has done nothing yet. */
export function readJournal(runDirectory: string): JournalState {
  const { entries, damagedLines } = parseLines(
    readText(path.join(runDirectory, RUN_FILES.journal)),
  );
  return fold(entries, damagedLines);
}

/** The one writer of a run's journal (its supervisor, which holds the run's lock). */
export class Journal {
  private readonly descriptor: number;
  private readonly entries: JournalEntry[];
  private folded: JournalState;

  constructor(runDirectory: string) {
    const file = path.join(runDirectory, RUN_FILES.journal);
    const text = readText(file);
    const { entries, damagedLines } = parseLines(text);
    this.entries = entries;
    this.folded = fold(entries, damagedLines);
    this.descriptor = openSync(file, 'a', 0o600);
    // A torn end would swallow the next line.
    ftruncateSync(this.descriptor, Buffer.byteLength(text.slice(0, text.lastIndexOf('\n') + 1)));
  }

  get state(): JournalState {
    return this.folded;
  }

  /** Returns when the line is on disk. Throws when the disk does not take it. */
  write(entry: JournalEntry): void {
    writeSync(this.descriptor, `${JSON.stringify(entry)}\n`);
    fsyncSync(this.descriptor);
    this.entries.push(entry);
    this.folded = fold(this.entries, this.folded.damagedLines);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
