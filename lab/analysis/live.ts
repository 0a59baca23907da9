/** Figures for someone who watches a run; the same definitions as the result's. */
import { DEFAULT_PARAMETERS } from '../../node/parameters.ts';
import type { LiveFigures } from '../supervisor/api.ts';
import { ask } from '../telemetry/queries.ts';
import type { TelemetryStore } from '../telemetry/store.ts';
import { finalityThreshold, LIVE_COUNTS, TRANSACTION_FATES } from './queries.ts';
import { quantilesOf } from './statistics.ts';

/**
 * They cost the more the longer the run: who makes them again and again rests so many times as long
 * as it took, so that they keep at most a quarter of one thread of the engine busy.
 */
export const FIGURES_REST = 3;

/** `k` is the network's, for finality. Two queries, tens of ms in the engine's own threads for a run of some thousand transactions. */
export async function liveFigures(
  store: TelemetryStore,
  run: string,
  k: number = DEFAULT_PARAMETERS.k,
): Promise<LiveFigures> {
  const fates = await ask(store, TRANSACTION_FATES, { run, need: finalityThreshold(k) });
  const [counts] = await ask(store, LIVE_COUNTS, { run });
  return {
    committed: fates.filter((fate) => fate.class === 'committed').length,
    submitted: fates.length,
    finalityP50Ms: quantilesOf(fates.map((fate) => fate.final_ms)).p50,
    statements: counts?.statements ?? 0,
    evidence: counts?.evidence ?? 0,
    banned: counts?.banned ?? 0,
    slashed: counts?.slashed ?? 0,
  };
}
