/** `lab claims [ID…]`: what the papers claim, measured and judged. */
import { Command, Option } from 'commander';
import type { JudgedClaim } from '../claims/claim.ts';
import { rowLines } from '../claims/document.ts';
import { CLAIMS } from '../claims/ledger.ts';
import { putOnRecord } from '../claims/record.ts';
import { examine } from '../claims/run.ts';
import { EXIT, LabError } from '../errors.ts';
import { allowedWords } from '../manifest/problem.ts';
import { printJson, printLines, remark } from '../terminal/output.ts';
import { jsonOption, wholeNumber } from './common.ts';
import { version } from './launch.ts';

interface Options {
  readonly quick?: boolean;
  readonly json?: boolean;
  readonly write?: boolean;
  readonly seed: number;
}

export function claimsCommand(): Command {
  return new Command('claims')
    .description('what the papers claim, measured and judged')
    .argument('[id...]', 'rows, such as E2 L6; without any, all')
    .addOption(new Option('--quick', 'smaller samples: a first look'))
    .addOption(
      new Option('--seed <n>', 'of every draw')
        .argParser((text) => wholeNumber(text, 0, 0xffffffff))
        .default(1),
    )
    .addOption(new Option('--write', 'put each row on record: docs/claims.json, docs/CLAIMS.md'))
    .addOption(jsonOption())
    .addHelpText('after', '\nA claim that fails is a result, not a failure: the exit code is 0.')
    .action(claims);
}

async function claims(ids: readonly string[], options: Options): Promise<void> {
  const { quick = false, json = false, write = false, seed } = options;
  const chosen = chooseRows(ids);
  if (write && quick) {
    throw new LabError('a quick look is not put on record', {
      exitCode: EXIT.badUse,
      remedy: 'leave out --quick or --write',
    });
  }
  const settings = { seed, quick, remark, version: version() };
  const judged: JudgedClaim[] = [];
  for (const claim of chosen) {
    remark(`${claim.id}: ${claim.title} …`);
    const row = await examine(claim, settings);
    judged.push(row);
    if (write) putOnRecord(row);
    if (!json) printLines(rowLines(row));
  }
  if (json) printJson({ claims: judged });
}

function chooseRows(ids: readonly string[]): typeof CLAIMS {
  const known = CLAIMS.map(({ id }) => id);
  const wrong = ids.find((id) => !known.includes(id.toUpperCase()));
  if (wrong !== undefined) {
    throw new LabError(`there is no claim ${wrong}; ${allowedWords(wrong, known)}`, {
      exitCode: EXIT.badUse,
    });
  }
  if (ids.length === 0) return CLAIMS;
  const wanted = new Set(ids.map((id) => id.toUpperCase()));
  return CLAIMS.filter(({ id }) => wanted.has(id));
}
