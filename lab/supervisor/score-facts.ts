/** What the supervisor knows of a run and scoring needs. */
import path from 'node:path';
import { RUN_FILES } from './api.ts';
import type { FidelityGuard } from './fidelity.ts';
import type { RunFacts } from '../analysis/score.ts';
import { messageOf, type RunContext } from './run-context.ts';

export async function scoreFacts(
  context: RunContext,
  shaping: RunFacts['shaping'],
  guard: FidelityGuard,
): Promise<RunFacts> {
  const { plan, testnet, journal, runDirectory } = context;
  const nowMs = Date.now();
  const reasons = new Set(journal.state.fidelityReasons);
  for (const reason of await guard.reasons(context).catch((e: unknown) => [messageOf(e)])) {
    reasons.add(reason);
  }
  const { state } = journal;
  return {
    run: plan.run,
    testnet,
    driver: plan.driver,
    shaping,
    shapingOk: state.shapingOk,
    links: state.links,
    fidelityReasons: [...reasons],
    seed: plan.seed,
    version: plan.version,
    loadStartedAtMs: state.loadStartedAtMs ?? nowMs,
    loadEndedAtMs: state.loadEndedAtMs ?? nowMs,
    wallMs: nowMs - (state.sinceMs ?? nowMs),
    attacks: [...state.attacks.values()].map(({ id, name, startedAtMs, members }) => ({
      id,
      name,
      startedAtMs,
      members,
    })),
    reportPath: path.join(runDirectory, RUN_FILES.report),
  };
}
