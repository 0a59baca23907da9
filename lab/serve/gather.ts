/**
 * Puts the rows of several stores into one new store, without copying them: parts are linked (hard
 * links; another name for the same file) into the new store's tables and attached there. The stores
 * themselves are neither opened nor locked, so a run may go on meanwhile; what its supervisor stored
 * until now is in. Run as a process of its own, since an engine serves one folder per process:
 *
 *   node gather.ts TARGET STORE…
 */
import { copyFileSync, linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { openStore } from '../telemetry/open.ts';
import { ALL_TABLES } from '../telemetry/schema.ts';
import { partitionOf, partsOf, tableFolder } from './parts.ts';

/** A merge can take a part away between listing and linking; twice in a row is rare. */
const ATTEMPTS = 3;

/** Another name for the file, or a copy where the file system has no such thing. */
function linkFile(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw error;
    copyFileSync(from, to);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function linkPart(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) linkPart(source, target);
    else linkFile(source, target);
  }
}

/** Links all parts of one table of one store; returns the next free number. */
function linkTable(store: string, table: string, detached: string, first: number): number {
  for (let attempt = 1; ; attempt += 1) {
    const made: string[] = [];
    let number = first;
    try {
      for (const part of partsOf(store, table)) {
        const to = path.join(detached, `${partitionOf(part)}_${number}_${number}_0`);
        made.push(to);
        linkPart(path.join(tableFolder(store, table), part), to);
        number += 1;
      }
      return number;
    } catch (error) {
      for (const folder of made) rmSync(folder, { recursive: true, force: true });
      if (codeOf(error) !== 'ENOENT' || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Makes a store at `target` that holds the rows of all `stores`. */
export async function gather(target: string, stores: readonly string[]): Promise<void> {
  const store = await openStore(target, null);
  try {
    for (const table of ALL_TABLES) {
      const detached = path.join(tableFolder(target, table), 'detached');
      let next = 1;
      for (const source of stores) next = linkTable(source, table, detached, next);
      if (next > 1) await store.query(`ALTER TABLE ${table} ATTACH PARTITION ALL`);
    }
  } finally {
    await store.close();
  }
}

const [, script, target, ...stores] = process.argv;
if (import.meta.filename === script && target !== undefined) await gather(target, stores);
