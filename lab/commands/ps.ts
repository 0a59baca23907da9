/** `lab ps`: which runs there are and what of them lives. */
import { Command, Option } from 'commander';
import { isAlive, listRuns } from '../supervisor/client.ts';
import type { RunSummary } from '../supervisor/client.ts';
import { loadTestnet } from '../manifest/load.ts';
import type { Testnet } from '../manifest/testnet.ts';
import { printJson, printLines } from '../terminal/output.ts';
import { table } from '../terminal/style.ts';
import { jsonOption } from './common.ts';

export function psCommand(): Command {
  return new Command('ps')
    .description('list runs')
    .addOption(new Option('--all', 'ended runs too'))
    .addOption(jsonOption())
    .action((options: { readonly all?: boolean; readonly json?: boolean }) => {
      const runs = listRuns().filter((run) => options.all === true || isAlive(run));
      const rows = runs.map(row);
      if (options.json === true) printJson({ runs: rows });
      else if (rows.length === 0) printLines(['no runs; npx lab demo makes one']);
      else {
        const cells = rows.map((run) => [
          run.run,
          run.testnet ?? '–',
          run.driver,
          run.state,
          run.newcomers === 0
            ? String(run.peers)
            : `${run.peers} (${run.joined} of ${run.newcomers} newcomers in)`,
          run.since ?? '–',
          String(run.supervisorPid ?? '–'),
        ]);
        const header = ['run', 'testnet', 'driver', 'state', 'members', 'since', 'supervisor'];
        printLines(table(header, cells, [4]));
      }
    });
}

function row(run: RunSummary) {
  const dead = run.supervisorPid === null && run.phase !== 'ended';
  const testnet = testnetOf(run);
  const { joined } = run;
  return {
    run: run.run,
    testnet: testnet?.name ?? null,
    driver: run.plan.driver,
    // Its peers may live; the next command that asks starts the supervisor again.
    state: dead ? `${run.phase ?? 'preparing'} (no supervisor)` : (run.phase ?? 'preparing'),
    peers: run.launched,
    newcomers: testnet?.members.filter(({ joinAtMs }) => joinAtMs !== undefined).length ?? 0,
    joined,
    since: run.since,
    supervisorPid: run.supervisorPid,
  };
}

function testnetOf(run: RunSummary): Testnet | null {
  try {
    return loadTestnet(run.plan.manifest);
  } catch {
    return null;
  }
}
