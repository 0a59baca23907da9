/**
 * The life of one run: preparing → launching → meshing → measuring → running → draining → scoring →
 * removing → ended, each phase journalled before it begins, taken up where the journal ends.
 */
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RunResult } from '../analysis/result.ts';
import { exitCodeOf } from '../analysis/verdict.ts';
import { EXIT, LabError } from '../errors.ts';
import type { Testnet } from '../manifest/testnet.ts';
import { RUN_FILES, type RunPhase, type RunPlan } from './api.ts';
import { RunEvents } from './events.ts';
import { FidelityGuard } from './fidelity.ts';
import { Halting } from './halting.ts';
import { Journal } from './journal.ts';
import { Network } from './network.ts';
import { driverOf, openContext } from './open-context.ts';
import { Readiness } from './readiness.ts';
import { addRow, messageOf, storeTime, type Parts, type RunContext } from './run-context.ts';
import { scoreFacts } from './score-facts.ts';
import { TimelineRunner } from './timeline-runner.ts';

export interface SupervisorOptions {
  readonly plan: RunPlan;
  readonly runDirectory: string;
  readonly parts: Parts;
  log(line: string): void;
}

const SHAPED_BY = {
  netem: 'shaped by the kernel (netem)',
  userspace: "shaped at the members' sockets",
  none: 'nothing was asked of them',
} as const;

/** What makes an `await` of a run that is being taken down end early. */
class TakenDown extends Error {}

export class Supervisor {
  readonly plan: RunPlan;
  readonly runDirectory: string;
  readonly testnet: Testnet;
  readonly journal: Journal;
  readonly events: RunEvents;
  readonly halting: Halting;
  private readonly options: SupervisorOptions;
  /** Aborted when the run is let go or taken down: nobody waits any longer. */
  private readonly ending = new AbortController();
  private detached = false;
  private readonly guard = new FidelityGuard();
  private readonly driver: RunContext['driver'];
  private opened: RunContext | null = null;
  private network: Network | null = null;
  private wantsDown = false;
  private readonly readiness = new Readiness();
  private readonly removed = Promise.withResolvers<readonly string[]>();

  constructor(options: SupervisorOptions) {
    this.options = options;
    this.plan = options.plan;
    this.runDirectory = options.runDirectory;
    const manifest = path.resolve(options.runDirectory, options.plan.manifest);
    this.testnet = options.parts.loadTestnet(manifest, options.plan);
    this.journal = new Journal(options.runDirectory);
    this.events = new RunEvents(options.runDirectory);
    this.driver = driverOf({ ...this.needs() });
    this.halting = new Halting({
      journal: this.journal,
      network: async () => (await this.when('network')).network,
      phase: (phase, text) => this.phase(phase, text),
    });
  }

  /** The open context and network. Throws LabError while the run is still being prepared. */
  get living(): { context: RunContext; network: Network } {
    if (this.opened === null || this.network === null) {
      throw new LabError(`run ${this.plan.run} is still being prepared`, {
        exitCode: EXIT.broke,
        remedy: 'try again in a moment',
      });
    }
    return { context: this.opened, network: this.network };
  }

  /** `living`, once the store is open; with `network`, once the members are up or found again. */
  async when(what: 'open' | 'network'): Promise<Supervisor['living']> {
    await this.readiness.wait(what);
    return this.living;
  }

  get context(): RunContext | null {
    return this.opened;
  }

  /** Carries the run out, to its end or until `detach`. Never throws: a failure ends the run. */
  async carryOut(): Promise<void> {
    let exitCode: number = EXIT.fine;
    let failure: unknown = null;
    try {
      exitCode = await this.live();
    } catch (error) {
      if (this.detached) return;
      if (!(error instanceof TakenDown) && !this.wantsDown) failure = error;
    }
    if (this.detached) return;
    if (failure !== null) {
      exitCode = failure instanceof LabError ? failure.exitCode : EXIT.broke;
      this.options.log(failure instanceof Error ? (failure.stack ?? '') : messageOf(failure));
      // The `ended` event says why.
      this.phase('failed', '');
    }
    await this.finish(exitCode, failure);
  }

  /** Lets go of the run: members stay as they are, the next supervisor takes up from the journal. */
  async detach(): Promise<void> {
    this.detached = true;
    this.ending.abort();
    this.readiness.over();
    this.network?.detach();
    await this.closeContext();
  }

  /** Asks for the end and waits until everything is removed. */
  down(): Promise<readonly string[]> {
    this.wantsDown = true;
    this.ending.abort();
    this.readiness.over();
    this.network?.detach();
    return this.removed.promise;
  }

  /** Scores what there is and writes the report of it. */
  async report(): Promise<RunResult> {
    const { context, network } = await this.when('network');
    await network.flush();
    const result = await this.score();
    const file = path.join(this.runDirectory, RUN_FILES.report);
    const { testnet } = this;
    const events = this.events.all();
    await context.parts.writeReport(file, { result, testnet, store: context.store, events });
    return result;
  }

  /** Scores what there is, and keeps it as the run's result. */
  private async score(): Promise<RunResult> {
    const { context, network } = this.living;
    await context.telemetry.flush();
    const facts = await scoreFacts(context, network.links.shaping, this.guard);
    const result = await context.parts.score(context.store, facts);
    const file = path.join(this.runDirectory, RUN_FILES.result);
    writeFileSync(`${file}.new`, `${JSON.stringify(result, null, 2)}\n`);
    renameSync(`${file}.new`, file);
    return result;
  }

  private needs(): Omit<Parameters<typeof openContext>[0], 'hello' | 'conspire' | 'lost'> {
    const { plan, runDirectory, testnet, journal, events } = this;
    const { parts } = this.options;
    const log = (line: string): void => this.options.log(line);
    return { plan, runDirectory, testnet, parts, journal, events, log };
  }

  private phase(phase: RunPhase, text: string): void {
    this.journal.write({ entry: 'phase', atMs: Date.now(), phase });
    this.options.log(text === '' ? phase : `${phase}: ${text}`);
    this.events.emit({ type: 'phase', phase, text });
    if (this.opened === null) return;
    const { loadStartedAtMs, loadEndedAtMs } = this.journal.state;
    void addRow(this.opened, 'runs', {
      testnet: this.testnet.name,
      driver: this.plan.driver,
      shaping: this.network?.links.shaping ?? 'none',
      seed: this.plan.seed,
      version: this.plan.version,
      state: phase,
      manifest: this.testnet.source,
      k: this.testnet.protocol.k,
      load_from: loadStartedAtMs === null ? null : storeTime(loadStartedAtMs),
      load_to: loadEndedAtMs === null ? null : storeTime(loadEndedAtMs),
    });
  }

  /** Stops between two steps when the run is being taken down, or let go. */
  private check(): void {
    if (this.wantsDown || this.detached) throw new TakenDown();
  }

  private async open(): Promise<Network> {
    const context = await openContext(
      {
        ...this.needs(),
        hello: (hello) => this.network?.hello(hello),
        conspire: (from, message) => this.network?.attacks.conspire(from, message),
        lost: (member) => this.network?.lost(member),
      },
      this.driver,
    );
    this.opened = context;
    this.network = new Network(context);
    this.readiness.reached('open');
    return this.network;
  }

  private async live(): Promise<number> {
    const { phase, loadStartedAtMs, haltedAtMs } = this.journal.state;
    // An earlier supervisor was removing: nothing is worth bringing back.
    if (phase === 'removing' || phase === 'failed') throw new TakenDown();
    if (phase === null) this.phase('preparing', `driver ${this.plan.driver}`);
    const network = await this.open();
    this.check();
    if (loadStartedAtMs === null) await this.bringUp(network);
    else if (haltedAtMs === null) {
      await network.reattach();
      this.events.emit({ type: 'note', level: 'info', text: 're-attached to the living network' });
    } else if (phase !== 'stopped') this.phase('stopped', 'lab start brings the network back');
    this.check();
    this.readiness.reached('network');
    if (this.journal.state.loadEndedAtMs === null) await this.runTimeline(network);
    else if (phase === 'draining') await this.drain(network);
    this.check();
    return this.conclude();
  }

  private async bringUp(network: Network): Promise<void> {
    this.phase('launching', '');
    await network.launch();
    this.check();
    this.phase('meshing', '');
    await network.found();
    this.check();
    this.phase('measuring', SHAPED_BY[network.links.shaping]);
    await network.links.measure();
    this.check();
    this.journal.write({ entry: 'load-started', atMs: Date.now() });
    this.phase('running', '');
    await network.startLoad();
  }

  private async runTimeline(network: Network): Promise<void> {
    const { guard } = this;
    const { context } = this.living;
    await new TimelineRunner({ context, network, guard, ending: this.ending.signal }).run();
    this.check();
    await network.endLoad();
    this.journal.write({ entry: 'load-ended', atMs: Date.now() });
    await this.drain(network);
  }

  private async drain(network: Network): Promise<void> {
    this.phase('draining', 'the load has ended');
    await network.drain();
  }

  private async conclude(): Promise<number> {
    this.phase('scoring', '');
    return exitCodeOf(await this.report(), this.testnet.allow);
  }

  private async finish(exitCode: number, failure: unknown): Promise<void> {
    this.readiness.over();
    this.phase('removing', '');
    this.network?.detach();
    let code = exitCode;
    let removed: readonly string[] = [];
    let trouble = failure;
    try {
      removed = await this.driver.remove(this.journal.state.created);
    } catch (error) {
      code = EXIT.broke;
      trouble ??= error;
    }
    await this.closeContext();
    const resultPath =
      this.journal.state.loadEndedAtMs === null || failure !== null
        ? null
        : path.join(this.runDirectory, RUN_FILES.result);
    if (trouble === null || trouble === failure) this.end(code);
    const remedy = trouble instanceof LabError ? trouble.remedy : undefined;
    this.events.emit({
      type: 'ended',
      exitCode: code,
      resultPath,
      ...(trouble === null ? {} : { error: messageOf(trouble) }),
      ...(remedy === undefined ? {} : { remedy }),
    });
    this.removed.resolve(removed);
  }

  /** What could not be removed keeps the run open, so that `lab down` tries again. */
  private end(exitCode: number): void {
    this.journal.write({ entry: 'ended', atMs: Date.now(), exitCode });
    this.phase('ended', 'nothing of this run is left');
  }

  private async closeContext(): Promise<void> {
    const context = this.opened;
    this.opened = null;
    this.network = null;
    if (context === null) return;
    await context.control.close();
    await context.telemetry.flush().catch(() => undefined);
    await context.store.close();
  }
}
