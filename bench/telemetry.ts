/**
 * Rows per second through the lab's endpoint, as peers post them, against the embedded engine
 * reading the same rows by its fastest text-free way (RowBinary from a file), in the same process.
 * Beside it, the engine alone reading the same JSON lines: what no endpoint that takes what
 * ClickHouse clients post can exceed.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TelemetryEndpoint } from '../lab/telemetry/endpoint.ts';
import { openStore } from '../lab/telemetry/open.ts';
import type { TelemetryStore } from '../lab/telemetry/store.ts';
import type { Benchmark } from './run.ts';

/** A network of 60 peers reports about 2,000 rows a second; this is a hundred times that. */
const ROWS = 200_000;
const ROWS_PER_POST = 1000;
/** Posts under way together, as from that many peers. */
const PEERS = 16;
const REPETITIONS = 3;
/** RowBinary that says its own columns. */
const FORMAT = 'RowBinaryWithNamesAndTypes';

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function postBody(post: number): string {
  return Array.from({ length: ROWS_PER_POST }, (_, i) =>
    JSON.stringify({
      run: 'bench',
      ts: '2026-01-15 12:00:00.123456',
      peer: `honest-${post % PEERS}`,
      direction: 'out',
      type: ['vote', 'ask', 'statement', '(datagram)'][i % 4],
      // No two posts alike: the endpoint would know the second again.
      count: post * ROWS_PER_POST + i,
      datagrams: i >> 1,
      bytes: i * 113,
    }),
  ).join('\n');
}

async function throughEndpoint(store: TelemetryStore): Promise<number> {
  const endpoint = new TelemetryEndpoint(store, () => true, {
    run: 'bench',
    now: () => Date.UTC(2026, 0, 15, 12),
  });
  const server = createServer((request, response) => endpoint.handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const query = encodeURIComponent('INSERT INTO lab.messages FORMAT JSONEachRow');
  const url = `http://127.0.0.1:${address.port}/?query=${query}`;
  const bodies = Array.from({ length: ROWS / ROWS_PER_POST }, (_, post) => postBody(post));
  const started = performance.now();
  await Promise.all(
    Array.from({ length: PEERS }, async (_, peer) => {
      for (let post = peer; post < bodies.length; post += PEERS) {
        const headers = { 'x-clickhouse-user': `honest-${peer}`, 'x-clickhouse-key': 'x' };
        const body = bodies[post] ?? '';
        const answer = await fetch(url, { method: 'POST', headers, body });
        if (!answer.ok) throw new Error(await answer.text());
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  server.close();
  server.closeAllConnections();
  return ROWS / seconds;
}

/** The rows as the endpoint hands them over: the posts of one flush together. */
async function engineOnJson(store: TelemetryStore): Promise<number> {
  const bodies = Array.from({ length: ROWS / ROWS_PER_POST }, (_, post) => postBody(post));
  const started = performance.now();
  for (let post = 0; post < bodies.length; post += PEERS) {
    await store.insertLines('lab.messages', bodies.slice(post, post + PEERS).join('\n'));
  }
  return ROWS / ((performance.now() - started) / 1000);
}

async function engineAlone(store: TelemetryStore, file: string): Promise<number> {
  const started = performance.now();
  await store.query(`INSERT INTO lab.messages SELECT * FROM file('${file}', '${FORMAT}')`);
  return ROWS / ((performance.now() - started) / 1000);
}

export const benchmark: Benchmark = {
  name: 'telemetry',
  description: `${ROWS} rows through the endpoint against the engine reading RowBinary from a file`,
  async run() {
    const directory = await mkdtemp(path.join(tmpdir(), 'lab-bench-telemetry-'));
    const store = await openStore(path.join(directory, 'store'), null);
    try {
      const endpoint: number[] = [];
      const engine: number[] = [];
      const json: number[] = [];
      for (let i = 0; i < REPETITIONS; i++) {
        await store.query('TRUNCATE TABLE lab.messages');
        endpoint.push(await throughEndpoint(store));
        const [stored] = await store.query<{ n: number }>('SELECT count() AS n FROM lab.messages');
        if (stored?.n !== ROWS) throw new Error(`${stored?.n} of ${ROWS} rows were stored`);
        const file = path.join(directory, `rows-${i}.bin`);
        await store.query(
          `INSERT INTO FUNCTION file('${file}', '${FORMAT}') SELECT * FROM lab.messages`,
        );
        await store.query('TRUNCATE TABLE lab.messages');
        engine.push(await engineAlone(store, file));
        const [read] = await store.query<{ n: number }>('SELECT count() AS n FROM lab.messages');
        if (read?.n !== ROWS) throw new Error(`the engine read ${read?.n} of ${ROWS} rows`);
        await store.query('TRUNCATE TABLE lab.messages');
        json.push(await engineOnJson(store));
      }
      const figures = { endpoint: median(endpoint), engine: median(engine), json: median(json) };
      return {
        unit: 'rows/s',
        rows: ROWS,
        repetitions: REPETITIONS,
        endpointRowsPerSecond: Math.round(figures.endpoint),
        engineRowsPerSecond: Math.round(figures.engine),
        engineJsonRowsPerSecond: Math.round(figures.json),
        ratio: figures.endpoint / figures.engine,
        ratioToJson: figures.endpoint / figures.json,
      };
    } finally {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    }
  },
};
