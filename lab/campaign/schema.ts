/** The form of a campaign file; what it means across fields is checked in `definition.ts`. */
import { z } from 'zod';
import { closed, count, nameOf } from '../manifest/fields.ts';

/** Beyond this nobody reads the table. */
export const MAX_CELLS = 1_000;
/** Weeks of two cores at a few seconds a run. */
export const MAX_RUNS = 100_000;
const MAX_SEEDS = 10_000;
const MAX_AXES = 8;
const MAX_VALUES = 100;
const MAX_SEED = 0xffffffff;

const value = z.unknown().refine((given) => given !== undefined && given !== null, 'a value');
const settings = z
  .record(z.string(), value)
  .describe('Values instead of those of the testnet file, by path: protocol.k: 12.');

export const campaignSchema = closed(
  {
    name: nameOf('Name of the campaign; its folder is called NAME-xxxxxx.'),
    testnet: z.string().min(1).max(500).describe('Testnet file, as seen from this file.'),
    seeds: z
      .union([
        count(1, MAX_SEEDS, 'Seeds 1 to this.'),
        z
          .array(count(0, MAX_SEED, 'A seed.'))
          .min(1)
          .max(MAX_SEEDS),
      ])
      .describe('How many runs of each cell: a number, or the seeds themselves.'),
    training: count(
      0,
      MAX_SEEDS,
      'Of the seeds the first so many choose thresholds of detectors, which are reported on the others.',
    ).default(0),
    driver: z
      .enum(['sim', 'docker', 'process'])
      .describe('Where peers run; sim: in virtual time, several runs at once.')
      .default('sim'),
    cryptography: z
      .enum(['real', 'ideal'])
      .describe('Of simulated runs; ideal by default: unforgeable at no cost.')
      .optional(),
    control: z
      .boolean()
      .describe('Also run the same networks and faults without adversaries, once for all cells.')
      .default(true),
    grid: z
      .record(
        z.string(),
        z.union([
          z.array(value).min(1).max(MAX_VALUES),
          z.record(z.string().regex(/^[\w-][\w .+-]{0,30}$/), settings),
        ]),
      )
      .refine((axes) => Object.keys(axes).length <= MAX_AXES, `at most ${MAX_AXES} axes`)
      .describe('What varies: PATH: [values], or AXIS: {label: {PATH: value, …}, …}.')
      .default({}),
    set: settings.default({}),
  },
  'A campaign of Minefield Lab.',
);

/** A campaign file in good form. */
export type CampaignFile = z.output<typeof campaignSchema>;
