/**
 * The rows of the claims ledger, as data. Another row is one entry in `rows/` and one file in
 * `experiments/`. Bounds say what still counts as the claim: where a paper gives one number, a factor
 * of two about it, since its own roundings differ by as much; where it says "about", a quarter.
 */
import type { Claim } from './claim.ts';
import { COMPUTED } from './rows/computed.ts';
import { SIMULATED } from './rows/simulated.ts';

export const CLAIMS: readonly Claim[] = [...SIMULATED, ...COMPUTED];
