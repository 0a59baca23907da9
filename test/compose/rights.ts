/**
 * The users of compose/clickhouse/users.xml tried on the embedded engine. It knows one user, `default`,
 * whom it takes from the file of users that `config.xml` of its folder names: so that one is given the
 * grants, profile and quota of the user under test, and statements are run in a process started there.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..', '..');
export const USERS_FILE = path.join(ROOT, 'compose', 'clickhouse', 'users.xml');
const CONFIG_FILE = path.join(ROOT, 'compose', 'clickhouse', 'config.xml');

/** The element of one user, or an error when there is none. */
export function userElement(user: string): string {
  const text = readFileSync(USERS_FILE, 'utf8');
  const inner = new RegExp(`<${user}>([\\s\\S]*?)</${user}>`).exec(
    text.slice(text.indexOf('<users>')),
  )?.[1];
  if (inner === undefined) throw new Error(`no user ${user}`);
  return inner;
}

function usersFor(user: string): string {
  const element = userElement(user).replace(/<password from_env="\w+"\/>/, '<password></password>');
  const users = `<users><default>${element}</default></users>`;
  return readFileSync(USERS_FILE, 'utf8')
    .replace(/<users>[\s\S]*<\/users>/, users)
    .replace('<quotas>', '<quotas><default/>');
}

const SCRIPT = `
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
const { store, statements, root, out } = JSON.parse(readFileSync(process.argv[1], 'utf8'));
const { Session } = createRequire(root + '/package.json')('chdb');
const session = new Session(store);
const outcomes = [];
for (const sql of statements) {
  try { outcomes.push({ ok: true, text: (await session.queryAsync(sql, { format: 'TSV' })).text() }); }
  catch (error) { outcomes.push({ ok: false, text: String(error.message) }); }
}
session.close();
writeFileSync(out, JSON.stringify(outcomes));
process.exit(0);
`;

export interface Outcome {
  readonly ok: boolean;
  /** Rows as TSV, or the engine's error. */
  readonly text: string;
}

/** Runs statements on a store as that user; one outcome each. */
export function runAs(user: string, store: string, statements: readonly string[]): Outcome[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'lab-rights-'));
  try {
    writeFileSync(path.join(folder, 'users.xml'), usersFor(user));
    const users = `<users_config>${path.join(folder, 'users.xml')}</users_config>`;
    writeFileSync(path.join(folder, 'config.xml'), `<clickhouse>${users}</clickhouse>`);
    // Merged into the one above, as a server merges it into its own.
    mkdirSync(path.join(folder, 'config.d'));
    writeFileSync(path.join(folder, 'config.d', 'lab.xml'), readFileSync(CONFIG_FILE));
    const [task, out] = [path.join(folder, 'task.json'), path.join(folder, 'out.json')];
    writeFileSync(task, JSON.stringify({ store, statements, root: ROOT, out }));
    const words = ['--input-type=module', '-e', SCRIPT, task];
    const done = spawnSync(process.execPath, words, { cwd: folder, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`the engine did not start: ${done.stderr}`);
    return JSON.parse(readFileSync(out, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
