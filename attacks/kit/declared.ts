/** What declarations of adversaries that stand near one point say alike. */
import type { Knob } from '../adversary.ts';

/** Where identities near the target are looked for; read by `reachOf` (place.ts). */
export const REACH: Knob = {
  type: 'number',
  default: 0,
  min: 0,
  max: 0.5,
  unit: 'of the ring',
  description:
    'Identities farther from the target are thrown away; 0: as far as so few honest members are expected that the place can be captured.',
};

/** Of a `ColludingOwner` (rival-spend.ts) for each. */
export const TOKENS_SPENT_TWICE: Knob = {
  type: 'integer',
  default: 3,
  min: 1,
  max: 20,
  unit: 'tokens',
  description: 'How many tokens the colluding owner spends twice.',
};

/** Tokens of which honest keepers committed two transfers that no honest client made. */
export const SPENT_TWICE_SQL = `(SELECT count() FROM violations
          WHERE NOT hasAny(transactions, (SELECT groupArray(tx) FROM fates)))`;
