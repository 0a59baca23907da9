/** What the fields of a testnet file are made of (schema.ts, fault-schema.ts, lab/campaign/schema.ts). */
import { z } from 'zod';

/** A network that still works after ten days is worth a test; a month is the longest run. */
export const MAX_DURATION_MS = 31 * 24 * 3600 * 1000;
/** Beyond a minute a datagram is lost, not late. */
const MAX_DELAY_MS = 60_000;

/** A closed object whose error for unknown keys lists the allowed ones (read by `explain.ts`). */
export function closed<T extends z.core.$ZodLooseShape>(shape: T, description: string) {
  return z
    .strictObject(shape, {
      error: (issue) =>
        issue.code === 'unrecognized_keys' ? Object.keys(shape).join(', ') : undefined,
    })
    .describe(description);
}

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
/** A name as testnets, groups and regions have. */
export const nameOf = (what: string) =>
  z
    .string()
    .max(32)
    .regex(NAME, { error: 'a name of lowercase letters, digits and single hyphens' })
    .describe(what);
/** From 0 to 1. */
export const probability = (what: string) => z.number().min(0).max(1).describe(what);
/** A whole number in a range. */
export const count = (min: number, max: number, what: string) =>
  z.int().min(min).max(max).describe(what);
/** A number in a range. */
export const number = (min: number, max: number, what: string) =>
  z.number().min(min).max(max).describe(what);
/** A point of the run's time. */
export const timeMs = (what: string) => number(0, MAX_DURATION_MS, what);
/** A length of time; zero would mean "at once over", a mistake. */
export const spanMs = (what: string) => number(1, MAX_DURATION_MS, what);

/** Of a link profile, each of which may be left out. */
export const profileFields = {
  delayMs: number(0, MAX_DELAY_MS, 'One-way delay, ms.').optional(),
  jitterMs: number(0, MAX_DELAY_MS, 'Spread of the delay, ms; at most the delay.').optional(),
  distribution: z
    .enum(['uniform', 'normal', 'pareto'])
    .describe('How the delay spreads.')
    .optional(),
  correlation: probability('Correlation of successive delays, 0 to 1.').optional(),
  loss: probability('Probability that a datagram is lost, independently of others.').optional(),
  burst: closed(
    {
      enter: probability('P(good → bad) per datagram.'),
      leave: probability('P(bad → good) per datagram.'),
      lossBad: probability('Loss in the bad state.'),
      lossGood: probability('Loss in the good state.'),
    },
    'Gilbert–Elliott burst loss, instead of independent loss.',
  ).optional(),
  duplicate: probability('Probability that a datagram arrives twice.').optional(),
  reorder: probability('Probability that a datagram overtakes the delay.').optional(),
  rateBitsPerSecond: number(0, 1e11, 'Bits per second; 0 is unlimited.').optional(),
};

/** Of a region, and of a pair of them. */
export const region = nameOf('Name of a region.');
export const regionPair = z.tuple([region, region]).describe('Two regions.');
