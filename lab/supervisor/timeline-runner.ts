/** From the load's start to its end: planned steps begin on time, figures and fidelity are watched. */
import type { OperatorOrder } from '../manifest/testnet.ts';
import { FIGURES_REST } from '../analysis/live.ts';
import { pause } from './concurrently.ts';
import { readFault } from './faults.ts';
import type { FidelityGuard } from './fidelity.ts';
import type { Network } from './network.ts';
import { messageOf, warn, type RunContext } from './run-context.ts';
import { dueSteps, elapsedMs, timelineOf, type TimelineStep } from './timeline.ts';

const TICK_MS = 100;
const FIGURES_EVERY_MS = 1000;

export interface TimelineNeeds {
  readonly context: RunContext;
  readonly network: Network;
  readonly guard: FidelityGuard;
  /** Aborted when the run is taken down or let go: whoever waits here returns at once. */
  readonly ending: AbortSignal;
}

export class TimelineRunner {
  private readonly needs: TimelineNeeds;
  private figuresUnderWay = false;
  /** When they may be made again, by the monotonic clock. */
  private figuresDueMs = 0;

  constructor(needs: TimelineNeeds) {
    this.needs = needs;
  }

  /** Returns when the load's time is over (never in mode `up`), or `ending` was aborted. */
  async run(): Promise<void> {
    const { context, guard, ending } = this.needs;
    const { plan, testnet, journal } = context;
    const steps = timelineOf(testnet);
    const { attacks, faults, joined } = journal.state;
    const begun = new Set(
      [...attacks.values(), ...faults.values()].flatMap((entry) => entry.planned ?? []),
    );
    for (const step of steps) {
      if (step.type === 'join' && step.members.every((name) => joined.has(name))) {
        begun.add(step.key);
      }
    }
    const watch = setInterval(() => this.watch(), FIGURES_EVERY_MS);
    guard.start();
    try {
      while (!ending.aborted) {
        const elapsed = elapsedMs(journal.state, Date.now()) ?? 0;
        if (journal.state.haltedAtMs === null) {
          for (const step of dueSteps(steps, begun, elapsed)) {
            begun.add(step.key);
            this.begin(step);
          }
          if (plan.mode === 'run' && elapsed >= testnet.durationMs) return;
        }
        await pause(TICK_MS, ending);
      }
    } finally {
      clearInterval(watch);
    }
  }

  /** Begins a step without waiting for it, so that a slow one does not delay the next. */
  private begin(step: TimelineStep): void {
    const { context, network } = this.needs;
    this.carryOut(step, network).catch((error: unknown) => {
      warn(context, `${step.key} at ${step.atMs} ms: ${messageOf(error)}`);
    });
  }

  private async carryOut(step: TimelineStep, network: Network): Promise<void> {
    if (step.type === 'attack') return this.attack(step);
    if (step.type === 'join') return network.newcomers.join(step.members);
    if (step.type === 'order') return this.order(step.order, step.key);
    const { fault, key } = step;
    await network.faults.start(
      readFault(fault, this.needs.context.testnet),
      fault.forMs ?? null,
      key,
    );
  }

  private async attack({
    attack,
    key,
    members,
  }: Extract<TimelineStep, { type: 'attack' }>): Promise<void> {
    const { context, network, ending } = this.needs;
    const id = await network.attacks.start(attack.name, attack.knobs, key, members);
    if (attack.forMs === undefined) return;
    await pause(attack.forMs, ending);
    const running = context.journal.state.attacks.get(id)?.state !== 'stopped';
    if (running && !ending.aborted) await network.attacks.steer(id, 'stop');
  }

  private async order(order: OperatorOrder, key: string): Promise<void> {
    const { attacks, faults } = this.needs.network;
    if (order.order === 'attack') await attacks.start(order.name, order.knobs, key);
    else if (order.order === 'steer') await attacks.steer(order.id, order.action, order.knobs);
    else if (order.order === 'clear') await faults.clear(order.id);
    else await faults.start(order.fault, order.forMs, key);
  }

  private watch(): void {
    const { context, guard } = this.needs;
    if (context.journal.state.haltedAtMs !== null) return;
    guard.sample();
    const beganMs = performance.now();
    if (this.figuresUnderWay || beganMs < this.figuresDueMs) return;
    this.figuresUnderWay = true;
    context.parts
      .liveFigures(context.store, context.plan.run, context.testnet.protocol.k)
      .then((figures) => context.events.emit({ type: 'figures', figures }))
      .catch((error: unknown) => context.log(`figures: ${messageOf(error)}`))
      .finally(() => {
        this.figuresUnderWay = false;
        const endedMs = performance.now();
        this.figuresDueMs = endedMs + (endedMs - beganMs) * FIGURES_REST;
      });
  }
}
