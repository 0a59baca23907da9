/** Halts a run's network and brings it back: one such change at a time. */
import { EXIT, LabError } from '../errors.ts';
import type { RunPhase } from './api.ts';
import type { Journal } from './journal.ts';
import type { Network } from './network.ts';

export interface HaltingNeeds {
  readonly journal: Journal;
  /** The network, once its members are up. */
  network(): Promise<Network>;
  phase(phase: RunPhase, text: string): void;
}

export class Halting {
  private readonly needs: HaltingNeeds;
  private changing: 'stopped' | 'started' | null = null;

  constructor(needs: HaltingNeeds) {
    this.needs = needs;
  }

  /** Halts every member; again when a part of it failed before. */
  halt(): Promise<void> {
    return this.change('stopped', async (network) => {
      const { journal } = this.needs;
      const { phase: present, haltedAtMs } = journal.state;
      if (haltedAtMs === null) {
        if (present !== 'running') {
          throw new LabError(`a run in phase ${present} cannot be stopped`, {
            exitCode: EXIT.badUse,
          });
        }
        journal.write({ entry: 'halted', atMs: Date.now() });
      }
      this.needs.phase('stopped', 'the load ends, then every member; their state is kept');
      await network.endLoad();
      await network.drain();
      await network.halt();
    });
  }

  /** Brings a halted network back; nothing to do for one that runs. */
  resume(): Promise<void> {
    return this.change('started', async (network) => {
      const { journal } = this.needs;
      if (journal.state.haltedAtMs === null) return;
      this.needs.phase('launching', 'bringing the network back');
      await network.launch();
      this.needs.phase('meshing', 'peers find their neighbours again');
      await network.bringBack();
      this.needs.phase('measuring', 'with the faults that are in force');
      await network.links.measure();
      journal.write({ entry: 'resumed', atMs: Date.now() });
      this.needs.phase('running', 'the network is back');
      await network.startLoad();
    });
  }

  private async change(
    to: 'stopped' | 'started',
    work: (network: Network) => Promise<void>,
  ): Promise<void> {
    const network = await this.needs.network();
    if (this.changing !== null) {
      throw new LabError(`the network is being ${this.changing} already`, {
        exitCode: EXIT.badUse,
        remedy: 'lab ps shows when it is done',
      });
    }
    this.changing = to;
    try {
      await work(network);
    } finally {
      this.changing = null;
    }
  }
}
