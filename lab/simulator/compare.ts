/**
 * Plays a run again and holds it against the trace that the first one left, event by event: the
 * first that differs is where to look for what made them differ.
 */
import { useCryptography } from '../../node/crypto/cryptography.ts';
import { networkTag, readHeader } from '../../node/transport/datagram.ts';
import type { Endpoint } from '../../node/host.ts';
import type { Testnet } from '../manifest/testnet.ts';
import { assignEndpoints } from '../supervisor/run-context.ts';
import type { RunEventBody } from '../supervisor/events.ts';
import { simulatedAddresses } from './addresses.ts';
import { play } from './play.ts';
import { Recorder } from './recorder.ts';
import { START_MS } from './scheduler.ts';
import { type Divergence, readRecord, Trace, type TraceEvent } from './trace.ts';
import type { TraceReader } from './trace-file.ts';
import { networkIdOf } from './world.ts';

/** Events before the first that differs which are shown with it. */
const SHOWN_BEFORE = 5;
/** Of an order's text; all of ours are shorter. */
const MAX_TEXT_BYTES = 40;

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

/** In words, a line each; null for a run that had ended there. */
export interface Parting {
  readonly before: readonly string[];
  readonly was: string | null;
  readonly is: string | null;
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
  let now = (): number => START_MS;
  useCryptography(options.cryptography);
  try {
    const { traceHash, events } = await play(testnet, {
      run,
      recorder: new Recorder(null, run),
      trace,
      announce: (event) => announce(event, now()),
      opened: (world) => {
        now = () => world.now;
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
      divergence: new Narrator(testnet).tell(divergence, last.map(readRecord)),
    };
  } finally {
    useCryptography('real');
  }
}

/** Says events with the members' names. */
class Narrator {
  readonly #names: ReadonlyMap<string, string>;
  readonly #tag: Uint8Array;

  constructor({ members, regions, seed }: Testnet) {
    const endpoints = assignEndpoints(members, simulatedAddresses(regions));
    this.#names = new Map([...endpoints].map(([name, endpoint]) => [keyOf(endpoint), name]));
    this.#tag = networkTag(networkIdOf(seed));
  }

  tell({ recorded, seen, content }: Divergence, last: readonly TraceEvent[]): Parting {
    const before = recorded === null ? last.slice(-SHOWN_BEFORE) : last.slice(0, -1);
    return {
      before: before.map((event) => this.#line(event)),
      was: recorded === null ? null : this.#line(recorded),
      is: seen === null ? null : this.#line(seen) + this.#inside(seen, content),
    };
  }

  #line({ timeMs, member, kind, from, lengthBytes, digest }: TraceEvent): string {
    const at = `${((timeMs - START_MS) / 1000).toFixed(6)} s`;
    const who = `${at}  ${this.#name(member)}`;
    if (kind === 'timer') return `${who}  timer`;
    const sender = from === null ? '' : ` from ${this.#name(from)}`;
    return `${who}  ${kind}${sender}, ${lengthBytes} bytes (${digest})`;
  }

  /** What can be read of the content without keys. */
  #inside({ kind }: TraceEvent, content: Uint8Array): string {
    if (kind === 'timer') return '';
    if (kind === 'order') {
      return `: ${new TextDecoder().decode(content.subarray(0, MAX_TEXT_BYTES))}`;
    }
    // Not a Buffer, whose slice() shares memory.
    const header = readHeader(this.#tag, new Uint8Array(content));
    return header === null ? '' : `: ${header.kind}, number ${header.counter} of its sender`;
  }

  #name(endpoint: Endpoint): string {
    return this.#names.get(keyOf(endpoint)) ?? keyOf(endpoint);
  }
}

function keyOf({ ip, port }: Endpoint): string {
  return `${ip}:${port}`;
}
