/** Everything a run's report shows beside its result: asked of the named queries once, before anything is drawn. */
import {
  finalityThreshold,
  MEMBER_ROLES,
  SENTENCES,
  TRANSACTION_FATES,
  type Accusation,
  type MemberRole,
  type TransactionFate,
} from '../analysis/queries.ts';
import type { RunResult } from '../analysis/result.ts';
import {
  DETECTION_OVER_TIME,
  FINALITY_BY_REGION,
  FINALITY_OVER_TIME,
  SLASHING_STEPS,
  THROUGHPUT_OVER_TIME,
} from '../analysis/series.ts';
import type { Testnet } from '../manifest/testnet.ts';
import type { RunEvent } from '../supervisor/api.ts';
import {
  ask,
  ATTACK_STATES,
  type NamedQuery,
  PHASES,
  RESOURCES_BY_PEER,
} from '../telemetry/queries.ts';
import {
  ATTACK_SPANS,
  DATAGRAMS_OVER_TIME,
  FAULT_SPANS,
  MESSAGES_OVER_TIME,
  RESOURCES_OVER_TIME,
  RUNS,
} from '../telemetry/series.ts';
import type { TelemetryStore } from '../telemetry/store.ts';

export interface ReportInput {
  readonly result: RunResult;
  readonly testnet: Testnet;
  readonly store: TelemetryStore;
  readonly events: readonly RunEvent[];
}

type RowsOf<Query> = Query extends NamedQuery<infer Row> ? readonly Row[] : never;

/** All times are ms since the epoch but those of the result and `endMs`. */
export interface RunData {
  readonly result: RunResult;
  readonly testnet: Testnet;
  readonly events: readonly RunEvent[];
  /** When the load started: 0 of every axis. */
  readonly originMs: number;
  /** How long the axis of the run is, ms. */
  readonly endMs: number;
  /** When the last of what became of the adversaries happened, ms on the same axis: at least `endMs`. */
  readonly lastMs: number;
  /** Width of a step of all that is drawn over time, ms. */
  readonly stepMs: number;
  readonly fates: readonly TransactionFate[];
  readonly sentences: readonly Accusation[];
  readonly members: readonly MemberRole[];
  readonly offences: RowsOf<typeof SLASHING_STEPS>;
  readonly finality: RowsOf<typeof FINALITY_OVER_TIME>;
  readonly byRegion: RowsOf<typeof FINALITY_BY_REGION>;
  readonly throughput: RowsOf<typeof THROUGHPUT_OVER_TIME>;
  readonly found: RowsOf<typeof DETECTION_OVER_TIME>;
  readonly messages: RowsOf<typeof MESSAGES_OVER_TIME>;
  readonly datagrams: RowsOf<typeof DATAGRAMS_OVER_TIME>;
  readonly resources: RowsOf<typeof RESOURCES_OVER_TIME>;
  readonly resourcesByPeer: RowsOf<typeof RESOURCES_BY_PEER>;
  readonly attackSpans: RowsOf<typeof ATTACK_SPANS>;
  readonly faultSpans: RowsOf<typeof FAULT_SPANS>;
  readonly phases: RowsOf<typeof PHASES>;
}

/** Steps that a line is drawn from: more aren't told apart. */
const STEPS = 30;
const ROUND_STEPS_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000];
const HOUR_MS = 3_600_000;

/** A round step that divides a run into about thirty. */
export function stepFor(durationMs: number): number {
  const wanted = durationMs / STEPS;
  return ROUND_STEPS_MS.find((step) => step >= wanted) ?? Math.ceil(wanted / HOUR_MS) * HOUR_MS;
}

export async function readRunData(input: ReportInput): Promise<RunData> {
  const { result, testnet, store, events } = input;
  const { run } = result;
  const need = finalityThreshold(testnet.protocol.k);
  const fates = await ask(store, TRANSACTION_FATES, { run, need });
  const offences = await ask(store, SLASHING_STEPS, { run });
  const sentences = await ask(store, SENTENCES, { run });
  const originMs = await originOf(store, result, fates[0]?.submitted_ms ?? 0);
  const endMs = Math.max(result.durationMs, 1);
  const stepMs = stepFor(endMs);
  const from = Math.floor(originMs);
  const happened = offences.flatMap((one) => [
    one.first_flag_ms,
    one.first_evidence_ms,
    one.banned_ms,
    one.slashed_ms,
  ]);
  const lastMs = Math.max(endMs, ...happened.map((atMs) => (atMs ?? originMs) - originMs));
  const window = { run, need, from, to: Math.ceil(originMs + endMs), step: stepMs };
  return {
    result,
    testnet,
    events,
    originMs,
    endMs,
    lastMs,
    stepMs,
    fates,
    sentences,
    members: await ask(store, MEMBER_ROLES, { run }),
    offences,
    finality: await ask(store, FINALITY_OVER_TIME, window),
    byRegion: await ask(store, FINALITY_BY_REGION, { run, need }),
    throughput: await ask(store, THROUGHPUT_OVER_TIME, window),
    // Evidence comes in, and is voted on, after the load too.
    found: await ask(store, DETECTION_OVER_TIME, {
      ...window,
      to: Math.ceil(originMs + lastMs) + 1,
    }),
    messages: await ask(store, MESSAGES_OVER_TIME, window),
    datagrams: await ask(store, DATAGRAMS_OVER_TIME, window),
    resources: await ask(store, RESOURCES_OVER_TIME, window),
    resourcesByPeer: await ask(store, RESOURCES_BY_PEER, { run }),
    attackSpans: await ask(store, ATTACK_SPANS, { run }),
    faultSpans: await ask(store, FAULT_SPANS, { run }),
    phases: await ask(store, PHASES, { run }),
  };
}

/** As the run's own row says; of runs from before that was kept, from a strike, which is known on both axes. */
async function originOf(
  store: TelemetryStore,
  { run, attacks }: RunResult,
  firstSubmissionMs: number,
): Promise<number> {
  const runs = await ask(store, RUNS, { run });
  const own = runs.find((row) => row.run === run);
  if (typeof own?.from_ms === 'number') return own.from_ms;
  const states = await ask(store, ATTACK_STATES, { run });
  for (const { id, strikeMs } of attacks) {
    const started = states.find((state) => state.attack_id === id);
    if (started !== undefined && strikeMs !== null) return started.at_ms - strikeMs;
  }
  return firstSubmissionMs;
}
