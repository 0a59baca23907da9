/** The routes of api.ts over one supervisor. */
import { EXIT, LabError } from '../errors.ts';
import { defaultKnobs } from '../manifest/expand.ts';
import type { RunStatus } from './api.ts';
import type { ControlRoutes } from './control-socket.ts';
import { readFault } from './faults.ts';
import { parseAttack, parseDuration, parseQuery, parseSteering } from './requests.ts';
import type { Supervisor } from './supervisor.ts';
import { elapsedMs } from './timeline.ts';

const MAX_LOG_LINES = 10_000;

export async function statusOf(supervisor: Supervisor): Promise<RunStatus> {
  const { plan, testnet, journal, context } = supervisor;
  const { state } = journal;
  const states = context === null ? null : await context.driver.states();
  return {
    run: plan.run,
    testnet: testnet.name,
    driver: plan.driver,
    shaping: context === null ? 'none' : supervisor.living.network.links.shaping,
    phase: state.phase ?? 'preparing',
    since: new Date(state.sinceMs ?? Date.now()).toISOString(),
    supervisorPid: process.pid,
    nowMs: Date.now(),
    pace: null,
    elapsedMs: elapsedMs(state, Date.now()),
    durationMs: testnet.durationMs,
    members: testnet.members.map(({ name, group, kind, region, adversary, joinAtMs }) => ({
      name,
      group,
      kind,
      region,
      address: state.hellos.get(name)?.address ?? null,
      endpoint: context?.endpoints.get(name) ?? { ip: '0.0.0.0', port: 0 },
      state: states?.get(name) ?? 'absent',
      connected: context?.control.connected(name) ?? false,
      joined: joinAtMs === undefined ? null : state.joined.has(name),
      adversary: adversary ?? null,
      health: context?.control.health(name) ?? null,
    })),
    attacks: [...state.attacks.values()].map(({ id, name, state: at, members, knobs }) => ({
      id,
      name,
      state: at,
      members,
      knobs,
    })),
    faults: [...state.faults.values()].map(({ id, endedAtMs }) => ({
      id,
      kind: id.slice(0, id.lastIndexOf('-')),
      state: endedAtMs === null ? 'active' : 'cleared',
    })),
  };
}

export function routesOf(supervisor: Supervisor): ControlRoutes {
  return {
    status: () => statusOf(supervisor),
    attack: async (body) => {
      const { name, knobs: given } = parseAttack(body);
      const { network } = await supervisor.when('network');
      const all = { ...defaultKnobs(name), ...given };
      return { id: await network.attacks.start(name, all, null) };
    },
    steerAttack: async (id, body) => {
      const { action, knobs: given } = parseSteering(body);
      const { network } = await supervisor.when('network');
      await network.attacks.steer(id, action, given);
      return { id };
    },
    fault: async (body) => {
      const forMs = parseDuration(body);
      const fault = readFault(body, supervisor.testnet);
      const { network } = await supervisor.when('network');
      return { id: await network.faults.start(fault, forMs, null) };
    },
    clearFault: async (id) => {
      const { network } = await supervisor.when('network');
      await network.faults.clear(id);
      return { id };
    },
    links: async () => {
      const { network } = await supervisor.when('network');
      return { links: await network.links.measure() };
    },
    query: async (body) => {
      const { sql, parameters } = parseQuery(body);
      const { context } = await supervisor.when('open');
      return { rows: await context.store.readOnly(sql, parameters) };
    },
    stop: async () => {
      await supervisor.halting.halt();
      return statusOf(supervisor);
    },
    start: async () => {
      await supervisor.halting.resume();
      return statusOf(supervisor);
    },
    logs: async (member, lines) => {
      const known = supervisor.testnet.members.map(({ name }) => name);
      if (!known.includes(member)) {
        throw new LabError(`no member ${member}`, {
          exitCode: EXIT.badUse,
          remedy: `there is: ${known.join(', ')}`,
        });
      }
      const count = Number.isFinite(lines) ? Math.min(MAX_LOG_LINES, Math.max(1, lines)) : 100;
      const { context } = await supervisor.when('open');
      return context.driver.logs(member, count);
    },
    result: () => supervisor.report(),
    down: async () => ({ removed: await supervisor.down() }),
  };
}
