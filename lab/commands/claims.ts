/** `lab claims [ID…]`: what the papers claim, measured and judged. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command, Option } from 'commander';
import type { JudgedClaim } from '../claims/claim.ts';
import { claimsDocument, rowLines } from '../claims/document.ts';
import { CLAIMS } from '../claims/ledger.ts';
import { examine } from '../claims/run.ts';
import { EXIT, LabError } from '../errors.ts';
import { allowedWords } from '../manifest/problem.ts';
import { printJson, printLines, remark } from '../terminal/output.ts';
import { jsonOption, wholeNumber } from './common.ts';
import { version } from './launch.ts';

const DOCUMENT = path.join(import.meta.dirname, '..', '..', 'docs', 'CLAIMS.md');

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
    .addOption(new Option('--write', 'all rows into docs/CLAIMS.md'))
    .addOption(jsonOption())
    .addHelpText('after', '\nA claim that fails is a result, not a failure: the exit code is 0.')
    .action(claims);
}

async function claims(ids: readonly string[], options: Options): Promise<void> {
  const { quick = false, json = false, write = false, seed } = options;
  const chosen = chooseRows(ids);
  if (write && (quick || chosen.length < CLAIMS.length)) {
    throw new LabError('docs/CLAIMS.md holds every row at its full sample', {
      exitCode: EXIT.badUse,
      remedy: 'npx lab claims --write',
    });
  }
  const settings = { seed, quick, remark, version: version() };
  const judged: JudgedClaim[] = [];
  for (const claim of chosen) {
    remark(`${claim.id}: ${claim.title} …`);
    const row = await examine(claim, settings);
    judged.push(row);
    if (!json) printLines(rowLines(row));
  }
  if (json) printJson({ claims: judged });
  if (!write) return;
  writeFileSync(DOCUMENT, claimsDocument(judged, new Date()));
  remark(`written: ${path.relative(process.cwd(), DOCUMENT)}`);
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
