/** `lab attack NAME --run RUN` starts an attack on a living network; `lab attack stop ID` … steers it. */
import { Command, Option } from 'commander';
import { EXIT, LabError } from '../errors.ts';
import { attackDeclaration, attackNames, knobProblems } from '../manifest/attacks.ts';
import { allowedWords } from '../manifest/problem.ts';
import { openRun } from '../supervisor/client.ts';
import { printJson, printLines } from '../terminal/output.ts';
import { findRun, jsonOption, keyValue } from './common.ts';

type Knobs = Readonly<Record<string, number | string | boolean>>;

interface Options {
  readonly run?: string;
  readonly knob?: Knobs;
  readonly json?: boolean;
}

const ACTIONS = ['stop', 'pause', 'resume', 'set'];

export function attackCommand(): Command {
  return new Command('attack')
    .description('start an attack on a living network, or steer one')
    .usage('NAME --run RUN [--knob k=v…]  |  stop|pause|resume|set ID [--run RUN] [--knob k=v…]')
    .argument('<name>', 'attack, or stop, pause, resume, set')
    .argument('[id]', 'which attack to steer')
    .addOption(new Option('--run <run>', 'run, by name or unique prefix'))
    .addOption(new Option('--knob <k=v>', 'a setting of the attack').argParser(keyValue))
    .addOption(jsonOption())
    .action(perform);
}

async function perform(name: string, id: string | undefined, options: Options): Promise<void> {
  const { knob: knobs = {}, json = false } = options;
  const steering = ACTIONS.includes(name);
  checkUse(name, id, knobs, steering);
  const run = findRun(options.run, true);
  const client = await openRun(run.run);
  if (steering) {
    const route = `/attack/${encodeURIComponent(id ?? '')}`;
    const answer = await client.json<object>('POST', route, { action: name, knobs });
    if (json) printJson(answer);
    else printLines([`${id ?? ''}: ${name} was ordered`]);
    return;
  }
  const answer = await client.json<{ id: string }>('POST', '/attack', { name, knobs });
  if (json) printJson(answer);
  else
    printLines([`${answer.id} started; npx lab attack stop ${answer.id} --run ${run.run} ends it`]);
}

function checkUse(name: string, id: string | undefined, knobs: Knobs, steering: boolean): void {
  if (steering && id === undefined) {
    throw new LabError(`lab attack ${name} without the attack's id`, {
      exitCode: EXIT.badUse,
      remedy: `lab attack ${name} ID --run RUN`,
    });
  }
  if (steering) return;
  if (id !== undefined) {
    throw new LabError(`lab attack ${name} with a second word, ${id}`, {
      exitCode: EXIT.badUse,
      remedy: `lab attack ${name} --run RUN, or lab attack ${ACTIONS.join('|')} ID`,
    });
  }
  const declaration = attackDeclaration(name);
  if (declaration === undefined) {
    throw new LabError(`no attack ${name}; ${allowedWords(name, attackNames())}`, {
      exitCode: EXIT.badUse,
      remedy: 'npx lab attacks lists them',
    });
  }
  const problems = knobProblems(declaration, knobs);
  if (problems.length > 0) {
    throw new LabError(problems.join('\n'), {
      exitCode: EXIT.badUse,
      remedy: 'npx lab attacks lists the knobs',
    });
  }
}
