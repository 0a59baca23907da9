/**
 * Plays a run again and holds it against the trace that the first one left, event by event: the
 * first that differs is where to look for what made them differ.
 */
import { useCryptography } from '../../node/crypto/cryptography.ts';
import type { Testnet } from '../manifest/testnet.ts';
import type { RunEventBody } from '../supervisor/events.ts';
import { Narrator, type Parting, SHOWN_BEFORE } from './narrator.ts';
import { play } from './play.ts';
import { Recorder } from './recorder.ts';
import { START_MS } from './scheduler.ts';
import { type Divergence, readRecord, Trace } from './trace.ts';
import type { TraceReader } from './trace-file.ts';
import type { World } from './world.ts';

export interface CompareOptions {
  readonly run: string;
  readonly earlier: Pick<TraceReader, 'next'>;
  readonly cryptography: 'real' | 'ideal';
  announce(this: void, event: RunEventBody, nowMs: number): void;
  /** Between two stretches; what it throws ends the comparison. */
  look(this: void): Promise<void>;
}

export interface Comparison {
  /** Events that were the same. */
  readonly events: number;
  /** Of the whole run; null when it was not played to its end. */
  readonly traceHash: string | null;
  /** The first event that differs: what stood in the earlier trace, what came now. */
  readonly divergence: Parting | null;
}

/** Ends the run at the event that differs. */
class Diverged extends Error {
  readonly divergence: Divergence;

  constructor(divergence: Divergence) {
    super('the runs part here');
    this.divergence = divergence;
  }
}

/** Plays `testnet` as `earlier` was played, until they part or both have ended. */
export async function compare(testnet: Testnet, options: CompareOptions): Promise<Comparison> {
  const { run, earlier, announce, look } = options;
  const last: Uint8Array[] = [];
  const trace = new Trace({
    compare: () => {
      const record = earlier.next();
      // A record is overwritten by those after it.
      if (record !== null && record !== undefined) last.push(record.slice());
      if (last.length > SHOWN_BEFORE + 1) last.shift();
      return record;
    },
    onDivergence: (divergence) => {
      throw new Diverged(divergence);
    },
  });
  let world: World | null = null;
  useCryptography(options.cryptography);
  try {
    const { traceHash, events } = await play(testnet, {
      run,
      recorder: new Recorder(null, run),
      trace,
      announce: (event) => announce(event, world?.now ?? START_MS),
      opened: (opened) => {
        world = opened;
      },
      look,
    });
    return { events, traceHash, divergence: null };
  } catch (error) {
    if (!(error instanceof Diverged)) throw error;
    const { divergence } = error;
    return {
      events: divergence.index,
      traceHash: null,
      divergence: new Narrator(testnet, world).tell(divergence, last.map(readRecord)),
    };
  } finally {
    useCryptography('real');
  }
}
