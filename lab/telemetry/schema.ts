/**
 * Tables of databases `lab` (what the network reports) and `truth` (what only the lab knows), and
 * how they came to be: versioned migrations, the version kept in `lab.schema_version`. The same SQL
 * runs in the embedded engine and on a server. Telemetry is delivered at least once: a peer that did
 * not hear an acknowledgement posts again. The lab's endpoint, through which all rows come, knows such a
 * post again as long as its supervisor lives (endpoint.ts); beyond that, queries take minima and distinct
 * counts where they can.
 */

/** What a column holds; decides its ClickHouse type and what the endpoint lets through. */
export type ColumnKind =
  /** Any text; ids are 64 hex digits. */
  | 'text'
  /** Bytes of a message in hex. */
  | 'document'
  /** Text with few values in a run: names, addresses of members, kinds. */
  | 'label'
  | 'texts'
  /** `YYYY-MM-DD hh:mm:ss[.ffffff]`, UTC. */
  | 'time'
  | 'time?'
  /** Whole number from 0. */
  | 'count'
  | 'number'
  | 'number?'
  | 'boolean';

/** Columns of one table, in order. Every table of database `lab` starts with run, ts. */
export type Columns = Readonly<Record<string, ColumnKind>>;

const COMMON = { run: 'label', ts: 'time' } as const;
const REPORTED = { ...COMMON, peer: 'label' } as const;

/** Tables that peers and clients fill: node/telemetry.ts in snake case, behind run, ts, peer. */
export const PEER_TABLES = {
  transactions: {
    ...REPORTED,
    tx: 'text',
    part: 'label',
    outcome: 'label',
    kind: 'label',
    value_class: 'label',
    tokens: 'texts',
    owners: 'texts',
    previous: 'texts',
    kept: 'texts',
    submitted_at: 'time?',
    first_vote_at: 'time?',
    committed_at: 'time?',
    view_overlap: 'number?',
    rounds: 'number?',
  },
  votes: { ...REPORTED, tx: 'text', token: 'text', verdict: 'label' },
  messages: {
    ...REPORTED,
    direction: 'label',
    type: 'label',
    count: 'count',
    datagrams: 'count',
    bytes: 'count',
  },
  statements: {
    ...REPORTED,
    speaker: 'label',
    statement: 'text',
    token: 'text',
    owner: 'text',
    tx: 'text',
    epoch: 'count',
    sequence: 'count',
    height: 'count',
    head: 'text',
    stated_at: 'time?',
    received_at: 'time?',
    disagreed: 'boolean',
    bytes: 'count',
  },
  evidence: {
    ...REPORTED,
    package: 'text',
    accused: 'label',
    rule: 'label',
    event: 'label',
    reason: 'text',
    bytes: 'count',
    content: 'document',
  },
  slashing: {
    ...REPORTED,
    accused: 'label',
    event: 'label',
    package: 'text',
    tx: 'text',
    votes_for: 'number?',
    votes_against: 'number?',
  },
  flags: { ...REPORTED, accused: 'label', layer: 'label', reason: 'text', score: 'number?' },
  detectors: {
    ...REPORTED,
    layer: 'label',
    checks: 'count',
    flagged: 'count',
    messages: 'count',
    bytes: 'count',
    signatures: 'count',
  },
  swaps: {
    ...REPORTED,
    out: 'label',
    into: 'label',
    why: 'label',
    done: 'boolean',
    score_out: 'number',
    score_into: 'number',
  },
  synchronisation: {
    ...REPORTED,
    phase: 'label',
    blocks: 'count',
    transactions: 'count',
    tokens: 'count',
    density: 'number',
    bytes: 'count',
  },
  peers: {
    ...REPORTED,
    address: 'text',
    event: 'label',
    kind: 'label',
    epoch: 'count',
    height: 'count',
    mint_attempts: 'number?',
  },
  registrations: {
    ...REPORTED,
    address: 'text',
    origin: 'label',
    created_at: 'time?',
    bits: 'count',
    ip: 'label',
  },
  asides: { ...REPORTED, event: 'label', details: 'text' },
  hosts: { ...REPORTED, region: 'label', version: 'label' },
  resources: {
    ...REPORTED,
    cpu_ms: 'number',
    resident_bytes: 'number',
    private_bytes: 'number?',
    loop_delay_p99_ms: 'number',
    socket_drops: 'number',
    telemetry_dropped: 'number',
  },
} as const satisfies Record<string, Columns>;

/** Tables that the supervisor fills; one row per change of state. */
export const SUPERVISOR_TABLES = {
  runs: {
    ...COMMON,
    testnet: 'label',
    driver: 'label',
    shaping: 'label',
    seed: 'count',
    version: 'text',
    state: 'label',
    manifest: 'text',
    k: 'number?',
    load_from: 'time?',
    load_to: 'time?',
  },
  links: {
    ...COMMON,
    from_region: 'label',
    to_region: 'label',
    asked_rtt_ms: 'number',
    measured_rtt_ms: 'number?',
    asked_loss: 'number',
    measured_loss: 'number?',
    n: 'count',
    ok: 'boolean',
  },
  attacks: {
    ...COMMON,
    attack_id: 'text',
    name: 'label',
    state: 'label',
    members: 'texts',
    knobs: 'text',
  },
  faults: { ...COMMON, fault_id: 'text', kind: 'label', state: 'label', detail: 'text' },
} as const satisfies Record<string, Columns>;

/** Who is who. Nobody but the analysis reads it. `adversary` is '' for the honest, `join_at_ms` null for who was there from the start. */
export const TRUTH_TABLES = {
  roles: {
    run: 'label',
    member: 'text',
    group: 'label',
    kind: 'label',
    region: 'label',
    address: 'text',
    adversary: 'label',
    join_at_ms: 'number?',
  },
} as const satisfies Record<string, Columns>;

/** What a campaign keeps of its runs, in a store of its own; no member reports any of it. */
export const CAMPAIGN_TABLES = {
  campaign_runs: {
    run: 'label',
    part: 'label',
    cell: 'count',
    seed: 'count',
    settings: 'texts',
    version: 'text',
    command: 'text',
    state: 'label',
    error: 'text',
    trace_hash: 'text',
    cpu_ms: 'number?',
    result: 'document',
  },
  campaign_cases: {
    run: 'label',
    attack: 'label',
    member: 'text',
    lies: 'count',
    first_lie_ms: 'number?',
    detected_ms: 'number?',
    banned_ms: 'number?',
    slashed_ms: 'number?',
  },
  campaign_scores: {
    run: 'label',
    detector: 'label',
    subject: 'text',
    guilty: 'boolean',
    score: 'number',
    at_ms: 'number?',
  },
} as const satisfies Record<string, Columns>;

export type PeerTable = keyof typeof PEER_TABLES;

const TYPES: Readonly<Record<ColumnKind, string>> = {
  text: 'String',
  document: 'String',
  label: 'LowCardinality(String)',
  texts: 'Array(String)',
  time: "DateTime64(6, 'UTC')",
  'time?': "Nullable(DateTime64(6, 'UTC'))",
  count: 'UInt64',
  number: 'Float64',
  'number?': 'Nullable(Float64)',
  boolean: 'Bool',
};

function createTable(name: string, columns: Columns): string {
  const lines = Object.entries(columns).map(([column, kind]) => `\`${column}\` ${TYPES[kind]}`);
  // A run is asked for as a whole, then in the order of time (or by reporter).
  const order = ['run', 'ts', 'peer', 'member'].filter((column) => column in columns);
  const partition = 'ts' in columns ? 'PARTITION BY toYYYYMM(ts) ' : '';
  return (
    `CREATE TABLE IF NOT EXISTS ${name} (${lines.join(', ')}) ENGINE = MergeTree ` +
    `${partition}ORDER BY (${order.join(', ')})`
  );
}

/** Columns that a table got later: the version that brought them, and the column they stand behind. */
const LATER_COLUMNS = [
  { version: 2, table: 'statements', column: 'received_at', behind: 'stated_at' },
  { version: 2, table: 'peers', column: 'mint_attempts', behind: 'height' },
  { version: 3, table: 'transactions', column: 'view_overlap', behind: 'committed_at' },
  { version: 3, table: 'evidence', column: 'content', behind: 'bytes' },
  { version: 3, table: 'roles', column: 'join_at_ms', behind: 'adversary' },
  { version: 5, table: 'runs', column: 'k', behind: 'manifest' },
  { version: 5, table: 'runs', column: 'load_from', behind: 'k' },
  { version: 5, table: 'runs', column: 'load_to', behind: 'load_from' },
  { version: 6, table: 'transactions', column: 'rounds', behind: 'view_overlap' },
] as const satisfies readonly {
  readonly version: number;
  readonly table: PeerTable | 'runs' | 'roles';
  readonly column: string;
  readonly behind: string;
}[];

/** Tables that came later: the version that brought them. */
const LATER_TABLES: Readonly<Record<string, number>> = {
  detectors: 3,
  swaps: 3,
  synchronisation: 3,
  registrations: 4,
  asides: 4,
  hosts: 6,
};

function addTables(version: number): string[] {
  return Object.entries(PEER_TABLES)
    .filter(([table]) => LATER_TABLES[table] === version)
    .map(([table, columns]) => createTable(`lab.${table}`, columns));
}

/** A table as version 1 made it. */
function firstColumns(table: string, columns: Columns): Columns {
  const later = new Set<string>(
    LATER_COLUMNS.filter((entry) => entry.table === table).map((entry) => entry.column),
  );
  return Object.fromEntries(Object.entries(columns).filter(([column]) => !later.has(column)));
}

/** Rows from before have null there: not measured. */
function addColumns(version: number): string[] {
  return LATER_COLUMNS.filter((entry) => entry.version === version).map(
    ({ table, column, behind }) => {
      const tables = { ...PEER_TABLES, ...SUPERVISOR_TABLES, ...TRUTH_TABLES };
      const columns: Columns = tables[table];
      const database = table === 'roles' ? 'truth' : 'lab';
      const type = TYPES[columns[column] ?? 'text'];
      return `ALTER TABLE ${database}.${table} ADD COLUMN IF NOT EXISTS ${column} ${type} AFTER ${behind}`;
    },
  );
}

export interface Migration {
  readonly version: number;
  readonly statements: readonly string[];
}

/** Applied in order, once each; what was released is never edited, only followed by another. */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    statements: [
      ...Object.entries({ ...PEER_TABLES, ...SUPERVISOR_TABLES })
        .filter(([table]) => LATER_TABLES[table] === undefined)
        .map(([table, columns]) => createTable(`lab.${table}`, firstColumns(table, columns))),
      ...Object.entries(TRUTH_TABLES).map(([table, columns]) =>
        createTable(`truth.${table}`, firstColumns(table, columns)),
      ),
    ],
  },
  { version: 2, statements: addColumns(2) },
  { version: 3, statements: [...addColumns(3), ...addTables(3)] },
  {
    version: 4,
    statements: [
      ...addTables(4),
      ...Object.entries(CAMPAIGN_TABLES).map(([table, columns]) =>
        createTable(`lab.${table}`, columns),
      ),
    ],
  },
  { version: 5, statements: addColumns(5) },
  { version: 6, statements: [...addColumns(6), ...addTables(6)] },
];

/** What has to exist before the version can be asked for. */
export const BOOTSTRAP: readonly string[] = [
  'CREATE DATABASE IF NOT EXISTS lab',
  'CREATE DATABASE IF NOT EXISTS truth',
  'CREATE TABLE IF NOT EXISTS lab.schema_version ' +
    "(version UInt32, ts DateTime64(6, 'UTC') DEFAULT now64(6)) ENGINE = MergeTree ORDER BY version",
];

/** Every table with its database, for checking names before they reach SQL. */
export const ALL_TABLES: readonly string[] = [
  ...Object.keys({ ...PEER_TABLES, ...SUPERVISOR_TABLES, ...CAMPAIGN_TABLES }).map(
    (table) => `lab.${table}`,
  ),
  ...Object.keys(TRUTH_TABLES).map((table) => `truth.${table}`),
];
