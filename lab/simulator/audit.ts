/**
 * Holds ideal cryptography without encoding against the real one with it: plays the same testnet with
 * both, with the same seed and the same kind of work, and compares event by event what can be told
 * from outside: when which member was reached by what kind of event, from whom, how long. A verdict
 * that is not the real one, a size that differs, an order that depends on the bytes of a signature,
 * a message that says more than its bytes: each makes members send something else, or at another
 * time, and the two part.
 */
import { type Cryptography, useCryptography } from '../../node/crypto/cryptography.ts';
import { mintingPow } from '../../node/identity/difficulty.ts';
import type { Testnet } from '../manifest/testnet.ts';
import { play } from './play.ts';
import { Recorder } from './recorder.ts';
import { readRecord, RECORD_BYTES, SKELETON_BYTES, Trace, type TraceEvent } from './trace.ts';

/** 128 MB of records; what comes after them is compared by its hash alone. */
const MAX_KEPT_EVENTS = 4_000_000;
/** KiB·passes of all identities together that are really worked for: some ten seconds of a core. */
const MAX_REAL_WORK = 10_000_000;

export interface AuditOptions {
  /** How much of the load is played. */
  readonly sampleMs: number;
  /** Between two stretches; what it throws ends the audit. */
  look(this: void): Promise<void>;
}

export interface Audit {
  /** Virtual time under load. */
  readonly sampleMs: number;
  /** Of the identities, with either cryptography: ideal where real would take too long. */
  readonly work: Cryptography;
  /** Those that were the same. */
  readonly events: number;
  /** Of both runs; null when they part. */
  readonly skeleton: string | null;
  readonly parting: Parting | null;
  /** Processor time of this thread: others on the machine lengthen it little. */
  readonly realMs: number;
  readonly idealMs: number;
}

/** The first event that differs; null for a run that had ended there. */
export interface Parting {
  readonly real: TraceEvent | null;
  readonly ideal: TraceEvent | null;
}

/** Plays `testnet` twice. Throws what `look` threw, or a LabError when no network comes to be. */
export async function audit(testnet: Testnet, options: AuditOptions): Promise<Audit> {
  const sampleMs = Math.min(options.sampleMs, testnet.durationMs);
  const sample: Testnet = { ...testnet, durationMs: sampleMs };
  const work = workOf(testnet);
  const kept = new Kept();
  const startedMs = threadMs();
  try {
    useCryptography('real', work);
    const real = await playWith(sample, options, (records) => kept.keep(records));
    const betweenMs = threadMs();
    useCryptography('ideal', work, 'none');
    const ideal = await idealLike(sample, options, kept);
    return {
      sampleMs,
      work,
      events: kept.same,
      skeleton: ideal === real ? real : null,
      parting: kept.parting,
      realMs: Math.round(betweenMs - startedMs),
      idealMs: Math.round(threadMs() - betweenMs),
    };
  } finally {
    useCryptography('real');
  }
}

/** The skeleton's hash of the second run; null when it parted from the first. */
async function idealLike(
  sample: Testnet,
  options: AuditOptions,
  kept: Kept,
): Promise<string | null> {
  try {
    const skeleton = await playWith(sample, options, (records) => kept.hold(records));
    kept.end();
    return skeleton;
  } catch (error) {
    if (error instanceof Parted) return null;
    throw error;
  }
}

/** The skeleton's hash. */
async function playWith(
  testnet: Testnet,
  { look }: AuditOptions,
  record: (records: Uint8Array) => void,
): Promise<string> {
  const run = 'audit';
  const nobody = (): void => undefined;
  const recorder = new Recorder(null, run);
  const trace = new Trace({ record });
  const options = { run, recorder, trace, announce: nobody, opened: nobody, look };
  return (await play(testnet, options)).skeleton;
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** What real minting of the whole network would take decides. */
function workOf({ protocol, members }: Testnet): Cryptography {
  const peers = members.filter(({ kind }) => kind === 'peer').length;
  const { memoryKiB, passes, bits } = mintingPow(protocol, peers);
  return peers * 2 ** bits * memoryKiB * passes <= MAX_REAL_WORK ? 'real' : 'ideal';
}

/** The two are no longer the same: there is nothing to be learnt from what follows. */
class Parted extends Error {}

/** The events of the first run, against which those of the second are held. */
class Kept {
  /** Events of the second run that were those of the first. */
  same = 0;
  parting: Parting | null = null;
  readonly #batches: Uint8Array[] = [];
  #events = 0;
  #batch = 0;
  #at = 0;

  keep(records: Uint8Array): void {
    if (this.#events < MAX_KEPT_EVENTS) this.#batches.push(records.slice());
    this.#events += records.length / RECORD_BYTES;
  }

  /** Throws Parted at the first that differs. */
  hold(records: Uint8Array): void {
    for (let at = 0; at < records.length; at += RECORD_BYTES) {
      const ideal = records.subarray(at, at + RECORD_BYTES);
      const real = this.#next();
      const isKept = real !== undefined || this.same >= this.#events;
      if (isKept && (real === undefined || !isSameSkeleton(real, ideal))) this.#part(real, ideal);
      this.same += 1;
    }
  }

  /** The second run has ended: throws Parted if the first went on. */
  end(): void {
    const real = this.#next();
    if (real !== undefined) this.#part(real, undefined);
  }

  #part(real: Uint8Array | undefined, ideal: Uint8Array | undefined): never {
    const read = (record?: Uint8Array) => (record === undefined ? null : readRecord(record));
    this.parting = { real: read(real), ideal: read(ideal) };
    throw new Parted('the runs part here');
  }

  /** Of the first run; undefined after the last that was kept. */
  #next(): Uint8Array | undefined {
    const batch = this.#batches[this.#batch];
    if (batch === undefined) return undefined;
    const record = batch.subarray(this.#at, this.#at + RECORD_BYTES);
    this.#at += RECORD_BYTES;
    if (this.#at < batch.length) return record;
    this.#batch += 1;
    this.#at = 0;
    return record;
  }
}

function isSameSkeleton(a: Uint8Array, b: Uint8Array): boolean {
  const [one, other] = [a, b].map((record) => record.subarray(0, SKELETON_BYTES));
  return one !== undefined && other !== undefined && Buffer.compare(one, other) === 0;
}
