/** Telemetry rows that peers and clients share. */
import { headerHash } from '../ledger/block.ts';
import { encodeStatement, statementHash } from '../minefield/statement.ts';
import type { Statement } from '../minefield/types.ts';
import type { StatementRow } from '../telemetry.ts';

/** A statement that was received and found well signed. */
export function statementRow(statement: Statement, disagreed: boolean): StatementRow {
  const mapping = statement.answer?.mapping;
  return {
    table: 'statements',
    speaker: statement.peer,
    statement: statementHash(statement),
    token: statement.token,
    owner: mapping?.owner ?? '',
    tx: mapping?.tx ?? '',
    epoch: statement.epoch,
    sequence: statement.sequence,
    height: statement.head.height,
    head: headerHash(statement.head),
    statedAt: statement.time,
    disagreed,
    bytes: encodeStatement(statement).length,
  };
}
