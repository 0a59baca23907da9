/** `lab evidence`: the packages of a run, one of them as a file, and the verdict on such a file. */
import { readFileSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { EXIT, LabError } from '../errors.ts';
import { loadTestnet } from '../manifest/load.ts';
import { printJson, printLines } from '../terminal/output.ts';
import { table } from '../terminal/style.ts';
import type { RunSummary } from '../supervisor/client.ts';
import { findRun, jsonOption } from './common.ts';
import { evidenceDocument, judgeFile, parseEvidenceFile } from './evidence-file.ts';
import { askRun } from './query.ts';

interface JsonOption {
  readonly json?: boolean;
}

/** A file as it is written is far smaller; more would only fill the memory. */
const MAX_FILE_BYTES = 100_000;

export function evidenceCommand(): Command {
  const evidence = new Command('evidence').description(
    'packages that convict: list them, write one to a file, judge a file',
  );
  const commands = [listCommand(), exportCommand(), verifyCommand()];
  for (const command of commands) evidence.addCommand(command.exitOverride());
  return evidence;
}

function listCommand(): Command {
  return new Command('list')
    .description('evidence packages of a run and how many members hold them')
    .argument('[run]', 'run, by name or unique prefix')
    .addOption(jsonOption())
    .action(async (word: string | undefined, options: JsonOption) => {
      const run = findRun(word, false);
      const rows = await askRun(run, listSql(run));
      if (options.json === true) return printJson({ run: run.run, packages: rows });
      const header = ['package', 'accused', 'rule', 'bytes', 'held by'];
      const text = rows.map((row) => Object.values(row).map(String));
      printLines(rows.length === 0 ? ['no evidence'] : table(header, text));
    });
}

function listSql(run: RunSummary): string {
  return `SELECT package, any(accused) AS accused, any(rule) AS rule, max(bytes) AS bytes,
    uniqExact(peer) AS held_by FROM lab.evidence WHERE run = '${quoted(run.run)}'
    AND event IN ('assembled', 'verified') GROUP BY package ORDER BY min(ts), package`;
}

function exportCommand(): Command {
  return new Command('export')
    .description('write one package with all that is needed to judge it')
    .argument('<run>', 'run, by name or unique prefix')
    .argument('<package>', 'hash of the package, or a unique beginning of it')
    .argument('<file>', 'JSON file to write')
    .action(async (word: string, name: string, file: string) => {
      if (!/^[0-9a-f]{1,64}$/.test(name)) {
        throw new LabError(`${name} is no beginning of a hash`, { exitCode: EXIT.badUse });
      }
      const run = findRun(word, false);
      const rows = await askRun(
        run,
        `SELECT DISTINCT content FROM lab.evidence WHERE run = '${quoted(run.run)}'
          AND startsWith(package, '${name}') AND content != ''`,
      );
      const content = rows[0]?.['content'];
      if (rows.length !== 1 || typeof content !== 'string') {
        throw new LabError(`${rows.length} packages of ${run.run} begin with ${name}`, {
          exitCode: EXIT.badUse,
          remedy: `npx lab evidence list ${run.run}`,
        });
      }
      const { protocol } = loadTestnet(run.plan.manifest, run.plan);
      writeFileSync(file, evidenceDocument(content, protocol));
      printLines([file]);
    });
}

function verifyCommand(): Command {
  return new Command('verify')
    .description('judge a file offline; exit 0: it proves its accused guilty, 1: it does not')
    .argument('<file>', 'as lab evidence export writes it')
    .addOption(jsonOption())
    .action((file: string, options: JsonOption) => {
      const parsed = parseEvidenceFile(readBounded(file));
      if (!parsed.ok) {
        throw new LabError(`${file} is no evidence file: ${parsed.reason}`, {
          exitCode: EXIT.badUse,
          remedy: 'npx lab evidence export RUN PACKAGE FILE writes one',
        });
      }
      const judgement = judgeFile(parsed.value);
      if (!judgement.guilty) process.exitCode = EXIT.expectationFailed;
      if (options.json === true) return printJson(judgement);
      const { guilty, reason, accused, rule, type, network } = judgement;
      const verdict = guilty ? `guilty: ${rule} (${type})` : `not guilty: ${reason}`;
      printLines([verdict, `accused ${accused ?? 'unknown'}`, `network ${network}`]);
    });
}

function readBounded(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new LabError(`can't read ${file}: ${why}`, { exitCode: EXIT.badUse });
  }
  if (bytes.length > MAX_FILE_BYTES) {
    throw new LabError(`${file} has ${bytes.length} bytes, more than any evidence file`, {
      exitCode: EXIT.badUse,
    });
  }
  return bytes.toString('utf8');
}

function quoted(text: string): string {
  return text.replaceAll(/['\\]/g, '\\$&');
}
