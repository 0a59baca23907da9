import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SqliteStore } from './store.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'store-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

test('reads see writes and deletions that are not committed yet', () => {
  const store = new SqliteStore(directory);
  store.put('a/2', bytes(2));
  store.put('a/1', bytes(1));
  store.put('b', bytes(3));
  expect([...store.entries('a/')]).toEqual([
    ['a/1', bytes(1)],
    ['a/2', bytes(2)],
  ]);
  store.delete('a/1');
  expect(store.get('a/1')).toBeUndefined();
  expect(store.get('b')).toEqual(bytes(3));
  store.close();
});

test('a killed process keeps what it committed and forgets what it did not', async () => {
  const program = `
    import { SqliteStore } from ${JSON.stringify(path.join(import.meta.dirname, 'store.ts'))};
    const store = new SqliteStore(${JSON.stringify(directory)});
    store.put('said', Uint8Array.of(1));
    store.commit();
    store.put('unsaid', Uint8Array.of(2));
    process.stdout.write('ready');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
  const store = new SqliteStore(directory);
  expect(store.get('said')).toEqual(bytes(1));
  expect(store.get('unsaid')).toBeUndefined();
  store.close();
});

test('a second opener of the same state is refused while the first lives', () => {
  const store = new SqliteStore(directory);
  expect(() => new SqliteStore(directory)).toThrow(/in use/);
  store.close();
  new SqliteStore(directory).close();
});

test('a state of a newer version, of another program or damaged is refused in words', () => {
  const file = path.join(directory, 'state.sqlite');
  new SqliteStore(directory).close();
  const newer = new DatabaseSync(file);
  newer.exec('PRAGMA user_version = 99');
  newer.close();
  expect(() => new SqliteStore(directory)).toThrow(/version 99, this program reads 1 to 2/);
  rmSync(file);
  const foreign = new DatabaseSync(file);
  foreign.exec('CREATE TABLE mine (x)');
  foreign.close();
  expect(() => new SqliteStore(directory)).toThrow(/not a peer's state/);
  writeFileSync(file, 'x'.repeat(5000));
  expect(() => new SqliteStore(directory)).toThrow(/damaged/);
});

test('a state of version 1 is copied, then keeps who the peer is and how far it counted', () => {
  const file = path.join(directory, 'state.sqlite');
  const old = new SqliteStore(directory);
  for (const key of ['identity', 'epoch', 'chain/block/000000000000', 'tx/aa', 'lock/a/b']) {
    old.put(key, bytes(7));
  }
  old.close();
  const asVersion1 = new DatabaseSync(file);
  asVersion1.exec('PRAGMA user_version = 1');
  asVersion1.close();
  const now = new SqliteStore(directory);
  expect([...now.entries('')].map(([key]) => key)).toEqual(['epoch', 'identity']);
  now.close();
  const copy = new DatabaseSync(`${file}.v1`, { readOnly: true });
  expect(copy.prepare('SELECT count(*) AS n FROM state').get()?.['n']).toBe(5);
  expect(copy.prepare('PRAGMA user_version').get()?.['user_version']).toBe(1);
  copy.close();
  // Once: what is written from now on stays.
  const again = new SqliteStore(directory);
  again.put('tx/bb', bytes(8));
  again.close();
  const third = new SqliteStore(directory);
  expect(third.get('tx/bb')).toEqual(bytes(8));
  third.close();
});
