/** Faults in a simulated network: the meanings of the supervisor's, carried out at once. */
import type { Fault } from '../manifest/testnet.ts';
import { clockUnder, touchedRegions } from '../supervisor/faults.ts';
import type { MemoryStore } from './store.ts';
import type { SimMember } from './member.ts';
import type { Recorder } from './recorder.ts';
import type { Announce } from './world.ts';

/** A process that is started again answers after about so long. */
const PROCESS_START_MS = 1000;

export interface FaultNeeds {
  readonly members: ReadonlyMap<string, SimMember>;
  readonly recorder: Recorder;
  now(): number;
  after(delayMs: number, run: () => void): void;
  readonly announce: Announce;
  /** Gives the members of these regions the classes that hold now. */
  relink(regions: ReadonlySet<string>): void;
  /** Holds what the one region sends to the other until then. */
  clog(from: string, to: string, untilMs: number): void;
  /** A member is back after it was down. */
  returned(member: SimMember): void;
}

export class SimFaults {
  readonly #needs: FaultNeeds;
  /** Those in force, in the order they were started. */
  readonly #active = new Map<string, Fault>();
  readonly #kinds = new Map<string, Fault['kind']>();
  /** Copies of disks, by fault and member. */
  readonly #snapshots = new Map<string, MemoryStore>();
  #started = 0;

  constructor(needs: FaultNeeds) {
    this.#needs = needs;
  }

  active(): Fault[] {
    return [...this.#active.values()];
  }

  /** Those in force, by id. */
  get inForce(): ReadonlyMap<string, Fault> {
    return this.#active;
  }

  /** All there were, in force or over, by id. */
  get kinds(): ReadonlyMap<string, Fault['kind']> {
    return this.#kinds;
  }

  /** Its id. */
  start(fault: Fault, forMs: number | null): string {
    this.#started += 1;
    const id = `${fault.kind}-${this.#started}`;
    this.#active.set(id, fault);
    this.#kinds.set(id, fault.kind);
    this.#tell(id, fault, 'active');
    if (fault.kind === 'clog') this.#clog(fault, forMs ?? 0);
    else if ('between' in fault) this.#relink(fault);
    else for (const member of this.#membersOf(fault)) this.#apply(id, fault, member);
    // A restart without a duration is over as soon as the members are on their way back.
    if (forMs !== null) this.#needs.after(forMs, () => this.clear(id));
    else if (fault.kind === 'restart') this.clear(id);
    return id;
  }

  /** Ends a fault; does nothing when it is over. */
  clear(id: string): void {
    const fault = this.#active.get(id);
    if (fault !== undefined) this.#clear(id, fault);
  }

  /** A wrong clock lives in the process: one that came back gets it anew. */
  restore(member: SimMember): void {
    const { skewMs, driftPpm } = clockUnder(this.active(), member.name);
    if (skewMs !== 0 || driftPpm !== 0) member.setClock(skewMs, driftPpm);
  }

  #apply(id: string, fault: Exclude<Fault, { between: unknown }>, member: SimMember): void {
    if (fault.kind === 'clock' || fault.kind === 'drift') this.#setClock(member);
    else if (member.state !== 'running') return;
    else if (fault.kind === 'restore') {
      this.#snapshots.set(`${id} ${member.name}`, member.snapshot());
    } else if (fault.kind === 'pause') member.pause();
    else if (fault.kind === 'kill') member.kill();
    else if (fault.kind === 'torn') member.dieNext('torn');
    else member.stop();
  }

  #clear(id: string, fault: Fault): void {
    this.#active.delete(id);
    if ('between' in fault) this.#relink(fault);
    else for (const member of this.#membersOf(fault)) this.#undo(id, fault, member);
    this.#tell(id, fault, 'cleared');
  }

  #undo(id: string, fault: Exclude<Fault, { between: unknown }>, member: SimMember): void {
    if (fault.kind === 'clock' || fault.kind === 'drift') {
      this.#setClock(member);
      return;
    }
    // Whoever has not written since is still there.
    if (fault.kind === 'torn') member.spare();
    if (fault.kind === 'restore') {
      const snapshot = this.#snapshots.get(`${id} ${member.name}`);
      if (snapshot !== undefined) {
        // As a machine that is set back to an old copy of its disk.
        member.kill();
        member.putBack(snapshot);
      }
      this.#snapshots.delete(`${id} ${member.name}`);
    }
    if (member.state === 'paused') member.resume();
    else this.#needs.after(PROCESS_START_MS, () => this.#bringBack(member));
  }

  #setClock(member: SimMember): void {
    const { skewMs, driftPpm } = clockUnder(this.active(), member.name);
    member.setClock(skewMs, driftPpm);
  }

  #clog(
    { between, direction }: Extract<Fault, { kind: 'clog' | 'partition' }>,
    forMs: number,
  ): void {
    const untilMs = this.#needs.now() + forMs;
    const [from, to] = between;
    this.#needs.clog(from, to, untilMs);
    if (direction === 'both') this.#needs.clog(to, from, untilMs);
  }

  #bringBack(member: SimMember): void {
    if (member.state !== 'exited') return;
    member.start();
    this.restore(member);
    this.#needs.returned(member);
  }

  #membersOf({ members }: Exclude<Fault, { between: unknown }>): SimMember[] {
    return members.flatMap((name) => this.#needs.members.get(name) ?? []);
  }

  #relink(fault: Fault): void {
    this.#needs.relink(touchedRegions(fault, []));
  }

  #tell(id: string, fault: Fault, state: 'active' | 'cleared'): void {
    const { announce, recorder } = this.#needs;
    announce({ type: 'fault', id, name: fault.kind, state });
    const detail = JSON.stringify(fault);
    recorder.note('faults', this.#needs.now(), { fault_id: id, kind: fault.kind, state, detail });
  }
}
