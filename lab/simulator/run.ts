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
import { liveFigures } from '../analysis/live.ts';
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
import { play, type Played } from './play.ts';
import { Recorder } from './recorder.ts';
import { START_MS } from './scheduler.ts';
import { Trace } from './trace.ts';
import { TraceWriter } from './trace-file.ts';
import type { World } from './world.ts';

/** Neither scoring nor detectors read them. */
const UNSCORED_TABLES: ReadonlySet<string> = new Set(['votes', 'resources', 'swaps']);

/** As often as of a living network, in wall time. */
const FIGURES_EVERY_MS = 1000;

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
  const writer = options.scoresOnly === true ? null : new TraceWriter(directory);
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
  #figuresAtMs = performance.now();
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
    const { writer, plan, costs } = this.#parts;
    const trace = new Trace(writer === null ? {} : { record: (records) => writer.write(records) });
    try {
      const played = await play(this.#testnet, {
        run: plan.run,
        recorder: this.#recorder,
        trace,
        ...(costs === undefined ? {} : { costs }),
        announce: (event) => this.#announce(event),
        opened: (world) => {
          this.#world = world;
        },
        look: () => this.#look(),
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
      // Who interrupts a run knows why it ends.
      const isInterrupted = this.#parts.signal?.aborted ?? false;
      if (!isInterrupted) this.#announce({ type: 'phase', phase: 'failed', text: '' });
      this.#end(error instanceof LabError ? error.exitCode : EXIT.broke, error);
      throw error;
    }
  }

  /** Lets signals in, stores what waits, tells how it goes; throws once the signal is aborted. */
  async #look(): Promise<void> {
    await setImmediate();
    this.#parts.signal?.throwIfAborted();
    const isTime = performance.now() - this.#figuresAtMs >= FIGURES_EVERY_MS;
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
    if (onEvent !== undefined) {
      const figures = await liveFigures(store, plan.run, this.#testnet.protocol.k);
      this.#announce({ type: 'figures', figures });
    }
    this.#figuresAtMs = performance.now();
    this.#storing = null;
  }

  /** Until what is being stored is stored. Throws what the store threw. */
  async #stored(): Promise<void> {
    await this.#storing;
    this.#storing = null;
    if (this.#storeError !== null) throw this.#storeError;
  }

  #announce(event: RunEventBody): void {
    this.#events.emit(event);
    if (event.type !== 'phase') return;
    const { plan, journal } = this.#parts;
    const { phase } = event;
    journal.write({ entry: 'phase', atMs: Date.now(), phase });
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

  async #report(played: Played): Promise<RunResult> {
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
      traceHash,
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
    const why = error instanceof Error ? error.message : undefined;
    this.#events.emit({
      type: 'ended',
      exitCode,
      resultPath,
      ...(why === undefined ? {} : { error: why }),
    });
  }
}
