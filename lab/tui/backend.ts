/** What the UI needs of the lab, so that tests and benches can stand in for it. */
import type { LiveRun } from '../live/model.ts';
import type { LaunchChoice } from './effect.ts';
import type { Document } from './document.ts';
import type { StartEntry } from './state.ts';

/** What a launch tells, and heeds, until the run answers. */
export interface Launching {
  say(this: void, text: string): void;
  /** From now on the run goes on by itself, under this name. */
  begun(this: void, run: string): void;
  /** Aborted: what has not begun yet does not begin. */
  readonly signal: AbortSignal;
}

export interface Backend {
  /** Living runs, testnets, ended runs: what the start screen offers. */
  entries(this: void): Promise<readonly StartEntry[]>;
  /** Attaches to a living run. */
  open(this: void, run: string): Promise<LiveRun>;
  /** Launches a testnet; answers as soon as the run does, while peers still start. */
  launch(this: void, choice: LaunchChoice, launching: Launching): Promise<LiveRun>;
  /** What an ended run came to. */
  result(this: void, run: string): Promise<Document>;
}
