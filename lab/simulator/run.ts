/**
 * `lab run --driver sim`: one simulated run with a folder, a telemetry store, a result and a report
 * like any other's. The result is a function of version, manifest and seed; only `run`, `wallMs` and
 * paths tell two of them apart.
 */
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { useCryptography } from '../../node/crypto/cryptography.ts';
import { timestamp } from '../../node/runtime/clock.ts';
import { FIGURES_REST, liveFigures } from '../analysis/live.ts';
import type { RunResult } from '../analysis/result.ts';
import { score } from '../analysis/score.ts';
import { exitCodeOf } from '../analysis/verdict.ts';
import { EXIT, LabError } from '../errors.ts';
import type { Testnet } from '../manifest/testnet.ts';
import { writeReport } from '../report/write.ts';
import { RUN_FILES, type RunEvent, type RunPlan } from '../supervisor/api.ts';
import { RunEvents, type RunEventBody } from '../supervisor/events.ts';
import { Journal } from '../supervisor/journal.ts';
import { takeLock } from '../supervisor/lock.ts';
import { asksForShaping } from '../supervisor/link-control.ts';
import { openStore } from '../telemetry/open.ts';
import type { TelemetryStore } from '../telemetry/store.ts';
import type { ProcessingCosts } from './costs.ts';
import { type Conduct, play, type Played } from './play.ts';
import { Recorder } from './recorder.ts';
import { START_MS } from './scheduler.ts';
import { Trace } from './trace.ts';
import { TraceWriter } from './trace-file.ts';
import type { World } from './world.ts';

/** Neither scoring nor detectors read them. */
const UNSCORED_TABLES: ReadonlySet<string> = new Set(['votes', 'resources', 'swaps']);

/** Rows are stored, and figures made, as often as of a living network, in wall time. */
const STORE_EVERY_MS = 1000;

export interface SimulationOptions {
  /** As it stands in the run's folder. */
  readonly plan: RunPlan;
  readonly directory: string;
  /** What handling costs members; by default as measured on real ones. */
  readonly costs?: ProcessingCosts;
  /** Once aborted, the promise is soon rejected with the signal's reason; nothing stays open. */
  readonly signal?: AbortSignal;
  /** Without it nobody watches, and no figures are made on the way. */
  onEvent?(this: void, event: RunEvent): void;
  /** Of many runs: neither report nor trace file, and of telemetry what is scored. */
  readonly scoresOnly?: boolean;
  /** Looks at the telemetry of the run that was scored, before the store is closed. */
  onScored?(this: void, store: TelemetryStore, result: RunResult): Promise<void>;
  /** Somebody drives it while it goes on. */
  readonly operator?: Operator;
}

/** Who drives a simulated run. */
export interface Operator {
  /** Called before anything is played. */
  opened(simulation: OpenSimulation): Promise<void>;
  readonly conduct: Conduct;
  /** True while what was played before is played again: nobody is told of it a second time. */
  isSilent(): boolean;
  /** Called when the world is there: its clock and members may be read. */
  launched(world: World): void;
}

/** What an operator may do with the run that it drives. */
export interface OpenSimulation {
  readonly store: TelemetryStore;
  readonly events: RunEvents;
  readonly journal: Journal;
  announce(event: RunEventBody): void;
  /** Scores what there is, and writes result and report of it. */
  score(soFar: Omit<Played, 'traceHash' | 'skeleton' | 'events'>): Promise<RunResult>;
}

/** What an operator throws to leave a run: for good, or to be taken up again. */
export class LetGo extends Error {
  readonly isEnd: boolean;

  constructor(isEnd: boolean) {
    super('the run was let go');
    this.isEnd = isEnd;
  }
}

/**
 * Carries a simulated run out in this process, whose cryptography is the plan's meanwhile. Throws a
 * LabError when the network does not come to be, the signal's reason, or what a bug threw.
 */
export async function simulate(testnet: Testnet, options: SimulationOptions): Promise<RunResult> {
  const { plan, directory } = options;
  const release = takeLock(directory);
  const store = await openStore(path.join(directory, RUN_FILES.telemetry));
  const journal = new Journal(directory);
  // A run that stays up would fill the disk.
  const keepsTrace = options.scoresOnly !== true && plan.mode === 'run';
  const writer = keepsTrace ? new TraceWriter(directory) : null;
  useCryptography(plan.cryptography ?? 'real');
  try {
    return await new Simulation(testnet, { ...options, store, journal, writer }).carryOut();
  } finally {
    useCryptography('real');
    writer?.close();
    journal.close();
    await store.close();
    release();
  }
}

interface Parts extends SimulationOptions {
  readonly store: TelemetryStore;
  readonly journal: Journal;
  readonly writer: TraceWriter | null;
}

class Simulation {
  readonly #testnet: Testnet;
  readonly #parts: Parts;
  readonly #events: RunEvents;
  readonly #recorder: Recorder;
  readonly #startedMs = performance.now();
  #storedAtMs = performance.now();
  #figuresDueMs = 0;
  #world: World | null = null;
  /** The engine stores in threads of its own, beside the simulation. */
  #storing: Promise<void> | null = null;
  #storeError: unknown = null;
  /** As the store takes times; null: not yet. */
  #loadFrom: string | null = null;
  #loadTo: string | null = null;

  constructor(testnet: Testnet, parts: Parts) {
    this.#testnet = testnet;
    this.#parts = parts;
    this.#events = new RunEvents(parts.directory, () => this.#world?.now ?? START_MS);
    this.#recorder = new Recorder(
      parts.store,
      parts.plan.run,
      parts.scoresOnly === true ? UNSCORED_TABLES : undefined,
    );
    const { onEvent } = parts;
    if (onEvent !== undefined) this.#events.follow(0, onEvent);
  }

  async carryOut(): Promise<RunResult> {
    const { writer, plan, costs, operator } = this.#parts;
    const trace = new Trace(writer === null ? {} : { record: (records) => writer.write(records) });
    try {
      await operator?.opened(this.#open());
      const played = await play(this.#testnet, {
        run: plan.run,
        recorder: this.#recorder,
        trace,
        ...(costs === undefined ? {} : { costs }),
        announce: (event) => this.#announce(event),
        opened: (world) => {
          this.#world = world;
          operator?.launched(world);
        },
        look: () => this.#look(),
        conduct: operator?.conduct,
      });
      this.#announce({ type: 'phase', phase: 'scoring', text: '' });
      await this.#stored();
      await this.#recorder.flush();
      const result = await this.#report(played);
      await this.#parts.onScored?.(this.#parts.store, result);
      this.#end(exitCodeOf(result, this.#testnet.allow), null);
      return result;
    } catch (error) {
      await this.#storing;
      if (error instanceof LetGo) {
        await this.#recorder.flush();
        if (error.isEnd) this.#end(EXIT.fine, error);
        throw error;
      }
      // Who interrupts a run knows why it ends.
      const isInterrupted = this.#parts.signal?.aborted ?? false;
      if (!isInterrupted) this.#announce({ type: 'phase', phase: 'failed', text: '' });
      this.#end(error instanceof LabError ? error.exitCode : EXIT.broke, error);
      throw error;
    }
  }

  #open(): OpenSimulation {
    const { store, journal } = this.#parts;
    return {
      store,
      journal,
      events: this.#events,
      announce: (event) => this.#announce(event),
      score: async (soFar) => {
        await this.#stored();
        await this.#recorder.flush();
        return this.#report({ ...soFar, traceHash: null });
      },
    };
  }

  /** Lets signals in, stores what waits, tells how it goes; throws once the signal is aborted. */
  async #look(): Promise<void> {
    await setImmediate();
    this.#parts.signal?.throwIfAborted();
    const isTime = performance.now() - this.#storedAtMs >= STORE_EVERY_MS;
    // More must not wait than fits an insert.
    if (this.#recorder.isFull) await this.#stored();
    else if (!isTime || this.#storing !== null) return;
    this.#storing = this.#store().catch((error: unknown) => {
      this.#storeError = error;
    });
  }

  async #store(): Promise<void> {
    const { store, plan, onEvent } = this.#parts;
    await this.#recorder.flush();
    const beganMs = performance.now();
    if (onEvent !== undefined && beganMs >= this.#figuresDueMs) {
      const figures = await liveFigures(store, plan.run, this.#testnet.protocol.k);
      this.#announce({ type: 'figures', figures });
      this.#figuresDueMs = performance.now() + (performance.now() - beganMs) * FIGURES_REST;
    }
    this.#storedAtMs = performance.now();
    this.#storing = null;
  }

  /** Until what is being stored is stored. Throws what the store threw. */
  async #stored(): Promise<void> {
    await this.#storing;
    this.#storing = null;
    if (this.#storeError !== null) throw this.#storeError;
  }

  #announce(event: RunEventBody): void {
    const isSilent = this.#parts.operator?.isSilent() ?? false;
    if (!isSilent) this.#events.emit(event);
    if (event.type !== 'phase') return;
    const { plan, journal } = this.#parts;
    const { phase } = event;
    if (!isSilent) journal.write({ entry: 'phase', atMs: Date.now(), phase });
    const nowMs = this.#world?.now ?? START_MS;
    // The load begins and ends with these phases, and no virtual time passes in between.
    if (phase === 'running') this.#loadFrom = timestamp(nowMs);
    if (phase === 'draining') this.#loadTo = timestamp(nowMs);
    this.#recorder.note('runs', nowMs, {
      testnet: this.#testnet.name,
      driver: plan.driver,
      shaping: this.#shaping,
      seed: plan.seed,
      version: plan.version,
      state: phase,
      manifest: this.#testnet.source,
      k: this.#testnet.protocol.k,
      load_from: this.#loadFrom,
      load_to: this.#loadTo,
    });
  }

  get #shaping(): RunResult['shaping'] {
    return this.#testnet.links.some(asksForShaping) ? 'simulated' : 'none';
  }

  async #report(
    played: Omit<Played, 'traceHash' | 'skeleton' | 'events'> & { traceHash: string | null },
  ): Promise<RunResult> {
    const { store, plan, directory, scoresOnly = false } = this.#parts;
    const testnet = this.#testnet;
    const { links, attacks, traceHash, loadStartedAtMs, loadEndedAtMs } = played;
    const reportPath = path.join(directory, RUN_FILES.report);
    const result = await score(store, {
      run: plan.run,
      testnet,
      driver: plan.driver,
      shaping: this.#shaping,
      shapingOk: links.every(({ ok }) => ok),
      links,
      // Virtual time waits for everybody.
      fidelityReasons: [],
      seed: plan.seed,
      version: plan.version,
      loadStartedAtMs,
      loadEndedAtMs,
      wallMs: Math.round(performance.now() - this.#startedMs),
      attacks,
      reportPath: scoresOnly ? null : reportPath,
      ...(traceHash === null ? {} : { traceHash }),
      cryptography: plan.cryptography ?? 'real',
    });
    const file = path.join(directory, RUN_FILES.result);
    writeFileSync(`${file}.new`, `${JSON.stringify(result, null, 2)}\n`);
    renameSync(`${file}.new`, file);
    if (!scoresOnly)
      await writeReport(reportPath, { result, testnet, store, events: this.#events.all() });
    return result;
  }

  #end(exitCode: number, error: unknown): void {
    const { journal, directory } = this.#parts;
    journal.write({ entry: 'phase', atMs: Date.now(), phase: 'ended' });
    journal.write({ entry: 'ended', atMs: Date.now(), exitCode });
    const resultPath = error === null ? path.join(directory, RUN_FILES.result) : null;
    const isBroken = error instanceof Error && !(error instanceof LetGo);
    const why = isBroken ? error.message : undefined;
    this.#events.emit({
      type: 'ended',
      exitCode,
      resultPath,
      ...(why === undefined ? {} : { error: why }),
    });
  }
}
