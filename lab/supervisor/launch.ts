/** Brings a network up: seats, processes, hellos, genesis, mesh; says who is missing and why. */
import path from 'node:path';
import type { GenesisMember, Seat } from '../../node/control.ts';
import { EXIT, LabError } from '../errors.ts';
import { expandParts } from '../manifest/expand.ts';
import type { Member } from '../manifest/testnet.ts';
import { RUN_FILES, type RunPhase } from './api.ts';
import { concurrently, pause } from './concurrently.ts';
import type { RunContext } from './run-context.ts';

/** 60 containers took about 10 s at this; other figures were not tried. */
const LAUNCHES_AT_ONCE = 8;
const REQUESTS_AT_ONCE = 16;
const REQUEST_TIMEOUT_MS = 20_000;
/** A member starts in a second or two; on a busy machine they queue for the cores. */
const HELLO_TIMEOUT_MS = 60_000;
/** How long members may take to mesh, and so much more for each of them. */
export const MESH_TIMEOUT_MS = 90_000;
export const TIMEOUT_PER_MEMBER_MS = 1000;
const POLL_MS = 100;
const STATES_EVERY_MS = 2000;
const LOG_LINES = 12;
/** Names in an error; the rest is a number. */
const MAX_NAMED = 8;

/** What one member is told at its start. */
export function seatOf(context: RunContext, member: Member): Seat {
  const { plan, secrets, addresses, port, endpoints, testnet, runDirectory } = context;
  const secret = secrets.members[member.name];
  const bind = endpoints.get(member.name);
  if (secret === undefined || bind === undefined) {
    throw new LabError(`the testnet file of this run has changed: ${member.name} is new in it`, {
      exitCode: EXIT.broke,
      remedy: 'lab down, then start a new run',
    });
  }
  return {
    run: plan.run,
    name: member.name,
    kind: member.kind,
    region: member.region,
    network: secrets.network,
    parameters: testnet.protocol,
    members: testnet.members.filter(({ kind }) => kind === 'peer').length,
    bind,
    stateDirectory: path.join(runDirectory, RUN_FILES.members, member.name),
    control: { url: `ws://${addresses.labHost}:${port}/control`, token: secret.control },
    telemetry: {
      url: `http://${addresses.labHost}:${port}/telemetry`,
      user: member.name,
      password: secret.telemetry,
    },
    probeKey: secrets.probeKey,
  };
}

/** Starts every member that is not there yet; after a re-attach those that an earlier one began. */
export async function launchAll(
  context: RunContext,
  members: readonly Member[],
  signal: AbortSignal,
): Promise<void> {
  const { driver, journal, events } = context;
  const states = await driver.states();
  const parts = expandParts(context.testnet);
  let done = 0;
  await concurrently(members, LAUNCHES_AT_ONCE, async (member) => {
    if (signal.aborted) return;
    const state = states.get(member.name) ?? 'absent';
    if (state === 'absent') {
      journal.write({ entry: 'launch', name: member.name });
      const { adversary: name, group } = member;
      const part = parts.get(member.name);
      const plays =
        name === undefined || part === undefined
          ? ({ image: 'peer' } as const)
          : ({ image: 'adversary', adversary: { name, part } } as const);
      await driver.launch({ seat: seatOf(context, member), group, ...plays });
    } else if (state === 'exited') await driver.start(member.name);
    else if (state === 'paused') await driver.resume(member.name);
    done += 1;
    events.emit({ type: 'progress', phase: 'launching', done, of: members.length });
  });
}

/** What members are waited for, in words. */
interface Wait {
  readonly phase: RunPhase;
  readonly what: string;
  readonly timeoutMs: number;
  ready(member: Member): boolean;
  /** Whether it works on it and says so: who waits for such a one waits on. */
  busy?(member: Member): boolean;
}

async function waitFor(
  context: RunContext,
  members: readonly Member[],
  wait: Wait,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + wait.timeoutMs + TIMEOUT_PER_MEMBER_MS * members.length;
  let reported = -1;
  let statesAt = performance.now() + STATES_EVERY_MS;
  while (!signal.aborted) {
    const missing = members.filter((member) => !wait.ready(member));
    const done = members.length - missing.length;
    if (done !== reported) {
      context.events.emit({ type: 'progress', phase: wait.phase, done, of: members.length });
      reported = done;
    }
    if (missing.length === 0) return;
    const isLate = performance.now() > deadline;
    if (isLate && !missing.some((member) => wait.busy?.(member) ?? false))
      throw await missingError(context, missing, wait.what);
    if (performance.now() > statesAt) {
      statesAt = performance.now() + STATES_EVERY_MS;
      const states = await context.driver.states();
      const gone = missing.filter((m) => (states.get(m.name) ?? 'absent') === 'exited');
      // Nobody restarts it: waiting longer would only hide why.
      if (gone.length > 0)
        throw await missingError(context, gone, `${wait.what}: the process ended`);
    }
    await pause(POLL_MS, signal);
  }
}

async function missingError(
  context: RunContext,
  missing: readonly Member[],
  what: string,
): Promise<LabError> {
  const names = missing.slice(0, MAX_NAMED).map((member) => member.name);
  const more = missing.length - names.length;
  const list = more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
  const first = missing[0];
  const log =
    first === undefined ? '' : await context.driver.logs(first.name, LOG_LINES).catch(() => '');
  const tail = log.trim() === '' ? 'its log is empty' : `the end of its log:\n${log.trim()}`;
  return new LabError(`${list}: ${what}; of ${first?.name ?? 'it'}, ${tail}`, {
    exitCode: EXIT.broke,
    remedy: 'see lab logs RUN MEMBER; lab doctor says how many peers this machine can hold',
  });
}

/** Until all of `members` have dialled the lab and said who they are. */
export function waitForHellos(
  context: RunContext,
  members: readonly Member[],
  signal: AbortSignal,
): Promise<void> {
  const { control, journal } = context;
  const wait: Wait = {
    phase: 'launching',
    what: 'did not reach the lab after its launch',
    timeoutMs: HELLO_TIMEOUT_MS,
    ready: (member) => control.connected(member.name) && journal.state.hellos.has(member.name),
    // The papers' work takes hours.
    busy: (member) => control.minting(member.name),
  };
  return waitFor(context, members, wait, signal);
}

/** Until all of `members` say that they are meshed with their neighbours, but for `missing` of them. */
export function waitForMesh(
  context: RunContext,
  members: readonly Member[],
  signal: AbortSignal,
  missing = 0,
): Promise<void> {
  const wait: Wait = {
    phase: 'meshing',
    what: 'did not mesh with its neighbours',
    timeoutMs: MESH_TIMEOUT_MS,
    ready: (member) => {
      const health = context.control.health(member.name);
      if (health === null) return false;
      return health.meshed || (missing > 0 && health.connected >= health.wanted - missing);
    },
  };
  return waitFor(context, members, wait, signal);
}

/** Everyone's founding members: all peers that said hello, but for newcomers. Clients are not members. */
export function genesisMembers(context: RunContext): GenesisMember[] {
  return context.testnet.members.flatMap((member) => {
    const hello = context.journal.state.hellos.get(member.name);
    const endpoint = context.endpoints.get(member.name);
    if (member.kind !== 'peer' || member.joinAtMs !== undefined) return [];
    if (hello === undefined || endpoint === undefined) return [];
    return [{ record: hello.record, endpoint }];
  });
}

/** Tells `members` the genesis. */
export async function sendGenesis(context: RunContext, members: readonly Member[]): Promise<void> {
  const genesis = genesisMembers(context);
  await concurrently(members, REQUESTS_AT_ONCE, async (member) => {
    const request = { method: 'genesis', members: genesis } as const;
    await context.control.request(member.name, request, REQUEST_TIMEOUT_MS);
  });
}
