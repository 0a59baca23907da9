import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { socketPath } from './socket-path.ts';

const made: string[] = [];

function directory(length: number): string {
  const root = mkdtempSync(path.join(os.tmpdir(), 'lab-socket-'));
  made.push(root);
  const deep = path.join(root, 'x'.repeat(100), 'y'.repeat(length));
  mkdirSync(deep, { recursive: true });
  return length === 0 ? root : deep;
}

afterEach(() => {
  for (const root of made.splice(0)) rmSync(root, { recursive: true });
});

test('the socket lies in the run’s folder where the path is short enough', () => {
  const run = directory(0);
  expect(socketPath(run)).toBe(path.join(run, 'control.sock'));
});

test('a long path gets a short socket that can be listened on, the same for everyone', async () => {
  const run = directory(60);
  const socket = socketPath(run);
  expect(socketPath(run)).toBe(socket);
  expect(statSync(path.dirname(socket)).mode & 0o777).toBe(0o700);
  const server = net.createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  await new Promise((resolve) => server.close(resolve));
});

test('two runs with long paths have two sockets', () => {
  expect(socketPath(directory(60))).not.toBe(socketPath(directory(60)));
});
