/** `lab tui [RUN|FILE]`: the terminal UI. */
import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { EXIT, LabError } from '../errors.ts';
import { printLines, remark } from '../terminal/output.ts';
import type { Backend } from '../tui/backend.ts';
import type { Cryptography, Effect } from '../tui/effect.ts';
import type { LaunchDefaults } from '../tui/launch-form.ts';
import { wordsOf } from '../tui/trouble.ts';
import { cryptographyOption, findRun, runDriverOption, seedOption, setOption } from './common.ts';

interface Options {
  readonly driver: LaunchDefaults['driver'];
  readonly seed?: number;
  readonly cryptography?: Cryptography;
  readonly set?: readonly string[];
  readonly plain?: boolean;
}

type First = Extract<Effect, { type: 'attach' | 'launch' }>;

export function tuiCommand(): Command {
  return new Command('tui')
    .description('watch and drive a network in the terminal; without RUN or FILE: choose one')
    .argument('[run or file]', 'a living run, by name or unique prefix, or a testnet to launch')
    .addOption(runDriverOption())
    .addOption(seedOption())
    .addOption(cryptographyOption())
    .addOption(setOption())
    .addOption(new Option('--plain', 'lines instead of a screen: for pipes, CI, screen readers'))
    .action(perform);
}

async function perform(word: string | undefined, options: Options): Promise<void> {
  const { driver, seed = null, cryptography = 'real', set: settings = [], plain = false } = options;
  const defaults = { driver, seed, cryptography };
  const first = word === undefined ? null : firstOf(word, defaults);
  if (!plain) expectScreen();
  const { labBackend } = await import('../tui/lab-backend.ts');
  const backend = labBackend(settings);
  if (plain) {
    await followPlainly(first ?? { type: 'attach', run: findRun(undefined, true).run }, backend);
    return;
  }
  const { sit } = await import('../tui/open.ts');
  // What still waits for an answer, a launch or a question, must not hold whoever has left.
  process.exit(await sit({ backend, defaults, first }));
}

/** A file is launched, anything else is the name of a run. Throws LabError. */
function firstOf(word: string, defaults: LaunchDefaults): First {
  if (/\.ya?ml$/.test(word) || word.includes('/')) {
    if (!existsSync(word)) {
      throw new LabError(`there is no file ${word}`, {
        exitCode: EXIT.badUse,
        remedy: 'npx lab tui shows what can be launched',
      });
    }
    return { type: 'launch', choice: { file: word, ...defaults } };
  }
  return { type: 'attach', run: findRun(word, true).run };
}

/** Throws a LabError where a screen cannot be drawn, or nobody would look at it. */
function expectScreen(): void {
  const { CI, TERM } = process.env;
  const why =
    process.stdin.isTTY && process.stdout.isTTY
      ? TERM === 'dumb'
        ? 'this terminal cannot be drawn on (TERM=dumb)'
        : CI !== undefined && CI !== '' && CI !== 'false'
          ? 'this is CI: nobody looks'
          : null
      : 'this is no terminal';
  if (why === null) return;
  throw new LabError(why, {
    exitCode: EXIT.badUse,
    remedy: 'npx lab run FILE shows its progress in lines; npx lab tui RUN --plain follows a run',
  });
}

async function followPlainly(first: First, backend: Backend): Promise<void> {
  const { follow } = await import('../tui/plain.ts');
  const live =
    first.type === 'attach'
      ? await backend.open(first.run)
      : await backend.launch(first.choice, {
          say: remark,
          begun: () => undefined,
          signal: new AbortController().signal,
        });
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    await follow(live, (line) => printLines([line]), stop.signal);
  } catch (error) {
    remark(`lab: ${wordsOf(error)}`);
    process.exitCode = EXIT.broke;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
  if (stop.signal.aborted) {
    remark(`${live.run} goes on; npx lab down ${live.run} removes it`);
    process.exitCode = EXIT.interrupted;
  }
}
