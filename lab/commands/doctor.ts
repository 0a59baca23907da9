/** `lab doctor [--fix]`: what this machine can do, and the commands that mend what it cannot. */
import { Command, Option } from 'commander';
import { EXIT } from '../errors.ts';
import { apt, examine } from '../doctor/examine.ts';
import type { Finding } from '../doctor/examine.ts';
import { mend } from '../doctor/mend.ts';
import { printJson, printLines, remark } from '../terminal/output.ts';
import { paint } from '../terminal/style.ts';
import { jsonOption } from './common.ts';

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('what this machine can do, what is missing and what mends it')
    .addOption(new Option('--fix', 'show and run what mends it (Debian, Ubuntu; root)'))
    .addOption(jsonOption())
    .action(async (options: { readonly fix?: boolean; readonly json?: boolean }) => {
      let findings = await examine();
      if (options.fix === true) {
        await mend(findings, remark);
        findings = await examine();
      }
      const { json = false } = options;
      if (json) printJson({ findings });
      else printLines(findings.flatMap(describe));
      // Without an engine networks still run as processes: only what no run can do without counts.
      const lacking = findings.some(({ level, essential }) => level === 'missing' && essential);
      if (lacking) process.exitCode = EXIT.machineCannot;
    });
}

function describe({ level, name, found, meaning, mends, packages }: Finding): string[] {
  const mark = {
    ok: paint('green', '✓ ok     '),
    warn: paint('yellow', '! warning'),
    missing: paint('red', '✗ missing'),
  }[level];
  const lines = [`${mark} ${name}: ${found}`];
  if (level !== 'ok') {
    const commands = [...(packages.length === 0 ? [] : [apt(packages)]), ...mends];
    lines.push(
      `            ${meaning}`,
      ...commands.map((command) => `            mend: ${command}`),
    );
  }
  return lines;
}
