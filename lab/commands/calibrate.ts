/**
 * `lab calibrate FILE`: the same testnet and seed, first with real peers, then simulated with what
 * handling cost those; both runs stay, with their difference in the real one's folder.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { Command, Option } from 'commander';
import type { Calibration, Side } from '../analysis/calibration.ts';
import type { RunResult } from '../analysis/result.ts';
import type { DriverName } from '../drivers/driver.ts';
import { EXIT, LabError } from '../errors.ts';
import { loadTestnet } from '../manifest/load.ts';
import type { Testnet } from '../manifest/testnet.ts';
import type { MeasuredCosts, ProcessingCosts } from '../simulator/costs.ts';
import { RUN_FILES, type RunPlan } from '../supervisor/api.ts';
import { isAlive } from '../supervisor/client.ts';
import { readJournal } from '../supervisor/journal.ts';
import type { TelemetryStore } from '../telemetry/store.ts';
import { printJson, printLines, remark } from '../terminal/output.ts';
import { driverOption, findRun, jsonOption, seedOption } from './common.ts';

/** Written into the folder of the real run. */
const FILES = { costs: 'costs.json', calibration: 'calibration.json' } as const;

interface Options {
  readonly driver: 'auto' | DriverName;
  readonly seed?: number;
  readonly run?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** A real run that has ended with a result. */
interface EndedRun {
  readonly directory: string;
  readonly plan: RunPlan;
}

interface RealSide {
  readonly side: Side;
  readonly costs: MeasuredCosts;
}

export function calibrateCommand(): Command {
  return new Command('calibrate')
    .description('run a testnet with real peers and simulated, and show how far the two differ')
    .argument('[file]', 'testnet file')
    .addOption(driverOption())
    .addOption(seedOption())
    .addOption(
      new Option('--run <run>', 'simulate after a real run that has ended, without a new one'),
    )
    .addOption(jsonOption())
    .addOption(new Option('--quiet', 'no progress'))
    .action(async (file: string | undefined, options: Options) => {
      if ((file === undefined) === (options.run === undefined)) {
        throw new LabError('either a testnet file or --run RUN', {
          exitCode: EXIT.badUse,
          remedy: 'npx lab calibrate testnets/demo.yaml',
        });
      }
      const real = file === undefined ? endedRun(options.run ?? '') : await realRun(file, options);
      await calibrate(real, options);
    });
}

/** Carries out the real run. Throws a LabError when it ended without a result. */
async function realRun(file: string, options: Options): Promise<EndedRun> {
  const { prepareRun } = await import('./launch.ts');
  const { living } = await import('./run.ts');
  const { driver, seed, quiet = false } = options;
  const prepared = await prepareRun({
    file,
    mode: 'run',
    driver,
    ...(seed === undefined ? {} : { seed }),
    remark: quiet ? () => undefined : remark,
  });
  await living(prepared, quiet);
  return prepared;
}

function endedRun(word: string): EndedRun {
  const run = findRun(word, false);
  const hasResult = existsSync(path.join(run.directory, RUN_FILES.result));
  if (hasResult && run.plan.driver !== 'sim' && !isAlive(run)) return run;
  throw new LabError(`${run.run} is no real run that has ended with a result`, {
    exitCode: EXIT.badUse,
    remedy: 'npx lab ps -a lists runs; npx lab calibrate FILE makes one',
  });
}

async function calibrate({ directory, plan }: EndedRun, options: Options): Promise<void> {
  const { calibrationLines, calibrationOf } = await import('../analysis/calibration.ts');
  const { asCosts } = await import('../simulator/costs.ts');
  const testnet = loadTestnet(path.join(directory, RUN_FILES.manifest), plan);
  // Real members share the processors of this machine.
  const cores = availableParallelism();
  const { side: real, costs } = await realSide(directory, testnet);
  const write = (file: string, value: unknown) =>
    writeFileSync(path.join(directory, file), `${JSON.stringify(value, null, 2)}\n`);
  write(FILES.costs, { ...costs, cores });
  const simulated = await simulatedSide(directory, plan, asCosts(costs, cores), options);
  const calibration = calibrationOf(real, simulated);
  write(FILES.calibration, calibration);
  if (options.json === true) printJson({ ...calibration, costs: { ...costs, cores } });
  else printLines([...calibrationLines(calibration), ...costLines(costs, cores)]);
  process.exitCode = exitCode(calibration);
}

async function realSide(directory: string, testnet: Testnet): Promise<RealSide> {
  const { measureCosts } = await import('../simulator/costs.ts');
  // Written by the supervisor of this same package.
  const result: RunResult = JSON.parse(
    readFileSync(path.join(directory, RUN_FILES.result), 'utf8'),
  );
  const { loadStartedAtMs } = readJournal(directory);
  if (loadStartedAtMs === null) throw new Error(`${result.run} has a result, but never had load`);
  const from = Math.floor(loadStartedAtMs);
  const window = { run: result.run, from, to: Math.ceil(loadStartedAtMs + result.durationMs) };
  const clients = new Set(
    testnet.members.flatMap(({ kind, name }) => (kind === 'client' ? [name] : [])),
  );
  return withStore(directory, async (store) => ({
    side: await sideOf(store, result, testnet),
    costs: await measureCosts(store, window, clients, result.links),
  }));
}

async function simulatedSide(
  realDirectory: string,
  { seed, honest }: RunPlan,
  costs: ProcessingCosts,
  { quiet = false }: Options,
): Promise<Side> {
  const { prepareRun } = await import('./launch.ts');
  const { simulatePrepared } = await import('./simulate.ts');
  const prepared = await prepareRun({
    file: path.join(realDirectory, RUN_FILES.manifest),
    mode: 'run',
    driver: 'sim',
    seed,
    honest,
    remark: quiet ? () => undefined : remark,
  });
  const result = await simulatePrepared(prepared, { quiet, costs });
  return withStore(prepared.directory, (store) => sideOf(store, result, prepared.testnet));
}

async function sideOf(store: TelemetryStore, result: RunResult, testnet: Testnet): Promise<Side> {
  const { readSide } = await import('../analysis/calibration.ts');
  return readSide(store, result, testnet.protocol.k);
}

async function withStore<T>(
  directory: string,
  use: (store: TelemetryStore) => Promise<T>,
): Promise<T> {
  const { openStore } = await import('../telemetry/open.ts');
  const store = await openStore(path.join(directory, RUN_FILES.telemetry));
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** What the simulated members were made to cost. */
function costLines(costs: MeasuredCosts, cores: number): string[] {
  const { peer, client, hopUs, messagesPerDatagram } = costs;
  const fit = (name: string, cost: MeasuredCosts['peer']) =>
    cost === null
      ? `  ${name}: not measured`
      : `  ${name}: ${Math.round(cost.us)} µs per datagram received (${cost.by}, ${cost.n} pieces of 5 s` +
        `${cost.correlation === null ? '' : `, correlation ${cost.correlation.toFixed(2)}`}), ` +
        `${(cost.idleUsPerSecond / 1000).toFixed(1)} ms a second besides`;
  return [
    '',
    `processor time of the real members, used by the simulated ones, on ${cores} processors:`,
    fit('peers', peer),
    fit('clients', client),
    `  a datagram arrives ${hopUs === null ? '–' : (hopUs / 1000).toFixed(2)} ms later than its link says`,
    `  messages in a datagram: ${messagesPerDatagram === null ? '–' : messagesPerDatagram.toFixed(2)}`,
  ];
}

function exitCode({ ok, real }: Calibration): number {
  if (!real.fidelity.ok) return EXIT.void;
  return ok === true ? EXIT.fine : EXIT.expectationFailed;
}
