/** The routes of lab/supervisor/api.ts over one paced simulated run. */
import { z } from 'zod';
import { EXIT, LabError } from '../errors.ts';
import type { LinkMeasurement } from '../analysis/result.ts';
import { defaultKnobs } from '../manifest/expand.ts';
import { attackDeclaration, knobProblems, type KnobValue } from '../manifest/attacks.ts';
import { faultSchema } from '../manifest/fault-schema.ts';
import type { Fault, Testnet } from '../manifest/testnet.ts';
import type { RunPlan, RunStatus } from '../supervisor/api.ts';
import { type Attack, nextState, type SteerAction } from '../supervisor/attacks.ts';
import type { ControlRoutes } from '../supervisor/control-socket.ts';
import { readFault } from '../supervisor/faults.ts';
import { parseAttack, parseDuration, parseQuery, parseSteering } from '../supervisor/requests.ts';
import type { Pacer } from './paced.ts';
import type { OpenSimulation } from './run.ts';
import { START_MS } from './scheduler.ts';
import type { World } from './world.ts';

/** A paced run as its routes see it. */
export interface PacedRun {
  readonly plan: RunPlan;
  readonly testnet: Testnet;
  readonly pacer: Pacer;
  readonly simulation: OpenSimulation;
  readonly shaping: RunStatus['shaping'];
  /** Null until it is launched. */
  world(): World | null;
  /** Once the load goes on; rejected when it never will. */
  readonly loaded: Promise<{
    readonly world: World;
    readonly startMs: number;
    readonly links: readonly LinkMeasurement[];
  }>;
  /** Ends the run; what was removed. */
  down(): Promise<readonly string[]>;
}

export function pacedRoutes(run: PacedRun): ControlRoutes {
  const { pacer, simulation } = run;
  return {
    status: async () => pacedStatus(run),
    attack: async (body) => {
      const { name, knobs: given } = parseAttack(body);
      await run.loaded;
      checkAttack(run.testnet, name, given);
      const knobs = { ...defaultKnobs(name), ...given };
      return { id: await pacer.order({ order: 'attack', name, knobs }) };
    },
    steerAttack: async (id, body) => {
      const { action, knobs } = parseSteering(body);
      const { world } = await run.loaded;
      const attack = steerable(world, id, action);
      checkAttack(run.testnet, attack.name, knobs);
      return { id: await pacer.order({ order: 'steer', id, action, knobs }) };
    },
    fault: async (body) => {
      await run.loaded;
      const { fault, forMs } = faultOf(body, run.testnet);
      return { id: await pacer.order({ order: 'fault', fault, forMs }) };
    },
    clearFault: async (id) => {
      const { world } = await run.loaded;
      const kind = world.faults.inForce.get(id)?.kind;
      if (kind === undefined) {
        throw new LabError(`no fault ${id} is in force`, { exitCode: EXIT.badUse });
      }
      if (kind === 'clog') {
        throw new LabError('what is clogged is held as long as was asked', {
          exitCode: EXIT.badUse,
        });
      }
      return { id: await pacer.order({ order: 'clear', id }) };
    },
    // Probes would be datagrams that the repeated run does not have.
    links: async () => ({ links: (await run.loaded).links }),
    query: async (body) => {
      const { sql, parameters } = parseQuery(body);
      return { rows: await simulation.store.readOnly(sql, parameters) };
    },
    stop: async () => {
      await run.loaded;
      if (!pacer.isHalted) {
        pacer.halt();
        simulation.journal.write({ entry: 'halted', atMs: Date.now() });
        simulation.announce({ type: 'phase', phase: 'stopped', text: 'virtual time stands still' });
      }
      return pacedStatus(run);
    },
    start: async () => {
      await run.loaded;
      if (pacer.isHalted) {
        pacer.resume();
        simulation.journal.write({ entry: 'resumed', atMs: Date.now() });
        simulation.announce({ type: 'phase', phase: 'running', text: 'virtual time goes on' });
      }
      return pacedStatus(run);
    },
    logs: async () => 'a simulated member writes no log\n',
    result: async () => {
      const { world, startMs, links } = await run.loaded;
      const attacks = world.attacks.facts;
      const loadEndedAtMs = world.now;
      return simulation.score({ loadStartedAtMs: startMs, loadEndedAtMs, attacks, links });
    },
    down: async () => ({ removed: await run.down() }),
  };
}

/** Throws a LabError when there is no such attack, or the action makes no sense any more. */
function steerable(world: World, id: string, action: SteerAction): Attack {
  const { all } = world.attacks;
  const attack = all.get(id);
  if (attack === undefined) {
    throw new LabError(`no attack ${id}`, {
      exitCode: EXIT.badUse,
      remedy: all.size === 0 ? 'none was started' : `there is: ${[...all.keys()].join(', ')}`,
    });
  }
  if (nextState(attack.state, action) === null) {
    throw new LabError(`cannot ${action} attack ${id}: it is ${attack.state}`, {
      exitCode: EXIT.badUse,
    });
  }
  return attack;
}

/** What is asked for, as the manifest could say it: the run is to be repeated from one. */
function faultOf(body: unknown, testnet: Testnet): { fault: Fault; forMs: number | null } {
  const forMs = parseDuration(body);
  const fault = readFault(body, awakeOf(testnet));
  const said = faultSchema.safeParse({ ...fault, atMs: 0, ...(forMs === null ? {} : { forMs }) });
  if (said.success) return { fault, forMs };
  throw new LabError(z.prettifyError(said.error), { exitCode: EXIT.badUse });
}

/** Those that can be named: a sleeper may be nobody. */
function awakeOf({ regions, members }: Testnet): Pick<Testnet, 'regions' | 'members'> {
  return { regions, members: members.filter(({ asleep }) => asleep !== true) };
}

/** Throws a LabError unless the network has who plays it and it has these knobs. */
function checkAttack(
  { members }: Testnet,
  name: string,
  knobs: Readonly<Record<string, KnobValue>>,
): void {
  const there = [...new Set(members.flatMap(({ adversary }) => adversary ?? []))];
  const declaration = there.includes(name) ? attackDeclaration(name) : undefined;
  if (declaration === undefined) {
    throw new LabError(`no member of this network runs the adversary ${name}`, {
      exitCode: EXIT.badUse,
      remedy:
        there.length === 0 ? 'add a group with an adversary' : `there is: ${there.join(', ')}`,
    });
  }
  const problems = knobProblems(declaration, knobs);
  if (problems.length > 0) throw new LabError(problems.join('\n'), { exitCode: EXIT.badUse });
}

function pacedStatus(run: PacedRun): RunStatus {
  const { plan, testnet, pacer, simulation } = run;
  const { state } = simulation.journal;
  const world = run.world();
  const { inForce } = world?.faults ?? { inForce: new Map<string, unknown>() };
  return {
    run: plan.run,
    testnet: testnet.name,
    driver: 'sim',
    shaping: run.shaping,
    phase: state.phase ?? 'preparing',
    since: new Date(state.sinceMs ?? Date.now()).toISOString(),
    supervisorPid: process.pid,
    nowMs: world?.now ?? START_MS,
    pace: pacer.pace,
    elapsedMs: pacer.playedMs,
    durationMs: testnet.durationMs,
    members: membersOf(testnet, world),
    attacks: [...(world?.attacks.all.values() ?? [])].map((attack) => {
      const { id, name, state: at, members, knobs } = attack;
      return { id, name, state: at, members, knobs };
    }),
    faults: [...(world?.faults.kinds ?? [])].map(([id, kind]) => {
      return { id, kind, state: inForce.has(id) ? 'active' : 'cleared' };
    }),
  };
}

/** All but the sleepers, who are too many to be shown. */
function membersOf(testnet: Testnet, world: World | null): RunStatus['members'] {
  return awakeOf(testnet).members.map(({ name, group, kind, region, adversary, joinAtMs }) => {
    const member = world?.members.get(name);
    const health = member?.health ?? null;
    return {
      name,
      group,
      kind,
      region,
      address: member === undefined || member.address === '' ? null : member.address,
      endpoint: world?.endpoints.get(name) ?? { ip: '0.0.0.0', port: 0 },
      state: member?.state ?? 'absent',
      connected: health !== null,
      joined: joinAtMs === undefined ? null : (world?.joined.has(name) ?? false),
      adversary: adversary ?? null,
      health,
    };
  });
}
