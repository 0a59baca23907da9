/** A LAB_HOME with stores of runs, offered as `lab serve` does it. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Offered } from '../../lab/serve/offered.ts';
import { serve, type Serving } from '../../lab/serve/server.ts';
import { openStore } from '../../lab/telemetry/open.ts';
import type { JsonRow } from '../../lab/telemetry/store.ts';

export const TOKEN = 'a-token-of-a-test-that-is-long-enough';

export interface Offering {
  readonly url: string;
  readonly home: string;
  /** Adds rows to the store of a run, which is made when it is not there. */
  store(run: string, tables: Readonly<Record<string, readonly JsonRow[]>>): Promise<void>;
  /** A query as curl would send it. */
  ask(sql: string, search?: Readonly<Record<string, string>>): Promise<Response>;
  /** Lets the time pass after which is looked for new rows. */
  wait(ms: number): void;
  close(): Promise<void>;
}

export async function openOffering(): Promise<Offering> {
  const home = mkdtempSync(path.join(tmpdir(), 'lab-serve-'));
  const rows = path.join(home, 'serve');
  mkdirSync(rows);
  const runs: string[] = [];
  let nowMs = 0;
  const directoryOf = (run: string): string => path.join(home, run);
  const offered = new Offered(
    () => runs.map((name) => ({ name, directory: directoryOf(name) })),
    rows,
    () => nowMs,
  );
  const serving: Serving = await serve(() => offered.engine(), {
    host: '127.0.0.1',
    port: 0,
    token: TOKEN,
  });
  const url = `http://127.0.0.1:${serving.port}`;
  return {
    url,
    home,
    store: async (run, tables) => {
      const store = await openStore(directoryOf(run), null);
      for (const [table, given] of Object.entries(tables)) await store.insert(table, given);
      await store.close();
      if (!runs.includes(run)) runs.push(run);
    },
    ask: (sql, search = {}) =>
      fetch(`${url}/?${new URLSearchParams(search).toString()}`, {
        method: 'POST',
        body: sql,
        headers: { authorization: `Basic ${btoa(`reader:${TOKEN}`)}` },
      }),
    wait: (ms) => {
      nowMs += ms;
    },
    close: async () => {
      await serving.close();
      await offered.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
