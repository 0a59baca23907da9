/**
 * Reads what ClickHouse clients send for an insert: the statement in the URL's `query` or at the
 * head of the body, credentials as basic auth or in ClickHouse's own headers, the body plain or
 * gzipped. Pure: bytes in, a value out; whatever a stranger sends is a refusal, never a throw.
 */
import { gunzipSync } from 'node:zlib';
import { PEER_TABLES, type PeerTable } from './schema.ts';

/** One post: a peer's queue is flushed every second or so, far below this. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** What a gzipped body may grow to; the ratio of telemetry is about 10. */
export const MAX_UNPACKED_BYTES = 32 * 1024 * 1024;
/** The statement itself is one short line. */
const MAX_STATEMENT_CHARS = 512;

/** An error as ClickHouse numbers them, so that its clients name it rightly. */
export interface Refusal {
  readonly ok: false;
  readonly status: number;
  readonly code: number;
  readonly name: string;
  readonly reason: string;
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

export function refuse(status: number, code: number, name: string, reason: string): Refusal {
  return { ok: false, status, code, name, reason };
}

/** Basic auth, or `X-ClickHouse-User` and `X-ClickHouse-Key`, or the same in the URL; null if none. */
export function readCredentials(headers: Headers, url: URL): Credentials | null {
  const authorization = headers['authorization'];
  if (typeof authorization === 'string') {
    const match = /^basic ([A-Za-z0-9+/=]{1,2048})$/i.exec(authorization);
    const text = match?.[1] === undefined ? '' : Buffer.from(match[1], 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon < 1) return null;
    return { user: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  const user = headers['x-clickhouse-user'];
  const password = headers['x-clickhouse-key'];
  if (typeof user === 'string' && typeof password === 'string') return { user, password };
  const { searchParams } = url;
  const [asked, key] = [searchParams.get('user'), searchParams.get('password')];
  return asked === null || key === null ? null : { user: asked, password: key };
}

export type Insert =
  | { readonly ok: true; readonly table: PeerTable; readonly rows: string }
  | Refusal;

/** The table and the row lines of an insert; `body` as it came over the wire. */
export function readInsert(url: URL, headers: Headers, body: Uint8Array): Insert {
  const unpacked = unpack(headers['content-encoding'], body);
  if (typeof unpacked !== 'string') return unpacked;
  const inUrl = (url.searchParams.get('query') ?? '').trim();
  if (inUrl !== '') return readStatement(inUrl, unpacked);
  const head = /^\s*(insert\s[^\n{]{0,512}?\sformat\s+\w+)\s*(?=[\n{]|$)/i.exec(
    unpacked.slice(0, 2 * MAX_STATEMENT_CHARS),
  );
  if (head?.[1] === undefined) return notAnInsert();
  return readStatement(head[1], unpacked.slice(head[0].length));
}

function readStatement(statement: string, rest: string): Insert {
  if (statement.length > MAX_STATEMENT_CHARS) return notAnInsert();
  // @clickhouse/client ends its statement with a line break; column lists are not needed.
  const match =
    /^insert\s+into\s+(?:`?lab`?\.)?`?(\w{1,40})`?\s+(?:values\s+)?format\s+(\w{1,40})\s*;?$/i.exec(
      statement,
    );
  if (match?.[1] === undefined || match[2] === undefined) return notAnInsert();
  if (match[2].toLowerCase() !== 'jsoneachrow') {
    return refuse(400, 73, 'UNKNOWN_FORMAT', `format ${match[2]} is not taken, only JSONEachRow`);
  }
  const table = match[1];
  if (!isPeerTable(table)) {
    return refuse(404, 60, 'UNKNOWN_TABLE', `no table lab.${table} that peers may fill`);
  }
  return { ok: true, table, rows: rest };
}

function isPeerTable(name: string): name is PeerTable {
  return Object.hasOwn(PEER_TABLES, name);
}

function notAnInsert(): Refusal {
  const reason = 'only INSERT INTO lab.<table> FORMAT JSONEachRow is taken here';
  return refuse(403, 497, 'ACCESS_DENIED', reason);
}

function unpack(encoding: unknown, body: Uint8Array): string | Refusal {
  let plain = body;
  if (encoding === 'gzip') {
    try {
      plain = gunzipSync(body, { maxOutputLength: MAX_UNPACKED_BYTES });
    } catch {
      return refuse(400, 354, 'CANNOT_DECOMPRESS', 'not gzip, or too large when unpacked');
    }
  } else if (encoding !== undefined && encoding !== '' && encoding !== 'identity') {
    return refuse(400, 354, 'CANNOT_DECOMPRESS', 'only gzip is taken as content-encoding');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(plain);
  } catch {
    return refuse(400, 117, 'INCORRECT_DATA', 'the body is not UTF-8');
  }
}
