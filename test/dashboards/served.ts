/** Asks as Grafana's plug-in does over HTTP: blocks of the native format, of `lab serve`. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Offered } from '../../lab/serve/offered.ts';
import { serve } from '../../lab/serve/server.ts';
import { readNative } from '../serve/native-reader.ts';

/** clickhouse-go 2.47, which is in version 4.20 of the plug-in. */
const GO_REVISION = 54_460;
const TOKEN = 'a-token-of-a-test-that-is-long-enough';

export interface Served {
  /** Columns with their types and the number of their rows. Throws what was refused. */
  ask(sql: string): Promise<{ columns: { name: string; type: string }[]; rows: number }>;
  close(): Promise<void>;
}

export async function served(run: string, directory: string): Promise<Served> {
  const rows = mkdtempSync(path.join(os.tmpdir(), 'lab-served-'));
  const offered = new Offered(
    () => [{ name: run, directory }],
    rows,
    () => performance.now(),
  );
  const serving = await serve(() => offered.engine(), {
    host: '127.0.0.1',
    port: 0,
    token: TOKEN,
  });
  const search = `default_format=Native&client_protocol_version=${GO_REVISION}`;
  return {
    async ask(sql) {
      const response = await fetch(`http://127.0.0.1:${serving.port}/?${search}`, {
        method: 'POST',
        body: sql,
        headers: { authorization: `Basic ${btoa(`reader:${TOKEN}`)}` },
      });
      if (response.status !== 200) throw new Error(await response.text());
      const read = readNative(Buffer.from(await response.arrayBuffer()), GO_REVISION);
      const columns = read.map(({ name, type }) => ({ name, type }));
      return { columns, rows: read[0]?.values.length ?? 0 };
    },
    async close() {
      await serving.close();
      await offered.close();
      rmSync(rows, { recursive: true, force: true });
    },
  };
}
