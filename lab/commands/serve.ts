/** `lab serve [RUN]`: offers what is stored through ClickHouse's HTTP interface, for a Grafana elsewhere. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { EXIT, LabError } from '../errors.ts';
import { labHome } from '../home.ts';
import type { Serving } from '../serve/server.ts';
import { serverFromEnvironment } from '../telemetry/open.ts';
import { remark } from '../terminal/output.ts';
import { findRun, wholeNumber } from './common.ts';

/** ClickHouse's own port for HTTP. */
const DEFAULT_PORT = 8123;
/** 128 bits and more cannot be guessed; this is what `openssl rand -hex 16` gives. */
const MIN_TOKEN_CHARS = 32;

interface Options {
  readonly listen: { readonly host: string; readonly port: number };
}

export function serveCommand(): Command {
  return new Command('serve')
    .description('offer what is stored read-only through ClickHouse’s HTTP interface')
    .argument('[run]', 'only this run, by name or unique prefix (without: all runs and campaigns)')
    .addOption(
      new Option('--listen <address:port>', 'where to listen')
        .argParser(listenOn)
        .default({ host: '127.0.0.1', port: DEFAULT_PORT }, `127.0.0.1:${DEFAULT_PORT}`),
    )
    .addHelpText(
      'after',
      '\nThe user is `reader`; its password is LAB_SERVE_TOKEN, or made at the start and shown once.',
    )
    .action((run: string | undefined, { listen }: Options) => offer(run, listen));
}

function listenOn(text: string): Options['listen'] {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-f:]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || port === undefined) {
    throw new InvalidArgumentError('Allowed: address:port, such as 0.0.0.0:8123 or [::1]:8123.');
  }
  return { host, port: wholeNumber(port, 0, 65_535) };
}

async function offer(word: string | undefined, listen: Options['listen']): Promise<void> {
  const server = serverFromEnvironment(process.env);
  if (server !== null) {
    throw new LabError(`with CLICKHOUSE_URL runs are stored at ${server.url}, not here`, {
      exitCode: EXIT.badUse,
      remedy: 'point Grafana there, or unset CLICKHOUSE_URL to offer what is stored here',
    });
  }
  const run = word === undefined ? null : findRun(word, false).run;
  const token = process.env['LAB_SERVE_TOKEN'] ?? '';
  if (token !== '' && token.length < MIN_TOKEN_CHARS) {
    throw new LabError(`LAB_SERVE_TOKEN has fewer than ${MIN_TOKEN_CHARS} characters`, {
      exitCode: EXIT.badUse,
      remedy: 'openssl rand -hex 16 makes one; without it one is made here',
    });
  }
  const password = token === '' ? randomBytes(24).toString('base64url') : token;
  const [{ Offered }, { serve, READER }, sources] = await Promise.all([
    import('../serve/offered.ts'),
    import('../serve/server.ts'),
    import('../serve/sources.ts'),
  ]);
  const folder = ownFolder();
  const offered = new Offered(
    run === null ? sources.allSources : () => sources.sourceOf(run),
    folder,
    () => performance.now(),
  );
  try {
    const serving = await serve(() => offered.engine(), { ...listen, token: password }).catch(
      (cause: unknown) => {
        throw new LabError(`cannot listen on ${listen.host}:${listen.port}`, {
          exitCode: EXIT.machineCannot,
          remedy: 'choose another with --listen ADDRESS:PORT (port 0: any free one)',
          cause,
        });
      },
    );
    // What cannot be offered is told now, not to the first dashboard.
    await offered.engine();
    tell(serving, run, token === '' ? password : null, READER);
    await ended();
    await serving.close();
  } finally {
    await offered.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function tell(serving: Serving, run: string | null, password: string | null, user: string): void {
  const { host, port } = serving;
  const shown = host.includes(':') ? `[${host}]` : host;
  remark(`offering ${run ?? 'all runs and campaigns'} read-only at http://${shown}:${port}`);
  remark(`  user      ${user}`);
  remark(`  password  ${password ?? 'as LAB_SERVE_TOKEN'}`);
  remark("  Grafana   data source ClickHouse: protocol HTTP, no TLS, database 'lab'");
  if (!['127.0.0.1', '::1', 'localhost'].includes(host)) {
    remark(
      '  others on the way can read the password: this is HTTP. Prefer ssh -L, or a TLS proxy',
    );
  }
  remark('Ctrl-C ends it');
}

/** Until somebody ends it; a second signal ends the process as usual. */
function ended(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  process.once('SIGINT', () => resolve());
  process.once('SIGTERM', () => resolve());
  return promise;
}

/** LAB_HOME/serve/PID, ours alone; what a killed one left is removed. */
function ownFolder(): string {
  const root = path.join(labHome(), 'serve');
  if (existsSync(root)) {
    for (const name of readdirSync(root)) {
      if (!isAlive(Number(name))) rmSync(path.join(root, name), { recursive: true, force: true });
    }
  }
  const folder = path.join(root, String(process.pid));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
