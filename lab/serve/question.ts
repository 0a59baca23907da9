/**
 * Reads what ClickHouse's HTTP clients send for a query: the statement in the URL's `query`, in the
 * body or half in each; `database`, `default_format`, `param_*` and settings in the URL or in
 * `X-ClickHouse-*` headers; the body plain or gzipped. Pure; whatever comes is a query or a refusal.
 */
import { gunzipSync } from 'node:zlib';
import { refuse, type Refusal } from '../telemetry/request.ts';
import type { Query } from './engine.ts';
import { QUERY_LIMITS } from './engine-files.ts';
import { forbiddenWord } from './forbidden.ts';

/** The longest query of a dashboard has a few KB. */
export const MAX_QUERY_BYTES = 256 * 1024;
/** Settings and parameters together. */
const MAX_NAMES = 128;

/** Of the HTTP interface itself; nothing an engine has to know. */
const OURS = new Set([
  'query',
  'database',
  'default_format',
  'user',
  'password',
  'client_protocol_version',
  'query_id',
  'session_id',
  'session_check',
  'session_timeout',
  'quota_key',
  'role',
  'stacktrace',
  'compress',
  'decompress',
  'buffer_size',
  'wait_end_of_query',
  'close_session',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'http_response_buffer_size',
  'http_write_exception_in_output_format',
  'enable_http_compression',
  'http_zlib_compression_level',
  // A reader is one who may not write; asking for less than that changes nothing.
  'readonly',
]);

/** The databases there are. */
const DATABASES = new Set(['lab', 'truth', 'system', 'default', 'information_schema']);

export interface Asked {
  readonly ok: true;
  readonly query: Query;
  readonly queryId: string | null;
  /** 0 when the client names none: Native as of the first version. */
  readonly protocolVersion: number;
  /** May the answer be gzipped? */
  readonly gzip: boolean;
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

export function readQuestion(url: URL, headers: Headers, body: Uint8Array): Asked | Refusal {
  const text = unpack(headers, body);
  if (typeof text !== 'string') return text;
  const search = url.searchParams;
  const sql = [search.get('query') ?? '', text].filter((part) => part.trim() !== '').join('\n');
  if (sql === '') return refuse(400, 62, 'SYNTAX_ERROR', 'the query is empty');
  if (Buffer.byteLength(sql) > MAX_QUERY_BYTES) return tooLong();
  const wrong = faultOf(search);
  if (wrong !== null) return wrong;
  const named = namesOf(search);
  if ('ok' in named) return named;
  for (const given of [sql, ...Object.values(named.parameters), ...Object.values(named.settings)]) {
    const word = forbiddenWord(given);
    if (word !== null) {
      const reason = `the word ${word} is not taken here: a query reads tables, never files`;
      return refuse(403, 497, 'ACCESS_DENIED', reason);
    }
  }
  const asked = search.get('database') ?? headerOf(headers, 'x-clickhouse-database') ?? '';
  if (asked !== '' && !DATABASES.has(asked)) {
    return refuse(404, 81, 'UNKNOWN_DATABASE', `there is no database ${asked.slice(0, 100)}`);
  }
  const format = search.get('default_format') ?? headerOf(headers, 'x-clickhouse-format');
  return {
    ok: true,
    query: {
      sql,
      format: /^\w{1,60}$/.test(format ?? '') ? (format ?? '') : 'TabSeparated',
      database: asked === '' ? null : asked,
      ...named,
    },
    queryId: search.get('query_id'),
    protocolVersion: Number(search.get('client_protocol_version') ?? 0),
    gzip:
      search.get('enable_http_compression') !== '0' &&
      /\bgzip\b/.test(headerOf(headers, 'accept-encoding') ?? ''),
  };
}

function faultOf(search: URLSearchParams): Refusal | null {
  if (search.get('compress') === '1' || search.get('decompress') === '1') {
    const reason =
      "blocks are not compressed here (compress=1): choose gzip, HTTP's own compression";
    return refuse(501, 48, 'NOT_IMPLEMENTED', reason);
  }
  const version = search.get('client_protocol_version');
  if (version !== null && !/^\d{1,9}$/.test(version)) {
    return refuse(400, 36, 'BAD_ARGUMENTS', 'client_protocol_version is a number');
  }
  return null;
}

function namesOf(search: URLSearchParams): Pick<Query, 'settings' | 'parameters'> | Refusal {
  const settings: Record<string, string> = {};
  const parameters: Record<string, string> = {};
  let names = 0;
  for (const [name, value] of search) {
    if (OURS.has(name)) continue;
    names += 1;
    if (!/^[A-Za-z_]\w{0,100}$/.test(name) || names > MAX_NAMES) {
      return refuse(400, 36, 'BAD_ARGUMENTS', `unexpected ${name.slice(0, 100)} in the address`);
    }
    if (name.startsWith('param_')) parameters[name.slice('param_'.length)] = value;
    else settings[name] = settled(name, value);
  }
  return { settings, parameters };
}

/**
 * The value to set. A client asks for the time that it would wait, and means no harm when that is
 * more than there is: clickhouse-go sends its own deadline.
 */
function settled(name: string, value: string): string {
  const most = QUERY_LIMITS.maxExecutionSeconds;
  if (name !== 'max_execution_time') return value;
  return Number(value) > 0 && Number(value) <= most ? value : String(most);
}

function headerOf(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

export function tooLong(): Refusal {
  const reason = `a query has at most ${MAX_QUERY_BYTES / 1024} KiB`;
  return refuse(413, 223, 'QUERY_IS_TOO_LARGE', reason);
}

function unpack(headers: Headers, body: Uint8Array): string | Refusal {
  if (/^multipart\//i.test(headerOf(headers, 'content-type') ?? '')) {
    return refuse(501, 48, 'NOT_IMPLEMENTED', 'tables sent along with a query are not taken');
  }
  const encoding = headerOf(headers, 'content-encoding') ?? 'identity';
  let plain = body;
  if (encoding === 'gzip') {
    try {
      plain = gunzipSync(body, { maxOutputLength: MAX_QUERY_BYTES });
    } catch {
      return refuse(400, 354, 'CANNOT_DECOMPRESS', 'not gzip, or too large when unpacked');
    }
  } else if (encoding !== 'identity') {
    return refuse(400, 354, 'CANNOT_DECOMPRESS', 'only gzip is taken as content-encoding');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(plain);
  } catch {
    return refuse(400, 62, 'SYNTAX_ERROR', 'the query is not UTF-8');
  }
}
