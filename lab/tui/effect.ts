/** What the UI asks of the world: everything that takes time is one of these, never done in a key. */
import type { KnobValue } from '../manifest/attacks.ts';
import type { Subject } from './subject.ts';

export type Driver = 'auto' | 'docker' | 'process' | 'sim';

export type Cryptography = 'real' | 'ideal';

export interface LaunchChoice {
  readonly file: string;
  readonly driver: Driver;
  /** Instead of the file's. */
  readonly seed: number | null;
  /** Ideal: of a simulated run alone. */
  readonly cryptography: Cryptography;
}

export type SteerAction = 'stop' | 'pause' | 'resume' | 'set';

export type Effect =
  | { readonly type: 'attach'; readonly run: string }
  | { readonly type: 'launch'; readonly choice: LaunchChoice }
  | { readonly type: 'refresh' }
  | { readonly type: 'open'; readonly subject: Subject }
  | {
      readonly type: 'attack';
      readonly name: string;
      readonly knobs: Readonly<Record<string, KnobValue>>;
    }
  | {
      readonly type: 'steer';
      readonly id: string;
      readonly action: SteerAction;
      readonly knobs: Readonly<Record<string, KnobValue>>;
    }
  /** One after another: a region cut off from all others is a partition for each. */
  | {
      readonly type: 'fault';
      readonly what: string;
      readonly faults: readonly object[];
      readonly forMs: number | null;
    }
  | { readonly type: 'clear'; readonly ids: readonly string[] }
  | { readonly type: 'measure' }
  | { readonly type: 'halt' }
  | { readonly type: 'resume' }
  /** Back to the start screen; the run goes on. */
  | { readonly type: 'detach' }
  /** Out of the UI; the run goes on. */
  | { readonly type: 'leave' }
  /** Removes the run, then out of the UI; with `isScored` it is scored and reported on before. */
  | { readonly type: 'remove'; readonly isScored: boolean };
