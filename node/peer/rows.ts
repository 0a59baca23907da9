/** Telemetry rows that peers and clients share. */
import { ZERO_ID } from '../id.ts';
import { headerHash } from '../ledger/block.ts';
import type { Member } from '../ledger/membership.ts';
import type { Transaction } from '../ledger/types.ts';
import { encodeStatement, statementHash } from '../minefield/statement.ts';
import type { Statement } from '../minefield/types.ts';
import type { RegistrationRow, StatementRow, TransactionRow } from '../telemetry.ts';

/** A statement that was received and found well signed. */
export function statementRow(
  statement: Statement,
  receivedAt: number,
  disagreed: boolean,
): StatementRow {
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
    receivedAt,
    disagreed,
    bytes: encodeStatement(statement).length,
  };
}

/** An identity that this peer sees for the first time. */
export function registrationRow(
  { address, record, endpoint }: Member,
  origin: RegistrationRow['origin'],
): RegistrationRow {
  const { createdAtMs: createdAt, bits } = record;
  return { table: 'registrations', address, origin, createdAt, bits, ip: endpoint.ip };
}

/** What a transaction that is not ordinary is called in telemetry. */
const KINDS = {
  slashing: 'slash',
  register: 'register',
  synchronised: 'synchronised',
  renewal: 'renewal',
  lapse: 'lapse',
} as const;

/** A transaction's fate at a peer that keeps some of its tokens. */
export function keeperRow(
  transaction: Transaction,
  outcome: TransactionRow['outcome'],
  here: Pick<TransactionRow, 'part' | 'kept' | 'firstVoteAt' | 'committedAt'> &
    Partial<Pick<TransactionRow, 'viewOverlap' | 'rounds'>>,
): TransactionRow {
  const unknown = { submittedAt: null, viewOverlap: null, rounds: null };
  return { ...describe(transaction), outcome, ...unknown, ...here };
}

/** The columns that are the transaction's own. */
export function describe({
  id,
  body,
}: Transaction): Pick<
  TransactionRow,
  'table' | 'tx' | 'kind' | 'valueClass' | 'tokens' | 'owners' | 'previous'
> {
  const { changes, purpose, valueClass } = body;
  const kinds = new Set(
    changes.map(({ owner, previous }) => {
      if (previous === ZERO_ID) return 'create';
      return owner === ZERO_ID ? 'destroy' : 'transfer';
    }),
  );
  const [only] = kinds;
  const kind = kinds.size === 1 && only !== undefined ? only : 'mixed';
  return {
    table: 'transactions',
    tx: id,
    kind: purpose.kind === 'ordinary' ? kind : KINDS[purpose.kind],
    valueClass,
    tokens: changes.map(({ token }) => token),
    owners: changes.map(({ owner }) => owner),
    previous: changes.map(({ previous }) => previous),
  };
}
