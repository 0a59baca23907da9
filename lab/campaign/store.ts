/** A campaign's rows as tables, for questions in SQL. */
import { openStore } from '../telemetry/open.ts';
import type { JsonRow } from '../telemetry/store.ts';
import type { CampaignRow } from './rows.ts';

/** Fills a new store at `directory`. */
export async function storeRows(directory: string, rows: readonly CampaignRow[]): Promise<void> {
  const store = await openStore(directory, null);
  try {
    await store.insert('lab.campaign_runs', rows.map(runRow));
    await store.insert('lab.campaign_cases', rows.flatMap(caseRows));
    await store.insert('lab.campaign_scores', rows.flatMap(scoreRows));
  } finally {
    await store.close();
  }
}

function runRow(row: CampaignRow): JsonRow {
  const { id: run, part, index: cell, seed, settings, version, command, state } = row;
  const common = { run, part, cell, seed, settings, version, command, state };
  if (row.state === 'broke') return { ...common, error: row.error };
  const { result, cpuMs } = row;
  return {
    ...common,
    trace_hash: result.traceHash ?? '',
    cpu_ms: cpuMs,
    result: JSON.stringify(result),
  };
}

function caseRows(row: CampaignRow): readonly JsonRow[] {
  if (row.state === 'broke') return [];
  return row.result.attacks.flatMap(({ name, cases }) =>
    cases.map((one) => ({
      run: row.id,
      attack: name,
      member: one.member,
      lies: one.lies,
      first_lie_ms: one.firstLieMs,
      detected_ms: one.detectedMs,
      banned_ms: one.bannedMs,
      slashed_ms: one.slashedMs,
    })),
  );
}

function scoreRows(row: CampaignRow): readonly JsonRow[] {
  if (row.state === 'broke') return [];
  const { report, adversarial } = row.observed.detectors;
  const guilty = new Set(adversarial);
  return report.scores.map(({ detector, subject, score, atMs }) => ({
    run: row.id,
    detector,
    subject,
    guilty: guilty.has(subject),
    score,
    at_ms: atMs,
  }));
}
