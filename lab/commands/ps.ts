/** `lab ps`: which runs there are and what of them lives. `lab ps RUN`: how each of its members is. */
import { Command, Option } from 'commander';
import type { MemberStatus } from '../supervisor/api.ts';
import { isAlive, listRuns, openRun } from '../supervisor/client.ts';
import type { RunSummary } from '../supervisor/client.ts';
import { loadTestnet } from '../manifest/load.ts';
import type { Testnet } from '../manifest/testnet.ts';
import { printJson, printLines } from '../terminal/output.ts';
import { table } from '../terminal/style.ts';
import { findRun, jsonOption } from './common.ts';

interface Options {
  readonly all?: boolean;
  readonly json?: boolean;
}

export function psCommand(): Command {
  return new Command('ps')
    .description('list runs, or the members of one run')
    .argument('[run]', 'run, by name or unique prefix')
    .addOption(new Option('--all', 'ended runs too'))
    .addOption(jsonOption())
    .action((run: string | undefined, options: Options) =>
      run === undefined ? showRuns(options) : showMembers(run, options),
    );
}

function showRuns(options: Options): void {
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
}

async function showMembers(word: string, options: Options): Promise<void> {
  const client = await openRun(findRun(word, true).run);
  const status = await client.status();
  if (options.json === true) printJson(status);
  else {
    const header = ['member', 'region', 'state', 'phase', 'epoch', 'height', 'tokens'];
    const more = ['connected', 'banned', 'pending'];
    printLines(table([...header, ...more], status.members.map(memberCells), [4, 5, 6, 7, 8, 9]));
  }
}

function memberCells(member: MemberStatus): string[] {
  const { name, region, state, joined, health } = member;
  const phase = joined === false ? 'not in yet' : (health?.phase ?? '–');
  if (health === null) return [name, region, state, phase, '–', '–', '–', '–', '–', '–'];
  const { epoch, height, tokens, connected, wanted, banned, pending } = health;
  const figures = [epoch, height, tokens].map(String);
  const rest = [`${connected} of ${wanted}`, String(banned), String(pending)];
  return [name, region, state, phase, ...figures, ...rest];
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
    return loadTestnet(run.plan.manifest, run.plan);
  } catch {
    return null;
  }
}
