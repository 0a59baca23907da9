/**
 * Where a run's rows are: in its own folder, or at the server that CLICKHOUSE_URL named when it was
 * first opened. A note beside the folder says so, so that a later command (or a supervisor that is
 * started again from another shell) neither asks the wrong place nor begins a second one.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { EXIT, LabError } from '../errors.ts';
import type { ServerOptions } from './open.ts';

function noteOf(directory: string): string {
  return `${directory}.server`;
}

/** Whether anything was ever opened for that folder. */
export function storeExists(directory: string): boolean {
  return existsSync(directory) || existsSync(noteOf(directory));
}

/**
 * The server to use for a store, or null for the embedded engine; remembers it for the next time.
 * Throws a LabError when the rows are at a server that nothing names now.
 */
export function placeOf(directory: string, server: ServerOptions | null): ServerOptions | null {
  if (existsSync(directory)) return null;
  const note = noteOf(directory);
  if (server !== null) {
    mkdirSync(path.dirname(directory), { recursive: true });
    // Without user and password, which a URL may carry too.
    writeFileSync(note, `${URL.parse(server.url)?.origin ?? server.url}\n`);
    return server;
  }
  if (!existsSync(note)) return null;
  throw new LabError(`its rows are at ${readFileSync(note, 'utf8').trim()}`, {
    exitCode: EXIT.badUse,
    remedy: 'set CLICKHOUSE_URL, CLICKHOUSE_USER and CLICKHOUSE_PASSWORD as when it was started',
  });
}
