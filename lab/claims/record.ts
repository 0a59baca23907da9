/**
 * What is on record of each row: docs/claims.json, from which docs/CLAIMS.md is made. Rows take from
 * seconds to many minutes, so each is put on record by itself as soon as it is measured.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { JudgedClaim } from './claim.ts';
import { claimsDocument } from './document.ts';
import { CLAIMS } from './ledger.ts';

const DOCS = path.join(import.meta.dirname, '..', '..', 'docs');
const RECORD = path.join(DOCS, 'claims.json');

/** By id; empty before anything was put on record. */
export function readRecord(): ReadonlyMap<string, JudgedClaim> {
  if (!existsSync(RECORD)) return new Map();
  // Written below.
  const rows: readonly JudgedClaim[] = JSON.parse(readFileSync(RECORD, 'utf8'));
  return new Map(rows.map((row) => [row.id, row]));
}

/** The row takes the place of what was on record of it; the document is made anew. */
export function putOnRecord(row: JudgedClaim): void {
  const record = new Map(readRecord()).set(row.id, row);
  const rows = CLAIMS.flatMap(({ id }) => record.get(id) ?? []);
  replace(RECORD, `${JSON.stringify(rows, null, 2)}\n`);
  replace(path.join(DOCS, 'CLAIMS.md'), claimsDocument(CLAIMS, record));
}

function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}
