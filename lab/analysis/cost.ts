/**
 * What an attack's identities cost to mint: Argon2 evaluations as the peers counted them, their time
 * as measured on this machine, and a stated price.
 */
import { argon2id } from '../../node/crypto/argon2.ts';
import type { ProtocolParameters } from '../../node/parameters.ts';
import type { AttackResult } from './result.ts';

type Pow = ProtocolParameters['pow'];

/** One vCPU for one hour: METRICS.md says whose price this is. */
export const USD_PER_CORE_HOUR = 0.0425;

/** Long enough for hundreds of testnet evaluations, short enough for a supervisor to stand still. */
const MEASURE_MS = 50;
/** The paper's parameters (64 MiB, 10 passes) take half a second each: two, of which the first warms up. */
const MIN_EVALUATIONS = 2;

const measured = new Map<string, number>();

/**
 * Seconds of one core that one evaluation takes at these parameters: the fastest of as many as fit
 * into MEASURE_MS, since others' work on the machine can only lengthen one. Measured once a process.
 */
export function evaluationSeconds({ memoryKiB, passes }: Pow): number {
  const key = `${memoryKiB}/${passes}`;
  const known = measured.get(key);
  if (known !== undefined) return known;
  const input = {
    password: new Uint8Array(64),
    salt: new Uint8Array(16),
    memoryKiB,
    passes,
    parallelism: 1,
    length: 32,
  };
  const end = performance.now() + MEASURE_MS;
  let fastestMs = Number.POSITIVE_INFINITY;
  for (let n = 0; n < MIN_EVALUATIONS || performance.now() < end; n += 1) {
    const started = performance.now();
    argon2id(input);
    fastestMs = Math.min(fastestMs, performance.now() - started);
  }
  measured.set(key, fastestMs / 1000);
  return fastestMs / 1000;
}

/** The cost of minting `members`; `attempts` by member's name. All null when one of them is not known. */
export function mintingCost(
  members: readonly string[],
  attempts: ReadonlyMap<string, number>,
  secondsEach: number,
): AttackResult['cost'] {
  let sum = 0;
  for (const member of members) {
    const own = attempts.get(member);
    if (own === undefined) return { attempts: null, coreSeconds: null, usd: null };
    sum += own;
  }
  const coreSeconds = sum * secondsEach;
  return { attempts: sum, coreSeconds, usd: (coreSeconds / 3600) * USD_PER_CORE_HOUR };
}
