/** How far a supervisor has come: requests that need more wait, instead of being sent away. */
import { EXIT, LabError } from '../errors.ts';

export type Stage = 'open' | 'network';

export class Readiness {
  private readonly stages = {
    open: Promise.withResolvers<void>(),
    network: Promise.withResolvers<void>(),
  };

  constructor() {
    // Nobody may be waiting when the run ends.
    for (const stage of Object.values(this.stages)) stage.promise.catch(() => undefined);
  }

  reached(stage: Stage): void {
    this.stages[stage].resolve();
  }

  /** Ends waiting for what was not reached. */
  over(): void {
    const error = new LabError('the run is being removed, or has ended', {
      exitCode: EXIT.badUse,
      remedy: 'npx lab ps shows what runs',
    });
    for (const stage of Object.values(this.stages)) stage.reject(error);
  }

  /** Throws LabError when the run ends first. */
  wait(stage: Stage): Promise<void> {
    return this.stages[stage].promise;
  }
}
