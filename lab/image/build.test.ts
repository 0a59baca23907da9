import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildPeerFiles, packagesIn } from './build.ts';

const before = process.env['LAB_HOME'];
let home = '';
beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), 'build-'));
  process.env['LAB_HOME'] = home;
});
afterAll(() => {
  if (before === undefined) delete process.env['LAB_HOME'];
  else process.env['LAB_HOME'] = before;
  rmSync(home, { recursive: true, force: true });
});

test('two builds at once agree, and leave one complete directory and nothing beside it', async () => {
  const [first, second] = await Promise.all([buildPeerFiles('peer'), buildPeerFiles('peer')]);
  expect(second).toEqual(first);
  expect(readdirSync(path.join(home, 'build'))).toEqual([first.hash]);
  expect(existsSync(first.entry)).toBe(true);
  // What the peer imports is there under its new name, and only the packages it needs.
  expect(readFileSync(first.entry, 'utf8')).toContain("from './inhabit.js'");
  const packages = readdirSync(path.join(first.directory, 'node_modules'));
  expect(packages).toContain('@clickhouse');
  expect(packages).not.toContain('typescript');
});

test('the image of an honest peer holds no attack, that of an adversary does', async () => {
  const [peer, adversary] = await Promise.all([
    buildPeerFiles('peer'),
    buildPeerFiles('adversary'),
  ]);
  expect(existsSync(path.join(peer.directory, 'attacks'))).toBe(false);
  expect(existsSync(adversary.entry)).toBe(true);
  expect(existsSync(path.join(adversary.directory, 'node/host.js'))).toBe(true);
});

test('packages are found in every form of import and nothing else is taken for one', () => {
  const text = `import { a } from '@noble/hashes/sha2.js';
import b from 'ws';
export { c } from "hash-wasm";
import 'side-effect';
import {
  d,
} from './own.js';
import fs from 'node:fs';
export const ZERO = '0'.repeat(64);
const e = await import('later/part.js');`;
  const found = ['@noble/hashes', 'ws', 'hash-wasm', 'side-effect', 'later'];
  expect(packagesIn(text)).toEqual(found);
});
