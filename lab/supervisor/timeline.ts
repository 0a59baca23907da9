/** What happens when during a run, from the manifest; times are ms after the load started. */
import { launchKnobs } from '../manifest/expand.ts';
import type { OperatorOrder, PlannedAttack, PlannedFault, Testnet } from '../manifest/testnet.ts';

export type TimelineStep = { readonly atMs: number; readonly key: string } & (
  | { readonly type: 'attack'; readonly attack: PlannedAttack; readonly members: readonly string[] }
  | { readonly type: 'fault'; readonly fault: PlannedFault }
  | { readonly type: 'join'; readonly members: readonly string[] }
  | { readonly type: 'order'; readonly order: OperatorOrder }
);

type JoinStep = Extract<TimelineStep, { type: 'join' }>;
type AttackStep = Extract<TimelineStep, { type: 'attack' }>;

/** Steps in order of time. `key` names a step over restarts of the supervisor. */
export function timelineOf(testnet: Testnet): TimelineStep[] {
  const steps: TimelineStep[] = [
    ...joinSteps(testnet),
    ...attackSteps(testnet),
    ...testnet.faults.map((fault, index) => ({
      type: 'fault' as const,
      key: `fault ${index}`,
      atMs: fault.atMs,
      fault,
    })),
    ...(testnet.orders ?? []).map((order, index) => ({
      type: 'order' as const,
      key: `order ${index}`,
      atMs: order.atMs,
      order,
    })),
  ];
  return steps.sort((a, b) => a.atMs - b.atMs);
}

/** One step for those of a group of newcomers that come at one time. */
function joinSteps({ members }: Testnet): JoinStep[] {
  const groups = Map.groupBy(
    members.filter(({ joinAtMs }) => joinAtMs !== undefined),
    ({ group, joinAtMs = 0 }) => `${group} ${joinAtMs}`,
  );
  return [...groups].map(([together, joining]) => ({
    type: 'join',
    key: `join ${together}`,
    atMs: joining[0]?.joinAtMs ?? 0,
    members: joining.map(({ name }) => name),
  }));
}

/**
 * Adversaries that the manifest calls active act from the start, with the knobs of the first attack
 * that it plans for them; the sleepers of the same name wait for their attack's own time.
 */
function attackSteps({ members, attacks }: Testnet): AttackStep[] {
  const playing = (name: string, active: boolean): string[] =>
    members.filter((m) => m.adversary === name && m.active === active).map((m) => m.name);
  const steps: AttackStep[] = [];
  for (const name of new Set(members.flatMap((m) => (m.active ? (m.adversary ?? []) : [])))) {
    const planned = attacks.find((attack) => attack.name === name) ?? { name };
    const attack = { ...planned, knobs: launchKnobs(attacks, name), atMs: 0 };
    const who = playing(name, true);
    steps.push({ type: 'attack', key: `active ${name}`, atMs: 0, attack, members: who });
  }
  for (const [index, attack] of attacks.entries()) {
    const sleepers = playing(attack.name, false);
    const first = attacks.findIndex(({ name }) => name === attack.name) === index;
    const active = playing(attack.name, true);
    // The first planned one is what active members do already; a later one is for everybody.
    const who = first ? sleepers : [...active, ...sleepers];
    if (who.length === 0) continue;
    const { atMs } = attack;
    steps.push({ type: 'attack', key: `attack ${index}`, atMs, attack, members: who });
  }
  return steps;
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
