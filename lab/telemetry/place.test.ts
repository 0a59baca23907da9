import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { placeOf, storeExists } from './place.ts';

const SERVER = { url: 'http://writer:secret@127.0.0.1:8123/path', username: 'w', password: 'p' };
let folder: string;
let directory: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lab-place-'));
  directory = path.join(folder, 'runs', 'r', 'telemetry');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a run that was stored here is asked here, whatever the environment names', () => {
  mkdirSync(directory, { recursive: true });
  expect(placeOf(directory, SERVER)).toBeNull();
  expect(placeOf(directory, null)).toBeNull();
});

test('a run that was stored at a server is never opened here', () => {
  expect(storeExists(directory)).toBe(false);
  expect(placeOf(directory, SERVER)).toEqual(SERVER);
  expect(storeExists(directory)).toBe(true);
  expect(placeOf(directory, SERVER)).toEqual(SERVER);
  expect(() => placeOf(directory, null)).toThrow('its rows are at http://127.0.0.1:8123');
  expect(readFileSync(`${directory}.server`, 'utf8')).not.toContain('secret');
});

test('without a server a new run is stored here', () => {
  expect(placeOf(directory, null)).toBeNull();
  expect(storeExists(directory)).toBe(false);
});
