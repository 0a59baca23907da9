/**
 * Checks the rows of one insert before they meet anyone else's: gathered inserts succeed or fail as
 * a whole, so one bad row must not reach them. Each line is parsed once, held against the table's
 * columns and against who sent it, and written anew (a line that the engine would read otherwise
 * than we did, as with a key given twice, cannot exist after that).
 */
import type { ColumnKind, Columns } from './schema.ts';

const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?$/;
/** Longest text of one column: a reason or a detail, never a document. */
const MAX_TEXT_CHARS = 4096;
/** Evidence, the longest document, travels as one message of about 10 KB at most; here in hex. */
const MAX_DOCUMENT_CHARS = 32_768;
/**
 * How far from our clock a row's time may be: rows wait at their peer while a supervisor is away, for
 * days at most. Tables are in partitions of a month: one sender's rows of many years would be a part
 * on disk each, and more than the 100 that the engine takes in one insert.
 */
export const MAX_ROW_AGE_MS = 7 * 24 * 3600 * 1000;
/** A transaction has at most 6 tokens; anything longer is no row of ours. */
const MAX_TEXTS = 64;

export type CheckedRows =
  | { readonly ok: true; readonly lines: string; readonly rows: number }
  | { readonly ok: false; readonly reason: string };

/** Who may say what: a peer inserts rows of its own run under its own name, of about the present. */
export interface Sender {
  readonly peer: string;
  readonly run: string;
  /** Our own clock, in ms since the epoch. */
  readonly nowMs: number;
}

/** All lines or none: a peer's batch is one program's output, so one bad row condemns it. */
export function checkRows(text: string, columns: Columns, sender: Sender): CheckedRows {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    let row: unknown;
    try {
      row = JSON.parse(line);
    } catch {
      return { ok: false, reason: `row ${lines.length + 1} is not JSON` };
    }
    const fault = faultOf(row, columns, sender);
    if (fault !== null) return { ok: false, reason: `row ${lines.length + 1}: ${fault}` };
    lines.push(JSON.stringify(row));
  }
  return { ok: true, lines: lines.join('\n'), rows: lines.length };
}

function faultOf(row: unknown, columns: Columns, sender: Sender): string | null {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return 'not an object';
  if (!('peer' in row) || row.peer !== sender.peer) {
    return `peer must be ${JSON.stringify(sender.peer)}`;
  }
  if (!('run' in row)) return 'run is missing';
  if (row.run !== sender.run) {
    return `run must be ${JSON.stringify(sender.run)}`;
  }
  if (!('ts' in row)) return 'ts is missing';
  for (const [column, value] of Object.entries(row)) {
    const kind = Object.hasOwn(columns, column) ? columns[column] : undefined;
    if (kind === undefined) return `no column ${JSON.stringify(column.slice(0, 40))}`;
    if (!fits(value, kind)) return `${column} is not of its type`;
  }
  const ageMs = sender.nowMs - Date.parse(`${String(row.ts)}Z`);
  return Math.abs(ageMs) > MAX_ROW_AGE_MS ? 'ts is more than 7 days from now' : null;
}

function fits(value: unknown, kind: ColumnKind): boolean {
  switch (kind) {
    case 'text':
    case 'label':
      return isText(value);
    case 'document':
      return typeof value === 'string' && value.length <= MAX_DOCUMENT_CHARS;
    case 'texts':
      return Array.isArray(value) && value.length <= MAX_TEXTS && value.every(isText);
    case 'time':
      return isTime(value);
    case 'time?':
      return value === null || isTime(value);
    case 'count':
      return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    case 'number?':
      return value === null || (typeof value === 'number' && Number.isFinite(value));
    case 'boolean':
    default:
      return typeof value === 'boolean';
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT_CHARS;
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && TIME.test(value) && Number.isFinite(Date.parse(`${value}Z`));
}
