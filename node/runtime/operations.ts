/**
 * What an operator asks a running process over HTTP, where `PEER_OPERATIONS` (ip:port) says so:
 * `GET /health` (JSON; 200 when meshed, else 503) and `GET /metrics` (Prometheus). It shows nothing
 * secret and takes no orders; bind it to an address that only the operator reaches.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import type { Health } from '../control.ts';
import type { Endpoint } from '../host.ts';
import { RuntimeError } from './errors.ts';
import { reasonOf } from './log.ts';
import type { Metrics } from './metrics.ts';

/** Scrapers are few; whoever opens more connections waits. */
const MAX_CONNECTIONS = 8;
/** A question has no body and few headers. */
const REQUEST_TIMEOUT_MS = 5000;

export interface OperationsSources {
  health(): Health;
  readonly metrics: Metrics;
}

export interface Operations {
  readonly local: Endpoint;
  close(): void;
}

/** Reads `PEER_OPERATIONS`; null when unset. Throws a RuntimeError for what is no ip:port. */
export function operationsEndpoint(text: string | undefined): Endpoint | null {
  if (text === undefined || text === '') return null;
  const [ip = '', port = ''] = text.split(':');
  const number = Number(port);
  if (isIP(ip) !== 4 || !/^\d{1,5}$/.test(port) || number > 65_535) {
    throw new RuntimeError(
      `PEER_OPERATIONS is ${JSON.stringify(text)}`,
      'write an IPv4 address and a port, such as 127.0.0.1:9100, or leave it unset',
    );
  }
  return { ip, port: number };
}

/** Throws a RuntimeError when the address can't be had. */
export async function openOperations(
  at: Endpoint,
  sources: OperationsSources,
): Promise<Operations> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    const now = sources.health();
    if (request.method !== 'GET') answer(response, 405, 'text/plain', 'only GET\n');
    else if (request.url === '/health') {
      answer(response, now.meshed ? 200 : 503, 'application/json', `${JSON.stringify(now)}\n`);
    } else if (request.url === '/metrics') {
      answer(response, 200, 'text/plain; version=0.0.4', sources.metrics.text(now));
    } else answer(response, 404, 'text/plain', '/health or /metrics\n');
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(at.port, at.ip);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new RuntimeError(
      `cannot listen for operators on ${at.ip}:${at.port}: ${reasonOf(error)}`,
      'choose another PEER_OPERATIONS',
      error,
    );
  }
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : at.port;
  return {
    local: { ip: at.ip, port },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, connection: 'close' });
  response.end(body);
}
