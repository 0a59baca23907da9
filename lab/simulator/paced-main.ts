/**
 * A simulated run that goes on beside wall time, in a process of its own, with the run folder and
 * the control socket of any other run. Ended by a signal, or killed, it can be taken up again: what
 * was ordered by hand is written down before it is done, and the same run is played again, as fast as
 * it can be, to where it was.
 */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { serverFromEnvironment } from '../telemetry/open.ts';
import { EXIT, LabError } from '../errors.ts';
import { MAX_FILE_BYTES } from '../manifest/document.ts';
import { loadTestnet } from '../manifest/load.ts';
import type { OperatorOrder, Testnet } from '../manifest/testnet.ts';
import { RUN_FILES, type RunPlan } from '../supervisor/api.ts';
import { pause } from '../supervisor/concurrently.ts';
import { ControlSocket } from '../supervisor/control-socket.ts';
import { readJournal } from '../supervisor/journal.ts';
import { asksForShaping } from '../supervisor/link-control.ts';
import { socketPath } from '../supervisor/socket-path.ts';
import { Pacer } from './paced.ts';
import { pacedRoutes, type PacedRun } from './paced-routes.ts';
import { replayText } from './replay.ts';
import { LetGo, type OpenSimulation, type Operator, simulate } from './run.ts';
import type { World } from './world.ts';

/** A client that asked for the end reads the answer before the socket goes. */
const FAREWELL_MS = 300;
/** How much of a run that nobody drives is lost with its process. */
const KEEP_EVERY_MS = 10_000;
/** Of the file that repeats the run: what a testnet file may have, less what its figures grow by. */
const MAX_REPLAY_BYTES = MAX_FILE_BYTES - 1024;

export interface PacedOptions {
  readonly plan: RunPlan;
  /** Opens the control socket. */
  readonly token: string;
  log(this: void, line: string): void;
}

/** Carries a paced run out, to its end or until a signal. Throws what went wrong. */
export async function servePaced(directory: string, options: PacedOptions): Promise<void> {
  if (readJournal(directory).exitCode !== null) {
    options.log('the run has ended: nothing to carry out');
    return;
  }
  await new PacedProcess(directory, options).carryOut();
}

class PacedProcess {
  readonly #directory: string;
  readonly #options: PacedOptions;
  readonly #testnet: Testnet;
  readonly #pacer: Pacer;
  readonly #ending = new AbortController();
  readonly #loaded = Promise.withResolvers<Awaited<PacedRun['loaded']>>();
  readonly #over = Promise.withResolvers<void>();
  #world: World | null = null;
  #socket: ControlSocket | null = null;

  constructor(directory: string, options: PacedOptions) {
    this.#directory = directory;
    this.#options = options;
    const { plan } = options;
    const { testnet, replayMs } = takenUp(directory, plan);
    this.#testnet = testnet;
    this.#pacer = new Pacer(
      {
        times: plan.pace ?? 1,
        staysUp: plan.mode === 'up',
        replayMs,
        signal: this.#ending.signal,
        recorded: (orders) => this.#keep(orders),
        began: ({ startMs, links }) => {
          const world = this.#world;
          if (world !== null) this.#loaded.resolve({ world, startMs, links });
          this.#simulation?.events.emit(began(replayMs));
        },
        lags: ({ times, lagMs }) => {
          const text = `virtual time is ${(lagMs / 1000).toFixed(1)} s behind ${times} times wall time`;
          this.#simulation?.announce({ type: 'note', level: 'warning', text });
        },
      },
      testnet.orders,
    );
    // Nobody may have asked.
    this.#loaded.promise.catch(() => undefined);
  }

  #simulation: OpenSimulation | null = null;

  async carryOut(): Promise<void> {
    const { plan, log } = this.#options;
    const detach = (): void => this.#ending.abort(new LetGo(false));
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, detach);
    const keeping = setInterval(() => this.#keep(this.#pacer.orders), KEEP_EVERY_MS);
    const operator: Operator = {
      conduct: this.#pacer.conduct,
      isSilent: () => this.#pacer.isReplaying,
      opened: (simulation) => this.#open(simulation),
      launched: (world) => {
        this.#world = world;
      },
    };
    try {
      await simulate(this.#testnet, {
        plan,
        directory: this.#directory,
        signal: this.#ending.signal,
        onEvent: (event) => {
          if (event.type === 'phase') log(`${event.phase} ${event.text}`);
        },
        operator,
      });
    } catch (error) {
      if (!(error instanceof LetGo)) throw error;
    } finally {
      clearInterval(keeping);
      this.#keep(this.#pacer.orders);
      this.#loaded.reject(this.#ending.signal.reason ?? new Error('the run is over'));
      this.#over.resolve();
      await pause(FAREWELL_MS);
      await this.#socket?.close();
    }
  }

  async #open(simulation: OpenSimulation): Promise<void> {
    this.#simulation = simulation;
    const { plan, token } = this.#options;
    const testnet = this.#testnet;
    for (const { name, asleep } of testnet.members) {
      const isKnown = simulation.journal.state.launched.has(name);
      if (asleep !== true && !isKnown) simulation.journal.write({ entry: 'launch', name });
    }
    const routes = pacedRoutes({
      plan,
      testnet,
      pacer: this.#pacer,
      simulation,
      shaping: testnet.links.some(asksForShaping) ? 'simulated' : 'none',
      world: () => this.#world,
      loaded: this.#loaded.promise,
      down: async () => {
        this.#ending.abort(new LetGo(true));
        await this.#over.promise;
        return [`simulation (pid ${process.pid})`];
      },
    });
    const file = socketPath(this.#directory);
    this.#socket = new ControlSocket(file, token, simulation.events, routes);
    await this.#socket.listen();
  }

  /** Writes down what it takes to play the run again. */
  #keep(orders: readonly OperatorOrder[]): void {
    const { playedMs } = this.#pacer;
    // Before the load there is nothing that its manifest does not say.
    if (playedMs === null) return;
    const { plan } = this.#options;
    const file = path.join(this.#directory, RUN_FILES.replay);
    const text = replayText(this.#testnet, plan, { orders, playedMs });
    if (orders.length > this.#pacer.orders.length && Buffer.byteLength(text) > MAX_REPLAY_BYTES) {
      throw new LabError('with another order the run could not be repeated: its file is full', {
        exitCode: EXIT.badUse,
        remedy: 'begin another run, or name groups instead of members',
      });
    }
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }
}

function began(replayMs: number) {
  const text =
    replayMs === 0
      ? 'virtual time goes beside wall time'
      : `played again to where it was, ${(replayMs / 1000).toFixed(0)} s after the load began`;
  return { type: 'note', level: 'info', text } as const;
}

/** The testnet as its file says, with what an earlier process of the run wrote down. */
function takenUp(
  directory: string,
  plan: RunPlan,
): { readonly testnet: Testnet; readonly replayMs: number } {
  const testnet = loadTestnet(path.resolve(directory, plan.manifest), plan);
  const file = path.join(directory, RUN_FILES.replay);
  if (!existsSync(file)) return { testnet, replayMs: 0 };
  const { orders = [], durationMs } = loadTestnet(file, { honest: plan.honest });
  const lastMs = orders.at(-1)?.atMs ?? 0;
  // The same rows will come again.
  if (serverFromEnvironment(process.env) === null) {
    rmSync(path.join(directory, RUN_FILES.telemetry), { recursive: true, force: true });
  }
  return {
    testnet: { ...testnet, orders },
    replayMs: plan.mode === 'up' ? durationMs : lastMs,
  };
}
