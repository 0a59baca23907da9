/**
 * The run's secrets, `secrets.json` (0600): the network id and, for each member, the token of its
 * control connection and the password of its telemetry. Made once; a re-attached supervisor must
 * accept the tokens that living members were started with.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';

const SECRETS_FILE = 'secrets.json';

const schema = z.object({
  /** 32 bytes hex. */
  network: z.string(),
  /** 32 bytes hex, shared by all members' probe sockets. */
  probeKey: z.string(),
  members: z.record(z.string(), z.object({ control: z.string(), telemetry: z.string() })),
});
export type RunSecrets = z.infer<typeof schema>;

function readIfThere(file: string): RunSecrets | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return null;
  }
  return schema.parse(JSON.parse(text));
}

/** Writes a file that only the owner may read, whole or not at all. */
export function writePrivateFile(file: string, text: string): void {
  const descriptor = openSync(`${file}.new`, 'w', 0o600);
  writeSync(descriptor, text);
  fsyncSync(descriptor);
  closeSync(descriptor);
  renameSync(`${file}.new`, file);
}

/** The secrets of the run in `runDirectory`, made when there are none yet. */
export function openSecrets(runDirectory: string, members: readonly string[]): RunSecrets {
  const file = path.join(runDirectory, SECRETS_FILE);
  const found = readIfThere(file);
  if (found !== null) return found;
  const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
  const secrets: RunSecrets = {
    network: hex(32),
    probeKey: hex(32),
    members: Object.fromEntries(
      members.map((name) => [name, { control: hex(32), telemetry: hex(32) }]),
    ),
  };
  writePrivateFile(file, JSON.stringify(secrets));
  return secrets;
}
