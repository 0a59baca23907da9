/**
 * Faults on a living network: journalled, applied, cleared; after a restart of the supervisor those
 * that are active are applied again (each application may be repeated).
 */
import { z } from 'zod';
import { EXIT, LabError } from '../errors.ts';
import type { Fault } from '../manifest/testnet.ts';
import { concurrently, InTurn } from './concurrently.ts';
import type { LinkControl } from './link-control.ts';
import { addRow, messageOf, warn, type RunContext } from './run-context.ts';
import { restoreSnapshot, takeSnapshot } from './snapshots.ts';

const MEMBERS_AT_ONCE = 8;
const REQUEST_TIMEOUT_MS = 10_000;

const between = z.tuple([z.string(), z.string()]);
const members = z.array(z.string()).min(1);
const share = z.number().min(0).max(1);
const change = z.strictObject({
  delayMs: z.number().min(0).optional(),
  jitterMs: z.number().min(0).optional(),
  distribution: z.enum(['uniform', 'normal', 'pareto']).optional(),
  correlation: share.optional(),
  loss: share.optional(),
  burst: z.strictObject({ enter: share, leave: share, lossBad: share, lossGood: share }).optional(),
  duplicate: share.optional(),
  reorder: share.optional(),
  rateBitsPerSecond: z.number().min(0).optional(),
});
const faultSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.enum(['partition', 'clog']),
    between,
    direction: z.enum(['both', 'forward']).default('both'),
  }),
  z.object({ kind: z.literal('link'), between, change }),
  z.object({ kind: z.literal('pause'), members }),
  z.object({ kind: z.literal('kill'), members }),
  z.object({ kind: z.literal('restart'), members }),
  z.object({ kind: z.literal('restore'), members }),
  z.object({ kind: z.literal('torn'), members }),
  z.object({ kind: z.literal('clock'), members, skewMs: z.number() }),
  z.object({ kind: z.literal('drift'), members, ppm: z.number() }),
]);

/** Drops what is present and undefined: absent is absent (exactOptionalPropertyTypes). */
function defined(value: z.infer<typeof change>): Extract<Fault, { kind: 'link' }>['change'] {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined));
}

/** A fault from the API or the journal, checked against the network it is for. Throws LabError. */
export function readFault(
  value: unknown,
  network: { readonly regions: readonly string[]; readonly members: readonly { name: string }[] },
): Fault {
  const parsed = faultSchema.safeParse(value);
  if (!parsed.success) {
    throw new LabError(`not a fault: ${z.prettifyError(parsed.error)}`, { exitCode: EXIT.badUse });
  }
  const fault = parsed.data;
  const known = 'between' in fault ? network.regions : network.members.map((m) => m.name);
  const named = 'between' in fault ? fault.between : fault.members;
  const stranger = named.find((name) => !known.includes(name));
  if (stranger !== undefined) {
    throw new LabError(`no ${'between' in fault ? 'region' : 'member'} ${stranger}`, {
      exitCode: EXIT.badUse,
      remedy: `there is: ${known.join(', ')}`,
    });
  }
  return fault.kind === 'link' ? { ...fault, change: defined(fault.change) } : fault;
}

/** Why a kind of fault cannot be done to real members; null where it can. */
function whySimulated(kind: Fault['kind']): string | null {
  if (kind === 'clog') return 'a real link loses or delays, and cannot hold all and then let it go';
  if (kind === 'torn') return 'nobody can choose the moment in which a real process dies';
  return null;
}

/** Throws a LabError for the first of these faults that only a simulated run can have. */
export function expectReal(kinds: readonly Fault['kind'][]): void {
  for (const kind of kinds) {
    const reason = whySimulated(kind);
    if (reason === null) continue;
    throw new LabError(`fault ${kind} is for simulated runs alone: ${reason}`, {
      exitCode: EXIT.badUse,
      remedy: kind === 'torn' ? 'use kill, or add --driver sim' : 'use link, or add --driver sim',
    });
  }
}

/** What a member's clock shows too much, and how fast it runs, under these faults; the last one counts. */
export function clockUnder(
  faults: readonly Fault[],
  member: string,
): { readonly skewMs: number; readonly driftPpm: number } {
  let [skewMs, driftPpm] = [0, 0];
  for (const fault of faults) {
    if (fault.kind === 'clock' && fault.members.includes(member)) skewMs = fault.skewMs;
    if (fault.kind === 'drift' && fault.members.includes(member)) driftPpm = fault.ppm;
  }
  return { skewMs, driftPpm };
}

/** Regions with a member that the fault concerns. */
export function touchedRegions(
  fault: Fault,
  all: readonly { readonly name: string; readonly region: string }[],
): ReadonlySet<string> {
  if ('between' in fault) return new Set(fault.between);
  return new Set(all.flatMap((m) => (fault.members.includes(m.name) ? [m.region] : [])));
}

export class FaultControl {
  private readonly context: RunContext;
  private readonly links: () => LinkControl;
  private readonly timers = new Map<string, NodeJS.Timeout>();
  /** Two faults may copy one member's disk: whoever is done first must not wake it under the other. */
  private readonly disks = new InTurn();

  constructor(context: RunContext, links: () => LinkControl) {
    this.context = context;
    this.links = links;
  }

  /** Those in force now, in the order they were started. */
  active(): Fault[] {
    return [...this.context.journal.state.faults.values()]
      .filter((fault) => fault.endedAtMs === null)
      .map((fault) => readFault(JSON.parse(fault.fault), this.context.testnet));
  }

  /** Members that a fault keeps down or silent: nobody waits for them. */
  absent(): ReadonlySet<string> {
    return new Set(
      this.active().flatMap((f) => (f.kind === 'pause' || f.kind === 'kill' ? f.members : [])),
    );
  }

  /** Members that are not expected to answer just now: also those on their way back. */
  away(): ReadonlySet<string> {
    const restarting = this.active().flatMap((f) => (f.kind === 'restart' ? f.members : []));
    return new Set([...this.absent(), ...restarting]);
  }

  async start(fault: Fault, forMs: number | null, planned: string | null): Promise<string> {
    const { journal, events } = this.context;
    expectReal([fault.kind]);
    const id = `${fault.kind}-${journal.state.faults.size + 1}`;
    const line = JSON.stringify(fault);
    journal.write({ entry: 'fault-started', atMs: Date.now(), id, fault: line, forMs, planned });
    events.emit({ type: 'fault', id, name: fault.kind, state: 'active' });
    await this.apply(id, fault);
    await this.row(id, fault, 'active');
    // A restart without a duration is over as soon as the members are on their way back.
    if (fault.kind === 'restart' && forMs === null) await this.clear(id);
    else if (forMs !== null) this.clearAfter(id, forMs);
    return id;
  }

  /** Ends a fault. Throws LabError when there is no such fault in force. */
  async clear(id: string): Promise<void> {
    const { journal, events, testnet } = this.context;
    const entry = journal.state.faults.get(id);
    if (entry === undefined || entry.endedAtMs !== null) {
      throw new LabError(`no fault ${id} is in force`, { exitCode: EXIT.badUse });
    }
    clearTimeout(this.timers.get(id));
    this.timers.delete(id);
    journal.write({ entry: 'fault-ended', atMs: Date.now(), id });
    const fault = readFault(JSON.parse(entry.fault), testnet);
    await this.undo(id, fault);
    events.emit({ type: 'fault', id, name: fault.kind, state: 'cleared' });
    await this.row(id, fault, 'cleared');
    // Members that come back are measured when they are meshed again.
    if ('between' in fault) this.remeasure(fault);
  }

  /** After a restart of the supervisor: what should be in force is, what is overdue ends. */
  async resume(nowMs: number): Promise<void> {
    // Those started from here on are none of our concern.
    const known = [...this.context.journal.state.faults];
    for (const [id, entry] of known) {
      if (entry.endedAtMs !== null) continue;
      const fault = readFault(JSON.parse(entry.fault), this.context.testnet);
      const leftMs = entry.forMs === null ? null : entry.atMs + entry.forMs - nowMs;
      if (fault.kind === 'restart' && leftMs === null) await this.clear(id);
      else {
        await this.apply(id, fault);
        if (leftMs !== null) this.clearAfter(id, Math.max(0, leftMs));
      }
    }
  }

  /** Forgets timers; the journal keeps what is in force. */
  detach(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  /** A wrong clock lives in the process: a member that came back gets it anew. */
  async restore(member: string): Promise<void> {
    const { skewMs, driftPpm } = clockUnder(this.active(), member);
    if (skewMs !== 0 || driftPpm !== 0) await this.setClock(member);
  }

  private clearAfter(id: string, delayMs: number): void {
    const timer = setTimeout(() => {
      this.clear(id).catch((error: unknown) => {
        warn(this.context, `clearing ${id}: ${messageOf(error)}`);
      });
    }, delayMs);
    this.timers.set(id, timer);
  }

  private async apply(id: string, fault: Fault): Promise<void> {
    const { driver } = this.context;
    if ('between' in fault) {
      await this.links().applyWhereConnected(touchedRegions(fault, this.context.testnet.members));
      if (fault.kind === 'link') this.remeasure(fault);
      return;
    }
    const states = await driver.states();
    await concurrently(fault.members, MEMBERS_AT_ONCE, async (member) => {
      if (fault.kind === 'clock' || fault.kind === 'drift') await this.setClock(member);
      else if (states.get(member) !== 'running') return;
      else if (fault.kind === 'restore') await this.disks.run(() => this.snapshot(id, member));
      else if (fault.kind === 'pause') await driver.pause(member);
      else if (fault.kind === 'kill') await driver.kill(member);
      else await driver.stop(member);
    });
  }

  private async undo(id: string, fault: Fault): Promise<void> {
    const { driver } = this.context;
    if ('between' in fault) {
      await this.links().applyWhereConnected(touchedRegions(fault, this.context.testnet.members));
      return;
    }
    if (fault.kind === 'restore') await this.disks.run(() => this.putBack(id, fault.members));
    // A halted network is brought back as a whole.
    if (this.context.journal.state.haltedAtMs !== null) return;
    const states = await driver.states();
    await concurrently(fault.members, MEMBERS_AT_ONCE, async (member) => {
      if (fault.kind === 'clock' || fault.kind === 'drift') await this.setClock(member);
      else if (states.get(member) !== 'paused') await driver.start(member);
      else {
        await driver.resume(member);
        // What became of the links meanwhile was not told to it.
        await this.links().apply([member]);
      }
    });
  }

  private async snapshot(id: string, member: string): Promise<void> {
    const { driver, runDirectory } = this.context;
    await driver.pause(member);
    try {
      await takeSnapshot(runDirectory, member, id);
    } finally {
      await driver.resume(member);
    }
  }

  /** As a machine that is set back to an old copy of its disk. */
  private async putBack(id: string, names: readonly string[]): Promise<void> {
    const { driver, runDirectory } = this.context;
    await concurrently(names, MEMBERS_AT_ONCE, async (member) => {
      await driver.kill(member);
      await restoreSnapshot(runDirectory, member, id);
    });
  }

  /** As the faults that are in force want it. */
  private async setClock(member: string): Promise<void> {
    const clock = clockUnder(this.active(), member);
    try {
      const order = { method: 'clock', ...clock } as const;
      await this.context.control.request(member, order, REQUEST_TIMEOUT_MS);
    } catch (error) {
      warn(this.context, `clock of ${member}: ${messageOf(error)}`);
    }
  }

  /** Nobody waits for it: measuring takes seconds, and the links are as they should be before. */
  private remeasure(fault: Fault): void {
    this.links()
      .measure(touchedRegions(fault, this.context.testnet.members))
      .catch((error: unknown) => warn(this.context, `measuring links: ${messageOf(error)}`));
  }

  private async row(id: string, fault: Fault, state: string): Promise<void> {
    const detail = JSON.stringify(fault);
    await addRow(this.context, 'faults', { fault_id: id, kind: fault.kind, state, detail });
  }
}
