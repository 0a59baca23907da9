/**
 * Plays a testnet from its launch to the end of its last transaction, in stretches between which
 * the process around it hears signals and stores rows. Where it pauses changes nothing of the run.
 */
import { loadAdversary } from '../../attacks/load.ts';
import type { AttackFacts } from '../analysis/attacks.ts';
import type { LinkMeasurement } from '../analysis/result.ts';
import { EXIT, LabError } from '../errors.ts';
import type { Testnet } from '../manifest/testnet.ts';
import type { RunPhase } from '../supervisor/api.ts';
import { MESH_TIMEOUT_MS, TIMEOUT_PER_MEMBER_MS } from '../supervisor/launch.ts';
import { DRAIN_MS, DRAIN_POLL_MS, MAX_DRAIN_MS } from '../supervisor/network.ts';
import { MEASURED_COSTS, type ProcessingCosts } from './costs.ts';
import type { Recorder } from './recorder.ts';
import { Trace } from './trace.ts';
import { type Announce, World } from './world.ts';

/** Virtual time between two looks at what goes on outside. */
const STRETCH_MS = 100;
/** And no more often than so much wall time: a look costs a turn of the event loop. */
const LOOK_EVERY_MS = 50;

export interface PlayOptions {
  readonly run: string;
  readonly recorder: Recorder;
  readonly trace: Trace;
  /** What handling costs members; by default as measured on real ones. */
  readonly costs?: ProcessingCosts;
  readonly announce: Announce;
  /** The world is there: its clock may be read. */
  opened(world: World): void;
  /** Between two stretches; what it throws ends the run. */
  look(): Promise<void>;
  /** Plays the load instead of us, to the time at which it ends. */
  readonly conduct?: Conduct | undefined;
}

/**
 * Plays a world from the start of its load: `endMs` is when the manifest would end it. It returns
 * when the load is to end; what it throws ends the run. `look` is to be called now and then.
 */
export type Conduct = (
  world: World,
  load: {
    readonly startMs: number;
    readonly endMs: number;
    readonly links: readonly LinkMeasurement[];
    look(this: void): Promise<void>;
  },
) => Promise<void>;

/** What a run that was played leaves beside its telemetry. Times are virtual, ms since the epoch. */
export interface Played {
  readonly loadStartedAtMs: number;
  readonly loadEndedAtMs: number;
  readonly attacks: readonly AttackFacts[];
  readonly links: readonly LinkMeasurement[];
  /** Over every event that reached a member; the skeleton leaves the contents out. */
  readonly traceHash: string;
  readonly skeleton: string;
  readonly events: number;
}

/** Throws what `look` threw, and a LabError when the network does not come to be. */
export async function play(testnet: Testnet, options: PlayOptions): Promise<Played> {
  const { run, recorder, trace, announce, costs = MEASURED_COSTS } = options;
  const names = new Set(testnet.members.flatMap(({ adversary }) => adversary ?? []));
  const adversaries = new Map(
    await Promise.all([...names].map(async (name) => [name, await loadAdversary(name)] as const)),
  );
  const world = new World({ testnet, run, adversaries, recorder, trace, costs, announce });
  options.opened(world);
  return new Player(world, testnet, options).play();
}

class Player {
  readonly #world: World;
  readonly #testnet: Testnet;
  readonly #options: PlayOptions;
  #lookedAtMs = performance.now();

  constructor(world: World, testnet: Testnet, options: PlayOptions) {
    this.#world = world;
    this.#testnet = testnet;
    this.#options = options;
  }

  async play(): Promise<Played> {
    const world = this.#world;
    const { trace } = this.#options;
    await this.#phase('launching');
    await this.#until(world.launch());
    await this.#phase('meshing');
    await this.#mesh();
    await this.#phase('measuring', 'links are simulated');
    const links = await this.#measure();
    await this.#phase('running');
    const loadStartedAtMs = world.now;
    world.startLoad();
    const { conduct } = this.#options;
    const look = (): Promise<void> => this.#options.look();
    const endMs = loadStartedAtMs + this.#testnet.durationMs;
    if (conduct === undefined) await this.#until(endMs);
    else await conduct(world, { startMs: loadStartedAtMs, endMs, links, look });
    world.endLoad();
    const loadEndedAtMs = world.now;
    await this.#phase('draining', 'the load has ended');
    await this.#drain();
    const { awake, size } = world.lazy;
    if (size > 0) {
      const text = `${awake.size} of ${size} sleeping peers were reached`;
      this.#options.announce({ type: 'note', level: 'info', text });
    }
    trace.end();
    const { hash: traceHash, skeleton, events } = trace;
    const attacks = world.attacks.facts;
    return { loadStartedAtMs, loadEndedAtMs, attacks, links, traceHash, skeleton, events };
  }

  async #phase(phase: RunPhase, text = ''): Promise<void> {
    this.#options.announce({ type: 'phase', phase, text });
    await this.#options.look();
  }

  async #until(untilMs: number, isDone = (): boolean => false): Promise<void> {
    const { scheduler } = this.#world;
    while (scheduler.now < untilMs && !isDone()) {
      scheduler.runUntil(Math.min(untilMs, scheduler.now + STRETCH_MS));
      if (performance.now() - this.#lookedAtMs < LOOK_EVERY_MS) continue;
      await this.#options.look();
      this.#lookedAtMs = performance.now();
    }
  }

  async #mesh(): Promise<void> {
    const world = this.#world;
    const { members } = this.#testnet;
    const deadlineMs = world.now + MESH_TIMEOUT_MS + TIMEOUT_PER_MEMBER_MS * members.length;
    world.found();
    // Who is meshed stays so: nobody is asked twice.
    let missing = world.unmeshed();
    await this.#until(deadlineMs, () => {
      missing = missing.filter(({ health }) => !(health?.meshed ?? false));
      return missing.length === 0;
    });
    if (missing.length === 0) return;
    const named = missing.slice(0, MAX_NAMED).map(({ name }) => name);
    const more = missing.length > MAX_NAMED ? ` and ${missing.length - MAX_NAMED} more` : '';
    throw new LabError(`${named.join(', ')}${more}: did not mesh with their neighbours`, {
      exitCode: EXIT.broke,
      remedy: 'look at the links of the testnet file: who can hear whom?',
    });
  }

  async #measure(): Promise<readonly LinkMeasurement[]> {
    const probing = this.#world.probing();
    for (let untilMs = probing.begin(); untilMs !== null; untilMs = probing.begin()) {
      await this.#until(untilMs);
    }
    for (const { from, to, askedRttMs, measuredRttMs, ...link } of probing.measured) {
      this.#options.recorder.note('links', this.#world.now, {
        from_region: from,
        to_region: to,
        asked_rtt_ms: askedRttMs,
        measured_rtt_ms: measuredRttMs,
        asked_loss: link.askedLoss,
        measured_loss: link.measuredLoss,
        n: link.n,
        ok: link.ok,
      });
    }
    return probing.measured;
  }

  /** After the load: every transaction comes to its end, committed or given up. */
  async #drain(): Promise<void> {
    const world = this.#world;
    const endMs = world.now + MAX_DRAIN_MS;
    await this.#until(world.now + DRAIN_MS);
    while (world.now < endMs && world.underWay() > 0) {
      await this.#until(Math.min(endMs, world.now + DRAIN_POLL_MS));
    }
  }
}

/** Names in an error; the rest is a number. */
const MAX_NAMED = 8;
