/** Answers of a supervisor as entries of the feed and points of the series. Pure functions. */
import type {
  DETECTION_OVER_TIME,
  FINALITY_OVER_TIME,
  THROUGHPUT_OVER_TIME,
} from '../analysis/series.ts';
import type { RunEvent } from '../supervisor/api.ts';
import type { FeedRow } from '../telemetry/feed.ts';
import type { NamedQuery } from '../telemetry/queries.ts';
import type { DATAGRAMS_OVER_TIME } from '../telemetry/series.ts';
import { PHASE_TEXT } from '../terminal/progress.ts';
import type { FeedEntry, LivePoint } from './model.ts';

/** The rows of a named query. */
export type RowsOf<Query> = Query extends NamedQuery<infer Row> ? readonly Row[] : never;

/** Names of members by their addresses. */
export type Names = ReadonlyMap<string, string>;

/** Hex digits of an address that a person needs. */
const SHORT = 8;

/** What an event tells; null for those that are no news. */
export function entryOfEvent(event: RunEvent): FeedEntry | null {
  const common = { key: `event:${event.n}`, atMs: event.atMs, peer: null, subject: null };
  const { type } = event;
  if (type === 'progress' || type === 'figures') return null;
  if (type === 'note') return { ...common, kind: 'note', text: event.text };
  if (type === 'ended') {
    return { ...common, kind: 'phase', text: `the run has ended, exit code ${event.exitCode}` };
  }
  if (type === 'phase') {
    const why = event.text === '' ? '' : `: ${event.text}`;
    return { ...common, kind: 'phase', text: PHASE_TEXT[event.phase] + why };
  }
  const { id, state } = event;
  return { ...common, kind: type, subject: id, text: `${type} ${id}: ${state}` };
}

/** Rows of the query `feed` as entries. */
export function entriesOfRows(rows: readonly FeedRow[], names: Names): FeedEntry[] {
  const called = (address: string): string => names.get(address) ?? address.slice(0, SHORT);
  return rows.map(({ what, key, at_ms, peer, subject, about, detail }) => ({
    key,
    atMs: at_ms,
    kind: what,
    peer,
    subject: subject === '' ? null : subject,
    text: textOf(what, about === '' ? '' : called(about), detail),
  }));
}

function textOf(what: FeedRow['what'], about: string, detail: string): string {
  if (what === 'evidence') return `evidence against ${about}: ${detail}`;
  if (what === 'flag') return `${about} flagged by ${detail}`;
  if (what === 'ban') return `${about} banned for the first time`;
  if (what === 'slash') return `slashing of ${about} ${detail}`;
  if (what === 'statement') return `${about}: ${detail}`;
  return detail;
}

/** Points of all steps that any of these rows is about, in order of time. */
export function pointsOf(rows: {
  readonly throughput: RowsOf<typeof THROUGHPUT_OVER_TIME>;
  readonly finality: RowsOf<typeof FINALITY_OVER_TIME>;
  readonly datagrams: RowsOf<typeof DATAGRAMS_OVER_TIME>;
  readonly detection: RowsOf<typeof DETECTION_OVER_TIME>;
}): LivePoint[] {
  const byStep = <Row extends { at_ms: number }>(list: readonly Row[]): Map<number, Row> =>
    new Map(list.map((row) => [row.at_ms, row]));
  const throughput = byStep(rows.throughput);
  const finality = byStep(rows.finality);
  const datagrams = byStep(rows.datagrams);
  const detection = byStep(rows.detection);
  const steps = new Set([throughput, finality, datagrams, detection].flatMap((m) => [...m.keys()]));
  return [...steps]
    .sort((a, b) => a - b)
    .map((atMs) => ({
      atMs,
      submitted: throughput.get(atMs)?.submitted ?? 0,
      committed: throughput.get(atMs)?.committed ?? 0,
      p50Ms: finality.get(atMs)?.p50 ?? null,
      p99Ms: finality.get(atMs)?.p99 ?? null,
      messages: datagrams.get(atMs)?.messages ?? 0,
      bytes: datagrams.get(atMs)?.bytes ?? 0,
      flags: detection.get(atMs)?.flags ?? 0,
      evidence: detection.get(atMs)?.evidence ?? 0,
      bans: detection.get(atMs)?.bans ?? 0,
      slashings: detection.get(atMs)?.slashings ?? 0,
    }));
}

/** Lengths of a step, ms: what people count in. */
const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400].map(
  (seconds) => seconds * 1000,
);

/** The shortest step with which no more than `limit` of them cover `spanMs`. */
export function stepFor(spanMs: number, limit: number): number {
  return STEPS_MS.find((step) => spanMs / step <= limit) ?? Math.ceil(spanMs / limit);
}
