/** Answers and errors as ClickHouse's HTTP interface gives them. */
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { refuse, type Refusal } from '../telemetry/request.ts';
import type { Answer } from './engine.ts';
import { nativeFor } from './native.ts';
import type { Asked } from './question.ts';

/** Below this gzip only costs. */
const MIN_GZIP_BYTES = 1024;
/** An engine's error can repeat the whole query. */
const MAX_ERROR_CHARS = 8192;

/** HTTP status by the engine's error code, as HTTPHandler.cpp maps them; all others are 500. */
const STATUS: Readonly<Record<number, number>> = {
  36: 400,
  46: 404,
  47: 404,
  48: 501,
  60: 404,
  62: 400,
  81: 404,
  115: 404,
  159: 408,
  164: 403,
  452: 403,
  497: 403,
};

const TYPES: Readonly<Record<string, string>> = {
  TabSeparated: 'text/tab-separated-values; charset=UTF-8',
  TabSeparatedWithNames: 'text/tab-separated-values; charset=UTF-8; header=present',
  CSV: 'text/csv; charset=UTF-8',
  CSVWithNames: 'text/csv; charset=UTF-8; header=present',
  JSON: 'application/json; charset=UTF-8',
  JSONCompact: 'application/json; charset=UTF-8',
  JSONEachRow: 'application/x-ndjson; charset=UTF-8',
  JSONCompactEachRow: 'application/x-ndjson; charset=UTF-8',
  Native: 'application/octet-stream',
};

/** The format of an answer: what the query itself ends with counts before what the client asked for. */
export function formatOf(sql: string, asked: string): string {
  const tail = /\bformat\s+(\w+)\s*(?:settings\s[\s\S]*)?;?\s*$/i.exec(sql)?.[1];
  return tail ?? asked;
}

/** An engine's `Code: 62. DB::Exception: … (SYNTAX_ERROR)` taken apart. */
export function refusalOf(error: string): Refusal {
  const [, code, text] = /^(?:Error: )?Code: (\d+)\. DB::Exception: ([\s\S]*)$/.exec(error) ?? [];
  if (code === undefined || text === undefined) {
    return refuse(500, 1002, 'UNKNOWN_EXCEPTION', error.slice(0, MAX_ERROR_CHARS));
  }
  const name = /\(([A-Z][A-Z_0-9]+)\)\s*$/.exec(text)?.[1] ?? 'UNKNOWN_EXCEPTION';
  const reason = text.replace(/\s*\([A-Z][A-Z_0-9]+\)\s*$/, '').slice(0, MAX_ERROR_CHARS);
  return refuse(STATUS[Number(code)] ?? 500, Number(code), name, reason);
}

export function sendRefusal(response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(refusal.status, {
    'content-type': 'text/plain; charset=UTF-8',
    'x-clickhouse-exception-code': String(refusal.code),
    ...(refusal.status === 401 ? { 'www-authenticate': 'Basic realm="lab serve"' } : {}),
    // What is left of a refused body is not waited for.
    ...(refusal.status === 413 ? { connection: 'close' } : {}),
  });
  response.end(`Code: ${refusal.code}. DB::Exception: ${refusal.reason} (${refusal.name})\n`);
}

/** Sends a result, or a refusal when its columns cannot be had in the form asked for. */
export function sendAnswer(
  response: ServerResponse,
  asked: Asked,
  answer: Extract<Answer, { readonly ok: true }>,
  queryId: string,
): void {
  const format = formatOf(asked.query.sql, asked.query.format);
  let body: Buffer = Buffer.from(answer.bytes);
  if (format.toLowerCase() === 'native') {
    const native = nativeFor(asked.protocolVersion, body);
    if (!native.ok) {
      sendRefusal(response, refuse(501, 48, 'NOT_IMPLEMENTED', native.reason));
      return;
    }
    body = native.bytes;
  }
  const gzip = asked.gzip && body.length >= MIN_GZIP_BYTES;
  const sent = gzip ? gzipSync(body, { level: 1 }) : body;
  response.writeHead(200, {
    'content-type': TYPES[format] ?? 'text/plain; charset=UTF-8',
    'content-length': sent.length,
    ...(gzip ? { 'content-encoding': 'gzip' } : {}),
    'x-clickhouse-query-id': queryId,
    'x-clickhouse-format': format,
    'x-clickhouse-timezone': 'UTC',
    'x-clickhouse-server-display-name': 'lab serve',
    'x-clickhouse-summary': JSON.stringify({
      read_rows: String(answer.rowsRead),
      read_bytes: String(answer.bytesRead),
      elapsed_ns: String(Math.round(answer.elapsed * 1e9)),
    }),
  });
  response.end(sent);
}
