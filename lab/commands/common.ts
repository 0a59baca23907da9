/** What commands share: how a RUN argument is understood, and the options that mean the same everywhere. */
import { InvalidArgumentError, Option } from 'commander';
import { EXIT, LabError } from '../errors.ts';
import { allowedWords } from '../manifest/problem.ts';
import { parseSetting } from '../manifest/settings.ts';
import { isAlive, listRuns } from '../supervisor/client.ts';
import type { RunSummary } from '../supervisor/client.ts';

/** `--json` */
export function jsonOption(): Option {
  return new Option('--json', 'one JSON document on standard output, everything else elsewhere');
}

/** `--driver` */
export function driverOption(): Option {
  return new Option('--driver <name>', 'where peers run')
    .choices(['auto', 'docker', 'process'])
    .default('auto');
}

/** `--driver` of commands that carry a whole run out: they can also simulate it. */
export function runDriverOption(): Option {
  return new Option('--driver <name>', 'where peers run; sim: in virtual time, in one process')
    .choices(['auto', 'docker', 'process', 'sim'])
    .default('auto');
}

/** Beyond this nobody can follow; `lab run` goes as fast as it can. */
const MAX_PACE = 1000;

/** `--pace` */
export function paceOption(): Option {
  return new Option('--pace <times>', 'virtual seconds per second, of a simulated network')
    .default(1)
    .argParser((text) => {
      const times = Number(text);
      if (!/^\d+(\.\d+)?$/.test(text) || times <= 0 || times > MAX_PACE) {
        throw new InvalidArgumentError(`Allowed: a number above 0, at most ${MAX_PACE}.`);
      }
      return times;
    });
}

/** `--cryptography` */
export function cryptographyOption(): Option {
  return new Option('--cryptography <kind>', 'of a simulated run; ideal: unforgeable at no cost')
    .choices(['real', 'ideal'])
    .default(undefined, 'real');
}

/** `--seed` */
export function seedOption(): Option {
  return new Option('--seed <n>', 'instead of the seed of the file').argParser((text) =>
    wholeNumber(text, 0, 0xffffffff),
  );
}

/** `--set`, any number of times */
export function setOption(): Option {
  return new Option(
    '--set <path=value>',
    'instead of a value of the file: protocol.k=12, peers.liars.count=6 (repeatable)',
  ).argParser(setting);
}

function setting(text: string, before: readonly string[] = []): readonly string[] {
  const parsed = parseSetting(text);
  if (typeof parsed === 'string') throw new InvalidArgumentError(`${parsed}.`);
  return [...before, text];
}

/** A whole number in a range, for commander's argument parsers. */
export function wholeNumber(text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new InvalidArgumentError(`Allowed: a whole number from ${min} to ${max}.`);
  }
  return value;
}

/** Gathers a repeatable `k=v` option. */
export function keyValue(
  text: string,
  before: Readonly<Record<string, number | string | boolean>> = {},
): Readonly<Record<string, number | string | boolean>> {
  const [, key, value] = /^([A-Za-z][\w-]*)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) {
    throw new InvalidArgumentError('Allowed: name=value.');
  }
  return { ...before, [key]: literal(value) };
}

function literal(text: string): number | string | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : text;
}

/**
 * The run that `word` names: whole, or a prefix that only it has; without a word, the only one.
 * `alive` looks only at runs of which something may live. Throws LabError with the choices.
 */
export function findRun(word: string | undefined, alive: boolean): RunSummary {
  const runs = listRuns().filter((run) => !alive || isAlive(run));
  const named = runs.find(({ run }) => run === word);
  const matching = runs.filter(({ run }) => word === undefined || run.startsWith(word));
  const [only] = matching;
  if (named !== undefined) return named;
  if (only !== undefined && matching.length === 1) return only;
  const kind = alive ? 'living run' : 'run';
  const names = runs.map(({ run }) => run);
  if (names.length === 0) {
    throw new LabError(`there is no ${kind}`, {
      exitCode: EXIT.badUse,
      remedy: 'npx lab up testnets/demo.yaml starts one',
    });
  }
  if (matching.length === 0) {
    throw new LabError(`no ${kind} is called ${word ?? ''}; ${allowedWords(word, names)}`, {
      exitCode: EXIT.badUse,
    });
  }
  throw new LabError(
    word === undefined
      ? `there are ${matching.length} runs; say which`
      : `${word} could be any of ${matching.length} runs`,
    { exitCode: EXIT.badUse, remedy: `allowed: ${matching.map(({ run }) => run).join(', ')}` },
  );
}
