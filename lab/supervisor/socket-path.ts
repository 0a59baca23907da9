/**
 * Where a run's control socket is. The kernel takes at most 107 bytes for the path of a unix socket
 * (sockaddr_un), and LAB_HOME may be longer than that: then the socket lies in a short directory of
 * our own under the system's temporary one, and `socket-path` in the run's folder says where, so
 * that every terminal finds it whatever its TMPDIR.
 */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EXIT, LabError } from '../errors.ts';
import { RUN_FILES } from './api.ts';

const MAX_SOCKET_PATH_BYTES = 107;
const RECORD_FILE = 'socket-path';

/** The path to listen on and to dial. Throws LabError if the short directory is another user's. */
export function socketPath(runDirectory: string): string {
  const directory = path.resolve(runDirectory);
  const beside = path.join(directory, RUN_FILES.socket);
  if (Buffer.byteLength(beside) <= MAX_SOCKET_PATH_BYTES) return beside;
  const record = path.join(directory, RECORD_FILE);
  try {
    return readFileSync(record, 'utf8');
  } catch {
    const short = path.join(shortDirectory(), `${digest(directory)}.sock`);
    writeFileSync(record, short, { mode: 0o600 });
    return short;
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function shortDirectory(): string {
  const user = os.userInfo().uid;
  const directory = path.join(os.tmpdir(), `minefield-lab-${user}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(directory);
  // Someone else's directory of that name could swap the socket for theirs.
  if (uid !== user || (mode & 0o077) !== 0) {
    throw new LabError(`${directory} belongs to, or is open to, another user`, {
      exitCode: EXIT.machineCannot,
      remedy: `choose a shorter LAB_HOME than ${directory.length} characters, or mend that directory`,
    });
  }
  return directory;
}
