/** What the lines of a journal add up to, kept up with each line that is written. */
import type { LinkMeasurement } from '../analysis/result.ts';
import type { CreatedObject } from '../drivers/driver.ts';
import type { EntryOf, JournalEntry } from './journal-entry.ts';

/** What the lines add up to. */
export interface JournalState {
  readonly created: readonly CreatedObject[];
  readonly phase: EntryOf<'phase'>['phase'] | null;
  /** Wall time of the first line that has one. */
  readonly sinceMs: number | null;
  readonly port: number | null;
  /** The newest hello of each member. */
  readonly hellos: ReadonlyMap<string, EntryOf<'hello'>>;
  /** Members whose launch was begun (not necessarily done). */
  readonly launched: ReadonlySet<string>;
  readonly genesisAtMs: number | null;
  /** Newcomers whose time has come. */
  readonly joined: ReadonlySet<string>;
  readonly loadStartedAtMs: number | null;
  readonly loadEndedAtMs: number | null;
  /** Total time halted since the load started, and since when it is halted now. */
  readonly haltedMs: number;
  readonly haltedAtMs: number | null;
  /** The newest line of each attack, with the time of its first. */
  readonly attacks: ReadonlyMap<string, EntryOf<'attack'> & { readonly startedAtMs: number }>;
  readonly faults: ReadonlyMap<
    string,
    EntryOf<'fault-started'> & { readonly endedAtMs: number | null }
  >;
  /** The newest measurement of each ordered region pair. */
  readonly links: readonly LinkMeasurement[];
  /** False when any measurement of the run, also an early one, was not as asked. */
  readonly shapingOk: boolean;
  readonly fidelityReasons: readonly string[];
  readonly exitCode: number | null;
  /** Complete lines that could not be read: damage, not a torn end. */
  readonly damagedLines: number;
}

type Draft = { -readonly [Key in keyof JournalState]: JournalState[Key] };

/** The sum so far. `state` is one object that changes with `add`: take what you need at once. */
export class JournalFold {
  private readonly created: CreatedObject[] = [];
  private readonly hellos = new Map<string, EntryOf<'hello'>>();
  private readonly launched = new Set<string>();
  private readonly joined = new Set<string>();
  private readonly attacks = new Map<string, EntryOf<'attack'> & { startedAtMs: number }>();
  private readonly faults = new Map<
    string,
    EntryOf<'fault-started'> & { endedAtMs: number | null }
  >();
  private readonly links = new Map<string, LinkMeasurement>();
  private readonly fidelityReasons: string[] = [];
  private readonly draft: Draft;

  constructor(damagedLines: number) {
    const { created, hellos, launched, joined, attacks, faults, fidelityReasons } = this;
    this.draft = {
      created,
      hellos,
      launched,
      joined,
      attacks,
      faults,
      fidelityReasons,
      damagedLines,
      phase: null,
      sinceMs: null,
      port: null,
      genesisAtMs: null,
      loadStartedAtMs: null,
      loadEndedAtMs: null,
      haltedMs: 0,
      haltedAtMs: null,
      links: [],
      shapingOk: true,
      exitCode: null,
    };
  }

  get state(): JournalState {
    return this.draft;
  }

  add(line: JournalEntry): void {
    const { draft } = this;
    if ('atMs' in line) draft.sinceMs ??= line.atMs;
    if (line.entry === 'created') this.created.push(line.object);
    else if (line.entry === 'phase') draft.phase = line.phase;
    else if (line.entry === 'port') draft.port = line.port;
    else if (line.entry === 'hello') this.hellos.set(line.name, line);
    else if (line.entry === 'launch') this.launched.add(line.name);
    else if (line.entry === 'genesis') draft.genesisAtMs ??= line.atMs;
    else if (line.entry === 'join') for (const name of line.names) this.joined.add(name);
    else if (line.entry === 'load-started') draft.loadStartedAtMs ??= line.atMs;
    else if (line.entry === 'load-ended') draft.loadEndedAtMs = line.atMs;
    else if (line.entry === 'halted') draft.haltedAtMs ??= line.atMs;
    else if (line.entry === 'resumed') this.resume(line.atMs);
    else if (line.entry === 'attack') this.attack(line);
    else if (line.entry === 'fault-started') this.faults.set(line.id, { ...line, endedAtMs: null });
    else if (line.entry === 'fault-ended') this.endFault(line);
    else if (line.entry === 'links') this.measured(line.measurements);
    else if (line.entry === 'fidelity') this.fidelityReasons.push(line.reason);
    else {
      // One line says both: no kill in between leaves a run that is half ended.
      draft.exitCode = line.exitCode;
      draft.phase = 'ended';
    }
  }

  private resume(atMs: number): void {
    const { draft } = this;
    if (draft.haltedAtMs !== null) draft.haltedMs += atMs - draft.haltedAtMs;
    draft.haltedAtMs = null;
  }

  private attack(line: EntryOf<'attack'>): void {
    const startedAtMs = this.attacks.get(line.id)?.startedAtMs ?? line.atMs;
    this.attacks.set(line.id, { ...line, startedAtMs });
  }

  private endFault(line: EntryOf<'fault-ended'>): void {
    const fault = this.faults.get(line.id);
    if (fault !== undefined) this.faults.set(line.id, { ...fault, endedAtMs: line.atMs });
  }

  private measured(measurements: readonly LinkMeasurement[]): void {
    for (const m of measurements) this.links.set(`${m.from} ${m.to}`, m);
    this.draft.links = [...this.links.values()];
    if (measurements.some((m) => !m.ok)) this.draft.shapingOk = false;
  }
}
