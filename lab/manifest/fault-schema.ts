/** The form of a fault in a testnet file; what it does stands in docs/TESTNETS.md. */
import { z } from 'zod';
import {
  closed,
  MAX_DURATION_MS,
  nameOf,
  number,
  profileFields,
  regionPair,
  spanMs,
  timeMs,
} from './fields.ts';

/** More are named by their group. */
const MAX_TARGETS = 1000;
/** A tenth: no quartz is a thousandth as bad, and leases still outlive it. */
const MAX_DRIFT_PPM = 100_000;

const when = {
  atMs: timeMs('Start, ms after the load starts.'),
  forMs: spanMs('Length, ms; until cleared when absent.').optional(),
};
const targets = z
  .array(nameOf('A member (honest-03) or a group.'))
  .min(1)
  .max(MAX_TARGETS)
  .describe('Members or groups.');

const direction = z
  .enum(['both', 'forward'])
  .describe('forward: only from the first region to the second.')
  .default('both');

/** The kinds of fault; a test holds them to the union below. */
export const FAULT_KINDS = [
  'partition',
  'link',
  'pause',
  'kill',
  'restart',
  'restore',
  'clock',
  'drift',
  'clog',
  'torn',
] as const;

/** A fault of the timeline. */
export const faultSchema = z
  .discriminatedUnion('kind', [
    closed(
      {
        kind: z.literal('partition'),
        ...when,
        between: regionPair,
        direction,
      },
      'Nothing passes between two regions.',
    ),
    closed(
      {
        kind: z.literal('link'),
        ...when,
        between: regionPair,
        change: closed(profileFields, 'Fields that change, in both directions.'),
      },
      'A link profile changes.',
    ),
    closed({ kind: z.literal('pause'), ...when, members: targets }, 'Processes stand still.'),
    closed({ kind: z.literal('kill'), ...when, members: targets }, 'Processes are killed.'),
    closed({ kind: z.literal('restart'), ...when, members: targets }, 'Stopped and started again.'),
    closed(
      { kind: z.literal('restore'), ...when, members: targets },
      'Their disks are copied now; at the end they are killed and started from the copy.',
    ),
    closed(
      {
        kind: z.literal('clock'),
        ...when,
        members: targets,
        skewMs: number(-MAX_DURATION_MS, MAX_DURATION_MS, 'Their clocks’ error, ms.'),
      },
      'Clocks go wrong.',
    ),
    closed(
      {
        kind: z.literal('drift'),
        ...when,
        members: targets,
        ppm: number(-MAX_DRIFT_PPM, MAX_DRIFT_PPM, 'How fast their clocks run, millionths.'),
      },
      'Clocks and timers run too fast or too slow; at the end clocks are set right.',
    ),
    closed(
      {
        kind: z.literal('clog'),
        ...when,
        forMs: spanMs('Length, ms.'),
        between: regionPair,
        direction,
      },
      'What one region sends to the other is held, and all of it goes on at the end; simulated runs only.',
    ),
    closed(
      { kind: z.literal('torn'), ...when, members: targets },
      'They die while they write: the next turn’s writes and datagrams are lost; simulated runs only.',
    ),
  ])
  .describe('Something that breaks by itself.');
