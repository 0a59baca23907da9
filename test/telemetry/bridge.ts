/**
 * The least of ClickHouse's HTTP interface in front of the embedded engine, so that the lab's server
 * branch can be run where no server can be had: statement in the URL's `query` or in the body, the
 * data of an insert behind it, `param_*`, `readonly` and output settings, basic auth, errors with
 * their code. It has no sessions, no compression, no streams: an answer is sent when it is whole.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import {
  ClickHouseError,
  createClient,
  type ClickHouseClient,
  type ClickHouseClientConfigOptions,
} from '@clickhouse/client';
import { createChdbConnection } from 'chdb/connection';

export interface Bridge {
  readonly url: string;
  /** User and head of the statement of every request so far. */
  readonly seen: readonly { readonly user: string; readonly statement: string }[];
  close(): Promise<void>;
}

export async function openBridge(directory: string, password: string): Promise<Bridge> {
  const connection: unknown = createChdbConnection({ path: directory });
  const engine = createClient({
    // As in lab/telemetry/open.ts: the same type twice, by declaration.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    connection: connection as NonNullable<ClickHouseClientConfigOptions['connection']>,
  });
  const seen: { user: string; statement: string }[] = [];
  const server = createServer((request, response) => {
    void answer(engine, request, response, { seen, password });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    seen,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await engine.close();
    },
  };
}

async function answer(
  engine: ClickHouseClient,
  request: IncomingMessage,
  response: ServerResponse,
  { seen, password }: { seen: { user: string; statement: string }[]; password: string },
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://bridge');
  const basic = (request.headers.authorization ?? '').replace(/^Basic /, '');
  const [user = '', given] = Buffer.from(basic, 'base64').toString().split(':');
  const body = await text(request);
  if (given !== password) {
    response.writeHead(403, { 'x-clickhouse-exception-code': '516' });
    response.end(`Code: 516. DB::Exception: ${user}: wrong password. (AUTHENTICATION_FAILED)\n`);
    return;
  }
  const inUrl = url.searchParams.get('query');
  const statement = inUrl === null ? body : `${inUrl}\n${body}`;
  seen.push({ user, statement: statement.slice(0, 200) });
  const named = (test: (key: string) => boolean): Record<string, string> =>
    Object.fromEntries([...url.searchParams].filter(([key]) => test(key)));
  const parameters = Object.entries(named((key) => key.startsWith('param_')));
  try {
    const { stream } = await engine.exec({
      query: statement,
      query_params: Object.fromEntries(parameters.map(([key, value]) => [key.slice(6), value])),
      clickhouse_settings: named((key) => key === 'readonly' || key.startsWith('output_format_')),
    });
    response.end(await text(stream));
  } catch (error) {
    const code = error instanceof ClickHouseError ? error.code : '1002';
    response.writeHead(500, { 'x-clickhouse-exception-code': code });
    const reason = error instanceof Error ? error.message : String(error);
    response.end(`Code: ${code}. DB::Exception: ${reason}. (BRIDGED)\n`);
  }
}
