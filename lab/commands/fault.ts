/** `lab fault KIND --run RUN …` breaks something in a living network; `lab fault clear ID` mends it. */
import { Command, Option } from 'commander';
import { EXIT, LabError } from '../errors.ts';
import { readDocument } from '../manifest/document.ts';
import { explainIssues } from '../manifest/explain.ts';
import { allowedWords } from '../manifest/problem.ts';
import { FAULT_KINDS, faultSchema } from '../manifest/fault-schema.ts';
import type { RunStatus } from '../supervisor/api.ts';
import { openRun } from '../supervisor/client.ts';
import { expectReal } from '../supervisor/faults.ts';
import { printJson, printLines } from '../terminal/output.ts';
import { findRun, jsonOption, keyValue } from './common.ts';

interface Options {
  readonly run?: string;
  readonly for?: number;
  readonly between?: readonly string[];
  readonly direction?: string;
  readonly members?: readonly string[];
  readonly skew?: number;
  readonly ppm?: number;
  readonly set?: Readonly<Record<string, number | string | boolean>>;
  readonly json?: boolean;
}

const list = (text: string) => text.split(',').map((word) => word.trim());

export function faultCommand(): Command {
  return new Command('fault')
    .description('break something in a living network, or mend it')
    .usage('KIND --run RUN …  |  clear ID [--run RUN]')
    .argument('<kind>', `${FAULT_KINDS.join(', ')}, or clear`)
    .argument('[id]', 'which fault to clear')
    .addOption(new Option('--run <run>', 'run, by name or unique prefix'))
    .addOption(new Option('--for <ms>', 'until cleared when absent').argParser(Number))
    .addOption(new Option('--between <a,b>', 'two regions (partition, link)').argParser(list))
    .addOption(new Option('--direction <both|forward>', 'of a partition'))
    .addOption(
      new Option(
        '--members <names>',
        'members or groups, with commas (pause, kill, restart, restore, clock, drift)',
      ).argParser(list),
    )
    .addOption(new Option('--skew <ms>', 'error of the clocks (clock)').argParser(Number))
    .addOption(new Option('--ppm <n>', 'how fast clocks run, millionths (drift)').argParser(Number))
    .addOption(
      new Option(
        '--set <field=value>',
        'field of the link profile (link): delayMs, loss, …',
      ).argParser(keyValue),
    )
    .addOption(jsonOption())
    .action(perform);
}

async function perform(kind: string, id: string | undefined, options: Options): Promise<void> {
  if (kind === 'clear') {
    if (id === undefined) {
      throw new LabError("lab fault clear without the fault's id", {
        exitCode: EXIT.badUse,
        remedy: 'lab fault clear ID --run RUN',
      });
    }
    const client = await openRun(findRun(options.run, true).run);
    const answer = await client.json<object>('DELETE', `/fault/${encodeURIComponent(id)}`);
    if (options.json === true) printJson(answer);
    else printLines([`${id} cleared`]);
    return;
  }
  if (!FAULT_KINDS.some((known) => known === kind)) {
    throw new LabError(`no fault ${kind}; ${allowedWords(kind, [...FAULT_KINDS, 'clear'])}`, {
      exitCode: EXIT.badUse,
    });
  }
  const asked = checkedFault(kind, options);
  expectReal([asked.kind]);
  const run = findRun(options.run, true);
  const client = await openRun(run.run);
  const status = await client.status();
  const body = 'members' in asked ? { ...asked, members: expand(asked.members, status) } : asked;
  const answer = await client.json<{ id: string }>('POST', '/fault', body);
  if (options.json === true) printJson(answer);
  else
    printLines([`${answer.id} began; npx lab fault clear ${answer.id} --run ${run.run} ends it`]);
}

/** The fault as the manifest's own schema understands it. Throws LabError with all that is wrong. */
function checkedFault(kind: string, options: Options) {
  const { for: forMs, between, direction, members, skew: skewMs, ppm, set: change } = options;
  const given = { kind, atMs: 0, forMs, between, direction, members, skewMs, ppm, change };
  const value = Object.fromEntries(Object.entries(given).filter(([, part]) => part !== undefined));
  const parsed = faultSchema.safeParse(value);
  if (parsed.success) {
    const { atMs: _atOnce, ...fault } = parsed.data;
    return fault;
  }
  const read = readDocument(JSON.stringify(value));
  const problems = read.ok ? explainIssues(read.document, parsed.error.issues) : read.problems;
  throw new LabError(problems.map(({ message }) => message).join('\n'), {
    exitCode: EXIT.badUse,
    remedy: 'npx lab fault --help lists the options of each kind',
  });
}

function expand(names: readonly string[], status: RunStatus): string[] {
  return [
    ...new Set(
      names.flatMap((name) => {
        const group = status.members.filter((member) => member.group === name);
        return group.length > 0 ? group.map((member) => member.name) : [name];
      }),
    ),
  ];
}
