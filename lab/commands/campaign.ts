/** `lab campaign FILE`: many runs of one testnet, over seeds and a grid of settings, as rates. */
import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import { EXIT, LabError } from '../errors.ts';
import { printJson, printLines, remark } from '../terminal/output.ts';
import { shellWord } from '../terminal/shell.ts';
import { jsonOption, wholeNumber } from './common.ts';

/** More processes than any machine of ours has processors. */
const MAX_JOBS = 256;
const MAX_RUNS_PER_CELL = 10_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

interface Options {
  readonly runs?: number;
  readonly driver?: 'sim' | 'docker' | 'process';
  readonly jobs?: number;
  readonly resume?: string;
  readonly fresh?: boolean;
  readonly keep?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function campaignCommand(): Command {
  return new Command('campaign')
    .description('run a testnet over seeds and settings, and show rates with intervals')
    .argument('[file]', 'campaign file, such as testnets/campaigns/colluding-liars.yaml')
    .addOption(
      new Option('--runs <n>', 'seeds per cell, instead of those of the file').argParser((text) =>
        wholeNumber(text, 1, MAX_RUNS_PER_CELL),
      ),
    )
    .addOption(
      new Option('--driver <name>', 'instead of the file’s').choices(['sim', 'docker', 'process']),
    )
    .addOption(
      new Option('--jobs <n>', 'simulated runs at once; by default one per processor').argParser(
        (text) => wholeNumber(text, 1, MAX_JOBS),
      ),
    )
    .addOption(new Option('--resume <campaign>', 'go on with this one, from its own copy'))
    .addOption(new Option('--fresh', 'begin anew, even if the same runs were made before'))
    .addOption(new Option('--keep', 'keep every run’s folder, for lab query and lab report'))
    .addOption(jsonOption())
    .addOption(new Option('--quiet', 'no progress'))
    .action(campaign);
}

async function campaign(file: string | undefined, options: Options): Promise<void> {
  const [{ CampaignProgress }, { missingOf, perform }, { summarise }, { campaignLines }, launch] =
    await Promise.all([
      import('../campaign/progress.ts'),
      import('../campaign/perform.ts'),
      import('../campaign/summary.ts'),
      import('../campaign/table.ts'),
      import('./launch.ts'),
    ]);
  const { json = false, quiet = false, keep = false } = options;
  const version = launch.version();
  const folder = await folderFor(file, options, version);
  const { campaign: plan, name } = folder;
  folder.open();
  const asked = (plan.cells.length + plan.controls.length) * plan.seeds.length;
  const missing = missingOf(folder).length;
  const jobs = plan.driver === 'sim' ? (options.jobs ?? availableParallelism()) : 1;
  if (!quiet) tellBeginning({ name, asked, missing, jobs, folder, version });
  const progress = new CampaignProgress({
    screen: process.stderr,
    quiet,
    asked,
    before: asked - missing,
    jobs,
    labelOf: ({ part, index, seed }) => {
      const values = Object.entries(plan.cells[index]?.values ?? {});
      const cell = values.map(([axis, value]) => `${axis} ${value}, `).join('');
      return `${part === 'control' ? 'honest control, ' : cell}seed ${seed}`;
    },
  });
  const ending = new AbortController();
  const onSignal = (): void => {
    progress.stop();
    if (ending.signal.aborted) process.exit(EXIT.interrupted);
    remark('\ninterrupted: ending what is under way (Ctrl-C again gives up)');
    ending.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    await perform({
      folder,
      version,
      jobs,
      keep,
      signal: ending.signal,
      started: (run) => progress.started(run),
      ended: (run, outcome) => progress.ended(run, outcome),
    });
  } finally {
    progress.stop();
    for (const signal of SIGNALS) process.off(signal, onSignal);
    if (missing > 0) await folder.store();
    folder.close();
  }
  const again = file === undefined ? `npx lab campaign --resume ${name}` : resumeOf(file, options);
  if (ending.signal.aborted) {
    remark(`interrupted; ${folder.rows.size} of ${asked} runs are kept. Go on: ${again}`);
    process.exit(EXIT.interrupted);
  }
  const summary = summarise(name, plan, [...folder.rows.values()]);
  if (json) printJson(summary);
  else printLines(campaignLines(summary, again));
  process.exitCode = summary.runs.broke > 0 ? EXIT.broke : EXIT.fine;
}

async function folderFor(file: string | undefined, options: Options, version: string) {
  const [{ loadCampaign }, folders] = await Promise.all([
    import('../campaign/definition.ts'),
    import('../campaign/folder.ts'),
  ]);
  const { runs, driver, resume, fresh = false } = options;
  if ((file === undefined) === (resume === undefined)) {
    throw new LabError('either a campaign file or --resume CAMPAIGN', {
      exitCode: EXIT.badUse,
      remedy: 'npx lab campaign testnets/campaigns/colluding-liars.yaml',
    });
  }
  if (file === undefined) return folders.findNamed(resume ?? '');
  const loaded = loadCampaign(file, { runs, driver });
  const same = fresh ? null : folders.findSame(loaded, version);
  return same ?? folders.create(loaded, version, { runs, driver });
}

interface Beginning {
  readonly name: string;
  readonly asked: number;
  readonly missing: number;
  readonly jobs: number;
  readonly folder: {
    readonly rows: ReadonlyMap<string, unknown>;
    readonly about: { version: string };
  };
  readonly version: string;
}

function tellBeginning({ name, asked, missing, jobs, folder, version }: Beginning): void {
  if (missing === 0) {
    remark(`${name}: all ${asked} runs were made before (--fresh makes them again)`);
    return;
  }
  const made = folder.rows.size === 0 ? '' : `, ${asked - missing} of them made before`;
  remark(`${name}: ${asked} runs${made}, ${jobs} at once`);
  if (folder.about.version !== version) {
    remark(`! it was begun by version ${folder.about.version}, this is ${version}`);
  }
}

function resumeOf(file: string, { runs, driver }: Options): string {
  const more = [
    ...(runs === undefined ? [] : [`--runs ${runs}`]),
    ...(driver === undefined ? [] : [`--driver ${driver}`]),
  ];
  return ['npx lab campaign', shellWord(file), ...more].join(' ');
}
