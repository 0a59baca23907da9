/** The lines of a run's journal, as they stand in `journal.ndjson`. */
import { z } from 'zod';

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
  /** Newcomers are told of the network; who was not reached is told again by whoever comes after. */
  z.object({ entry: z.literal('join'), atMs: z.number(), names: z.array(z.string()) }),
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
    /** Names of the members that take part: they alone get its orders and one another's words. */
    members: z.array(z.string()),
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
/** One kind of line. */
export type EntryOf<E extends JournalEntry['entry']> = Extract<JournalEntry, { entry: E }>;

/** The complete lines of a journal's text, and how many of them could not be read. */
export function parseLines(text: string): { entries: JournalEntry[]; damagedLines: number } {
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
