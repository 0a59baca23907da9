/**
 * A voter that ends itself as kill -9 would, at a chosen moment of one vote; a process of its own
 * for test/process/peers.test.ts. Arguments: state directory, transaction digit, moment. Says on
 * stdout what really left.
 */
import { writeSync } from 'node:fs';
import { ProcessHost } from '../../node/runtime/process-host.ts';
import { SqliteStore } from '../../node/runtime/store.ts';
import { VoteLock } from '../../node/voting/lock.ts';

const [directory = '', digit = '1', moment = ''] = process.argv.slice(2);
const TOKEN = 'aa'.repeat(32);
const PREVIOUS = 'bb'.repeat(32);

const dieAt = (now: string): void => {
  if (now === moment) process.kill(process.pid, 'SIGKILL');
};

const disk = new SqliteStore(directory);
const host = new ProcessHost({
  store: {
    get: (key) => disk.get(key),
    put: (key, value) => disk.put(key, value),
    delete: (key) => disk.delete(key),
    entries: (prefix) => disk.entries(prefix),
    commit: () => {
      dieAt('before-commit');
      disk.commit();
      dieAt('before-send');
    },
  },
  transmit: () => {
    writeSync(1, `valid ${digit}\n`);
    dieAt('after-send');
  },
  report: () => {},
});

if (new VoteLock(host.store).claim(TOKEN, PREVIOUS, digit.repeat(64))) {
  host.send({ ip: '127.0.0.1', port: 1 }, new Uint8Array(1));
}
