/** `lab query "SQL"`: asks a run's telemetry store. */
import path from 'node:path';
import { Command, Option } from 'commander';
import { EXIT, LabError } from '../errors.ts';
import { RUN_FILES } from '../supervisor/api.ts';
import { isAlive, openRun } from '../supervisor/client.ts';
import type { RunSummary } from '../supervisor/client.ts';
import { printJson, printLines } from '../terminal/output.ts';
import { harmless, table } from '../terminal/style.ts';
import { findRun, jsonOption } from './common.ts';

type AnyRow = Readonly<Record<string, unknown>>;

export function queryCommand(): Command {
  return new Command('query')
    .description('ask the telemetry store in SQL (tables in database lab)')
    .argument('<sql>', 'a query, such as "select count() from lab.statements"')
    .addOption(new Option('--run <run>', 'run, by name or unique prefix'))
    .addOption(
      new Option('--campaign <campaign>', 'the store of a campaign’s rows').conflicts('run'),
    )
    .addOption(jsonOption())
    .action(async (sql: string, options: QueryOptions) => {
      const run = await whose(options);
      const rows = await askRun(run, sql);
      if (options.json === true) printJson({ run: run.run, rows });
      else printLines(rowTable(rows));
    });
}

interface QueryOptions {
  readonly run?: string;
  readonly campaign?: string;
  readonly json?: boolean;
}

type Asked = Pick<RunSummary, 'run' | 'directory'>;

async function whose(options: QueryOptions): Promise<RunSummary | Asked> {
  if (options.campaign === undefined) return findRun(options.run, false);
  const { findNamed } = await import('../campaign/folder.ts');
  const { name: run, directory } = findNamed(options.campaign);
  return { run, directory };
}

/** Rows of a query on a run's store, which belongs to its supervisor while that lives. */
export function askRun(run: RunSummary | Asked, sql: string): Promise<readonly AnyRow[]> {
  return 'plan' in run && isAlive(run) ? askLiving(run, sql) : askStored(run, sql);
}

async function askLiving(run: RunSummary, sql: string): Promise<readonly AnyRow[]> {
  const client = await openRun(run.run);
  return (await client.json<{ rows: AnyRow[] }>('POST', '/query', { sql })).rows;
}

async function askStored(run: Asked, sql: string): Promise<readonly AnyRow[]> {
  const directory = path.join(run.directory, RUN_FILES.telemetry);
  const [{ openStore }, { storeExists }] = await Promise.all([
    import('../telemetry/open.ts'),
    import('../telemetry/place.ts'),
  ]);
  // Opening would make an empty one.
  if (!storeExists(directory)) {
    throw new LabError(`${run.run} ended before it stored anything`, { exitCode: EXIT.badUse });
  }
  const store = await openStore(directory);
  try {
    return await store.readOnly(sql);
  } finally {
    await store.close();
  }
}

function rowTable(rows: readonly AnyRow[]): string[] {
  const [first] = rows;
  if (first === undefined) return ['no rows'];
  const header = Object.keys(first);
  const cell = (value: unknown) =>
    harmless(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
  return table(
    header,
    rows.map((entry) => header.map((column) => cell(entry[column]))),
  );
}
