import { expect, test } from 'vitest';
import { wireRow } from '../../node/runtime/telemetry.ts';
import { MAX_MESSAGE_BYTES } from '../../node/transport/limits.ts';
import type { Row } from '../../node/telemetry.ts';
import { checkRows } from './rows.ts';
import { PEER_TABLES } from './schema.ts';

const AT = 1768478400000.25;
const ID = 'ab'.repeat(32);

/** One full row of every table, as peers report them. */
const ROWS: readonly Row[] = [
  {
    table: 'transactions',
    tx: ID,
    part: 'client',
    outcome: 'submitted',
    kind: 'create',
    valueClass: 'low',
    tokens: [ID],
    owners: [ID],
    previous: [ID],
    kept: [],
    submittedAt: AT,
    firstVoteAt: null,
    committedAt: null,
    viewOverlap: null,
    rounds: null,
  },
  { table: 'votes', tx: ID, token: ID, verdict: 'valid' },
  { table: 'messages', direction: 'in', type: 'vote', count: 1, datagrams: 1, bytes: 1 },
  {
    table: 'statements',
    speaker: ID,
    statement: ID,
    token: ID,
    owner: ID,
    tx: ID,
    epoch: 1,
    sequence: 2,
    height: 3,
    head: ID,
    statedAt: AT,
    receivedAt: AT,
    disagreed: true,
    bytes: 700,
  },
  {
    table: 'evidence',
    package: ID,
    accused: ID,
    rule: 'false-path',
    event: 'verified',
    reason: '',
    bytes: MAX_MESSAGE_BYTES,
    // The longest that can be sent, in hex.
    content: 'ab'.repeat(MAX_MESSAGE_BYTES),
  },
  {
    table: 'slashing',
    accused: ID,
    event: 'banned',
    package: ID,
    tx: ID,
    votesFor: null,
    votesAgainst: 1,
  },
  { table: 'flags', accused: ID, layer: 'sampling', reason: 'x', score: 0.5 },
  {
    table: 'detectors',
    layer: 'trust',
    checks: 1,
    flagged: 0,
    messages: 2,
    bytes: 300,
    signatures: 1,
  },
  {
    table: 'swaps',
    out: ID,
    into: ID,
    why: 'scheduled',
    done: true,
    scoreOut: 0.4,
    scoreInto: 0.9,
  },
  {
    table: 'synchronisation',
    phase: 'reading',
    blocks: 12,
    transactions: 30,
    tokens: 40,
    density: 0.5,
    bytes: 9000,
  },
  {
    table: 'peers',
    address: ID,
    event: 'meshed',
    kind: 'peer',
    epoch: 1,
    height: 0,
    mintAttempts: null,
  },
  {
    table: 'registrations',
    address: ID,
    origin: 'newcomer',
    createdAt: AT,
    bits: 4,
    ip: '10.0.0.7',
  },
  { table: 'asides', event: 'strike', details: '{}' },
  { table: 'hosts', region: 'east', version: '0.1.0' },
  {
    table: 'resources',
    cpuMs: 1.5,
    residentBytes: 1,
    privateBytes: null,
    loopDelayP99Ms: 0.1,
    socketDrops: 0,
    telemetryDropped: 0,
  },
];

test('every row a peer can report has exactly the columns of its table', () => {
  expect(ROWS.map((row) => row.table).sort()).toEqual(Object.keys(PEER_TABLES).sort());
  for (const row of ROWS) {
    const columns = { run: 'r', ts: '2026-01-15 12:00:00.000', peer: 'p', ...wireRow(row) };
    expect(Object.keys(columns), row.table).toEqual(Object.keys(PEER_TABLES[row.table]));
    const checked = checkRows(JSON.stringify(columns), PEER_TABLES[row.table], {
      peer: 'p',
      run: 'r',
      nowMs: Date.UTC(2026, 0, 15, 12),
    });
    expect(checked, row.table).toMatchObject({ ok: true, rows: 1 });
  }
});
