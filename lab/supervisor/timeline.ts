/** What happens when during a run, from the manifest; times are ms after the load started. */
import type { PlannedAttack, PlannedFault, Testnet } from '../manifest/testnet.ts';

export type TimelineStep = { readonly atMs: number; readonly key: string } & (
  | { readonly type: 'attack'; readonly attack: PlannedAttack }
  | { readonly type: 'fault'; readonly fault: PlannedFault }
);

/**
 * Steps in order of time. `key` names a step over restarts of the supervisor. Adversaries that the
 * manifest calls active act from the start, with the knobs that it plans for them.
 */
export function timelineOf(testnet: Testnet): TimelineStep[] {
  const activeNames = new Set(
    testnet.members.flatMap((m) => (m.active && m.adversary !== undefined ? [m.adversary] : [])),
  );
  const planned = new Set(testnet.attacks.map((attack) => attack.name));
  const unplanned = [...activeNames].filter((name) => !planned.has(name));
  const steps: TimelineStep[] = [
    ...testnet.attacks.map((attack, index) => ({
      type: 'attack' as const,
      key: `attack ${index}`,
      atMs: activeNames.has(attack.name) ? 0 : attack.atMs,
      attack,
    })),
    ...unplanned.map((name) => ({
      type: 'attack' as const,
      key: `active ${name}`,
      atMs: 0,
      attack: { name, atMs: 0, knobs: {} },
    })),
    ...testnet.faults.map((fault, index) => ({
      type: 'fault' as const,
      key: `fault ${index}`,
      atMs: fault.atMs,
      fault,
    })),
  ];
  return steps.sort((a, b) => a.atMs - b.atMs);
}

/** Network time: ms since the load started, the time halted not counted. Null before the load. */
export function elapsedMs(
  state: {
    readonly loadStartedAtMs: number | null;
    readonly haltedMs: number;
    readonly haltedAtMs: number | null;
  },
  nowMs: number,
): number | null {
  if (state.loadStartedAtMs === null) return null;
  return (state.haltedAtMs ?? nowMs) - state.loadStartedAtMs - state.haltedMs;
}

/** Steps whose time has come and that were not begun, also by an earlier supervisor. */
export function dueSteps(
  steps: readonly TimelineStep[],
  begun: ReadonlySet<string>,
  elapsed: number,
): TimelineStep[] {
  return steps.filter((step) => step.atMs <= elapsed && !begun.has(step.key));
}
