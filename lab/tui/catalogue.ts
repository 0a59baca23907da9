/** What the start screen offers: runs under LAB_HOME and testnet files of the present folder. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { loadTestnet } from '../manifest/load.ts';
import { isAlive, listRuns } from '../supervisor/client.ts';
import type { StartEntry } from './state.ts';
import { counted, clock } from './words.ts';

/** A screen shows some dozens; who keeps more looks with `lab ps --all`. */
const MAX_ENDED = 40;
const MAX_TESTNETS = 100;
const FOLDER = 'testnets';

/** Living runs, testnets, then ended runs from the newest. */
export async function catalogue(): Promise<readonly StartEntry[]> {
  const runs = listRuns().toReversed();
  const entry = (type: 'living' | 'ended') => (run: (typeof runs)[number]) => ({
    type,
    run: run.run,
    summary: {
      phase: run.phase,
      since: run.since,
      launched: run.launched,
      driver: run.plan.driver,
    },
  });
  return [
    ...runs.filter(isAlive).map(entry('living')),
    ...(await testnets()),
    ...runs
      .filter((run) => !isAlive(run))
      .slice(0, MAX_ENDED)
      .map(entry('ended')),
  ];
}

async function testnets(): Promise<StartEntry[]> {
  if (!existsSync(FOLDER)) return [];
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
  // The demo is what most come for.
  const sorted = files.toSorted((a, b) => {
    return Number(b === 'demo.yaml') - Number(a === 'demo.yaml') || a.localeCompare(b);
  });
  const entries: StartEntry[] = [];
  for (const name of sorted.slice(0, MAX_TESTNETS)) {
    const file = path.join(FOLDER, name);
    entries.push({ type: 'testnet', file, about: aboutTestnet(file) });
    // Each takes a while to read, and keys must not wait for all of them.
    await setImmediate();
  }
  return entries;
}

/** In a line; of a file with mistakes, that it has some. */
function aboutTestnet(file: string): string {
  try {
    const { members, durationMs, attacks, faults, regions } = loadTestnet(file, {});
    const peers = members.filter(({ kind }) => kind === 'peer').length;
    const parts = [
      counted(peers, 'peer'),
      counted(regions.length, 'region'),
      `${clock(durationMs)} of load`,
      ...(attacks.length === 0 ? [] : [counted(attacks.length, 'attack')]),
      ...(faults.length === 0 ? [] : [counted(faults.length, 'fault')]),
    ];
    return parts.join(', ');
  } catch {
    return 'has mistakes; launching says which';
  }
}
