/**
 * One round of fuzzing: inputs made at random or mutated from valid ones, guided by what became of
 * them. A round is repeated exactly by its target and seed.
 */
import { seededRandom } from '../support/network.ts';
import { mutate, randomBytes } from './mutate.ts';
import { Finding, type Prepared, type Target } from './target.ts';

/** Of a core's time, for one input: the largest message decodes in a millisecond. */
const MAX_EXECUTION_MS = 500;
/** Executions that took this long are measured for memory; less time can't touch that much. */
const SUSPICIOUS_MS = 10;
const MAX_ALLOCATED_BYTES = 64 * 1024 * 1024;
/** Inputs mutated further; the oldest discoveries go first. */
const MAX_CORPUS = 2000;
/** How often an input is made from nothing. */
const FROM_NOTHING = 0.1;
const MAX_RANDOM_BYTES = 400;

export interface Round {
  readonly target: string;
  readonly seed: number;
  readonly executions: number;
  /** Different ends that inputs came to. */
  readonly outcomes: number;
  readonly crash: { readonly input: Uint8Array; readonly error: unknown } | null;
}

/** Runs the target's executions, ends at a crash, or after `forMs` if that is earlier. */
export function fuzz(target: Target, seed: number, forMs = Number.POSITIVE_INFINITY): Round {
  const random = seededRandom(seed);
  const prepared = target.prepare();
  const corpus = [...prepared.examples];
  const endMs = performance.now() + forMs;
  const outcomes = new Set<string>();
  let executions = 0;
  let input: Uint8Array = new Uint8Array(0);
  const pick = (): Uint8Array => corpus[Math.floor(random() * corpus.length)] ?? input;
  try {
    for (; executions < target.executions && performance.now() < endMs; executions += 1) {
      const example = prepared.examples[executions];
      input = example ?? next(random, pick);
      const outcome = execute(prepared, input);
      if (outcomes.has(outcome)) continue;
      outcomes.add(outcome);
      corpus.push(input);
      if (corpus.length > MAX_CORPUS) corpus.splice(prepared.examples.length, 1);
    }
    prepared.finish?.();
  } catch (error) {
    return {
      target: target.name,
      seed,
      executions,
      outcomes: outcomes.size,
      crash: { input, error },
    };
  }
  return { target: target.name, seed, executions, outcomes: outcomes.size, crash: null };
}

function next(random: () => number, pick: () => Uint8Array): Uint8Array {
  if (random() >= FROM_NOTHING) return mutate(random, pick(), pick());
  return randomBytes(random, Math.floor(random() * MAX_RANDOM_BYTES));
}

function execute(prepared: Prepared, input: Uint8Array): string {
  // Of this thread: the collector and the compiler work beside it, on a busy machine for long.
  const before = process.threadCpuUsage();
  const startedMs = performance.now();
  const memory = process.memoryUsage();
  const outcome = prepared.run(input);
  if (performance.now() - startedMs < SUSPICIOUS_MS) return outcome;
  const { user, system } = process.threadCpuUsage(before);
  if ((user + system) / 1000 > MAX_EXECUTION_MS) {
    throw new Finding(`${(user + system) / 1000} ms of a core for one input`);
  }
  const after = process.memoryUsage();
  const allocated = after.heapUsed - memory.heapUsed + after.arrayBuffers - memory.arrayBuffers;
  if (allocated > MAX_ALLOCATED_BYTES) throw new Finding(`${allocated} bytes for one input`);
  return outcome;
}
