/** The command line: parses, runs one command, and turns whatever happened into an exit code. */
import { Command, CommanderError } from 'commander';
import { attackCommand } from './commands/attack.ts';
import { attacksCommand } from './commands/attacks.ts';
import { auditCommand } from './commands/audit.ts';
import { calibrateCommand } from './commands/calibrate.ts';
import { claimsCommand } from './commands/claims.ts';
import { campaignCommand } from './commands/campaign.ts';
import { detectCommand } from './commands/detect.ts';
import { doctorCommand } from './commands/doctor.ts';
import { downCommand } from './commands/down.ts';
import { evidenceCommand } from './commands/evidence.ts';
import { faultCommand } from './commands/fault.ts';
import { startCommand, stopCommand } from './commands/halt.ts';
import { linksCommand } from './commands/links.ts';
import { logsCommand } from './commands/logs.ts';
import { psCommand } from './commands/ps.ts';
import { queryCommand } from './commands/query.ts';
import { reportCommand } from './commands/report.ts';
import { demoCommand, runCommand } from './commands/run.ts';
import { schemaCommand } from './commands/schema.ts';
import { serveCommand } from './commands/serve.ts';
import { tuiCommand } from './commands/tui.ts';
import { upCommand } from './commands/up.ts';
import { vectorsCommand } from './commands/vectors.ts';
import { EXIT, LabError } from './errors.ts';
import { remark } from './terminal/output.ts';
import { paint } from './terminal/style.ts';

function program(): Command {
  const lab = new Command('lab')
    .description(
      'Launch, attack and measure peer-to-peer networks of real peers on emulated links.',
    )
    .showSuggestionAfterError(true)
    .showHelpAfterError('(npx lab --help lists the commands)')
    .helpOption('--help', 'what a command does')
    .addHelpText(
      'after',
      '\nExit: 0 fine, 1 expectation failed, 2 bad use or bad manifest, 3 the machine cannot,\n4 something broke, 5 the run is void, 130 interrupted and cleaned up.',
    );
  const commands = [
    doctorCommand(),
    demoCommand(),
    tuiCommand(),
    runCommand(),
    campaignCommand(),
    calibrateCommand(),
    auditCommand(),
    upCommand(),
    downCommand(),
    stopCommand(),
    startCommand(),
    attacksCommand(),
    attackCommand(),
    faultCommand(),
    psCommand(),
    logsCommand(),
    linksCommand(),
    reportCommand(),
    queryCommand(),
    serveCommand(),
    detectCommand(),
    evidenceCommand(),
    claimsCommand(),
    vectorsCommand(),
    schemaCommand(),
  ];
  for (const command of commands) {
    // Before adding: settings are inherited only by commands that `.command()` creates.
    command.copyInheritedSettings(lab);
    lab.addCommand(command);
  }
  for (const command of [lab, ...commands]) command.exitOverride();
  return lab;
}

/** The exit code for what was thrown, after telling the person about it. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) {
    // Commander has printed its message; --help ends with 0.
    return error.exitCode === 0 ? EXIT.fine : EXIT.badUse;
  }
  const red = (text: string) => paint('red', text, process.stderr);
  if (error instanceof LabError) {
    remark(`${red('lab:')} ${error.message}`);
    if (error.remedy !== undefined) remark(`  what to do: ${error.remedy}`);
    return error.exitCode;
  }
  remark(red('lab: this is a bug in the lab:'));
  remark(error instanceof Error ? (error.stack ?? error.message) : String(error));
  remark('  what to do: npx lab ps shows whether a run goes on, npx lab logs RUN its log');
  return EXIT.broke;
}

// A reader that has seen enough (`lab ps | head -1`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.fine : EXIT.broke);
});

// Nor is one that no longer wants to hear how it goes: the run goes on to its end.
process.stderr.on('error', () => undefined);

try {
  const lab = program();
  if (process.argv.length <= 2) {
    lab.outputHelp();
    process.exitCode = EXIT.badUse;
  } else {
    await lab.parseAsync();
  }
} catch (error) {
  process.exitCode = explain(error);
}
