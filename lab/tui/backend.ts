/** What the UI needs of the lab, so that tests and benches can stand in for it. */
import type { LiveRun } from '../live/model.ts';
import type { LaunchChoice } from './effect.ts';
import type { Document } from './document.ts';
import type { StartEntry } from './state.ts';

export interface Backend {
  /** Living runs, testnets, ended runs: what the start screen offers. */
  entries(this: void): Promise<readonly StartEntry[]>;
  /** Attaches to a living run. */
  open(this: void, run: string): Promise<LiveRun>;
  /** Launches a testnet; answers as soon as the run does, while peers still start. */
  launch(this: void, choice: LaunchChoice, say: (text: string) => void): Promise<LiveRun>;
  /** What an ended run came to. */
  result(this: void, run: string): Promise<Document>;
}
