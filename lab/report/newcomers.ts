/** Who came while the load was on, and how far each got. */
import { section } from './figure.ts';
import { counted, duration, EMPTY, seconds, type Html } from './html.ts';
import type { RunData } from './run-data.ts';
import { number, table, text } from './table.ts';

const PHASES = ['identity', 'synchronising', 'trust-building', 'trusted'] as const;
/** More rows than anyone reads. */
const MAX_SHOWN = 50;

/** Nothing for a testnet without newcomers. Times are told from the load's start. */
export function newcomersSection({ testnet, phases, originMs }: RunData): Html {
  const newcomers = testnet.members.filter(({ joinAtMs }) => joinAtMs !== undefined);
  if (newcomers.length === 0) return EMPTY;
  const reached = (name: string, phase: string): number | null => {
    const one = phases.find((entry) => entry.peer === name && entry.phase === phase);
    return one === undefined ? null : one.at_ms - originMs;
  };
  const trusted = newcomers.filter(({ name }) => reached(name, 'trusted') !== null).length;
  return section(
    'newcomers',
    'Newcomers',
    table({
      caption: 'When each newcomer first entered a phase, from the start of the load',
      columns: [text('peer'), ...['let in', ...PHASES].map(number)],
      limit: MAX_SHOWN,
      rows: newcomers.map(({ name, joinAtMs }) => [
        name,
        duration(joinAtMs ?? null),
        ...PHASES.map((phase) => {
          const atMs = reached(name, phase);
          return atMs === null ? 'not reached' : seconds(atMs);
        }),
      ]),
    }),
    `${counted(newcomers.length, 'peer')} came while the load was on; ${trusted} of them were trusted in the end. When each first said that it had entered a phase, from the start of the load.`,
  );
}
