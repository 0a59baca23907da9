import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LabError } from '../errors.ts';
import { RunClient } from './client.ts';
import { socketPath } from './socket-path.ts';

let directory = '';
let server: http.Server;

beforeEach(async () => {
  directory = path.join(mkdtempSync(path.join(os.tmpdir(), 'lab-client-')), 'run');
  mkdirSync(directory);
  writeFileSync(path.join(directory, 'token'), 'secret\n');
  server = http.createServer((request, response) => {
    if (request.headers.authorization !== 'Bearer secret') {
      response.writeHead(401).end('{"error":"wrong token","exitCode":4}');
    } else if (request.url === '/events?since=2') {
      response.write('{"n":2,"type":"a"}\n{"n":3,');
      response.end('"type":"b"}\n');
    } else if (request.url === '/attack') {
      response.writeHead(400).end('{"error":"no attack x","remedy":"there is: y","exitCode":2}');
    } else if (request.url === '/odd') response.writeHead(500).end('<html>');
    else response.end('{"phase":"running"}');
  });
  await new Promise<void>((resolve) => {
    server.listen(socketPath(directory), resolve);
  });
});

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(path.dirname(directory), { recursive: true });
});

test('the client shows its token and reads the answer', async () => {
  expect(await new RunClient('r', directory).status()).toEqual({ phase: 'running' });
});

test('events come one by one, also when a line arrives in two pieces', async () => {
  const seen: number[] = [];
  for await (const event of new RunClient('r', directory).events(2)) seen.push(event.n);
  expect(seen).toEqual([2, 3]);
});

test('what the supervisor refuses keeps its words, its remedy and its exit code', async () => {
  const refused = new RunClient('r', directory).json('POST', '/attack', {});
  await expect(refused).rejects.toMatchObject({
    message: 'no attack x',
    remedy: 'there is: y',
    exitCode: 2,
  });
});

test('an answer in no known form is a LabError as well', async () => {
  const odd = new RunClient('r', directory).json('POST', '/odd', {});
  await expect(odd).rejects.toBeInstanceOf(LabError);
});

test('a supervisor that is not there is a LabError that names its log', async () => {
  await new Promise((resolve) => server.close(resolve));
  const gone = new RunClient('r', directory).status();
  await expect(gone).rejects.toMatchObject({ remedy: expect.stringContaining('supervisor.log') });
  server.listen(socketPath(directory));
});
