/** What an operator should read in the log of what the peer reports: one line for what is rare. */
import type { Row } from '../telemetry.ts';
import type { Level } from './log.ts';

export interface LogLine {
  readonly level: Level;
  readonly event: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Null for rows of the daily course, which telemetry and metrics hold. */
export function lineFor(row: Row): LogLine | null {
  switch (row.table) {
    case 'peers':
      return line('info', row.event, { epoch: row.epoch, height: row.height });
    case 'evidence': {
      const { accused, rule, reason } = row;
      return line('warning', `evidence ${row.event}`, { accused, rule, reason });
    }
    case 'slashing':
      return line('warning', `slashing ${row.event}`, { accused: row.accused, tx: row.tx });
    case 'flags': {
      const { accused, layer, reason, score } = row;
      return line('info', 'flagged', { accused, layer, reason, score });
    }
    case 'asides':
      return line('info', `adversary: ${row.event}`, { details: row.details });
    case 'transactions': {
      if (row.outcome === 'committed' || row.outcome === 'submitted') return null;
      return line('debug', `transaction ${row.outcome}`, { tx: row.tx, part: row.part });
    }
    default:
      return null;
  }
}

function line(level: Level, event: string, details: LogLine['details']): LogLine {
  return { level, event, details };
}
