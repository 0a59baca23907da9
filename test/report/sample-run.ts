/**
 * A small complete run as rows, with every figure computed by hand in the tests that use it. k = 3,
 * so finality needs ⌈2·3/3⌉ = 2 honest commits of every token. Honest keepers h1–h3 and h4, liars
 * l1–l3, clients c1 and c2. All times are offsets in ms from START.
 */
import type { Testnet } from '../../lab/manifest/testnet.ts';
import { DEFAULT_PARAMETERS } from '../../node/parameters.ts';
import type { JsonRow } from '../../lab/telemetry/store.ts';

export const RUN = 'sample';
export const START = Date.UTC(2026, 0, 15, 12);
/** The engine's text form of a time, `offsetMs` after START. */
export function at(offsetMs: number): string {
  const iso = new Date(START + Math.floor(offsetMs)).toISOString();
  return iso.replace('T', ' ').replace('Z', '');
}
/** A 64-digit id that a person can tell apart. */
export function id(label: string): string {
  return Buffer.from(label).toString('hex').padEnd(64, '0');
}
export const ZERO = '0'.repeat(64);
const HONEST = ['h1', 'h2', 'h3', 'h4'];
const LIARS = ['l1', 'l2', 'l3'];
const CLIENTS = ['c1', 'c2'];

export type SampleRows = Record<string, JsonRow[]>;

function row(peer: string, offsetMs: number, columns: JsonRow): JsonRow {
  return { run: RUN, ts: at(offsetMs), peer, ...columns };
}

export interface Transfer {
  readonly name: string;
  readonly tokens: readonly string[];
  readonly previous?: readonly string[];
}

function transaction(
  peer: string,
  part: 'client' | 'neighbour',
  tx: Transfer,
  outcome: string,
  times: { submitted?: number; committed?: number; reported?: number },
): JsonRow {
  return row(peer, times.reported ?? times.committed ?? times.submitted ?? 0, {
    tx: id(tx.name),
    part,
    outcome,
    kind: 'create',
    value_class: 'low',
    tokens: tx.tokens.map(id),
    owners: tx.tokens.map((token) => id(`${token}-owner-${tx.name}`)),
    previous: tx.tokens.map((_, i) => tx.previous?.[i] ?? ZERO),
    kept: part === 'neighbour' ? tx.tokens.map(id) : [],
    submitted_at: times.submitted === undefined ? null : at(times.submitted),
    first_vote_at: null,
    committed_at: times.committed === undefined ? null : at(times.committed),
  });
}

const TX1 = { name: 'tx1', tokens: ['ta'] };
const TX2 = { name: 'tx2', tokens: ['tb', 'tc'] };
const TX3 = { name: 'tx3', tokens: ['td'] };
const TX4 = { name: 'tx4', tokens: ['te'] };
/** Follows the same mapping as TX1: whoever commits both breaks the one rule. */
export const RIVAL = { name: 'rival', tokens: ['ta'] };

function transactions(): JsonRow[] {
  return [
    // ta: commits at +100, +140, +300 → first 100, final 140 (the second), all 300.
    transaction('c1', 'client', TX1, 'submitted', { submitted: 1000 }),
    transaction('c1', 'client', TX1, 'committed', { submitted: 1000, committed: 1250 }),
    transaction('h1', 'neighbour', TX1, 'committed', { committed: 1100 }),
    transaction('h2', 'neighbour', TX1, 'committed', { committed: 1140 }),
    transaction('h3', 'neighbour', TX1, 'committed', { committed: 1300 }),
    // A liar's early commit counts for nothing.
    transaction('l1', 'neighbour', TX1, 'committed', { committed: 1001 }),
    // tb and tc, kept by the same three: +200, +220; the third timed out, so never "all".
    transaction('c2', 'client', TX2, 'committed', { submitted: 2000, committed: 2300 }),
    transaction('h1', 'neighbour', TX2, 'committed', { committed: 2200 }),
    transaction('h2', 'neighbour', TX2, 'committed', { committed: 2220 }),
    transaction('h3', 'neighbour', TX2, 'timed-out', { reported: 5000 }),
    // Its client's row was lost: no finality, not submitted as far as anyone measured.
    transaction('h1', 'neighbour', TX3, 'committed', { committed: 3100 }),
    transaction('h2', 'neighbour', TX3, 'committed', { committed: 3120 }),
    transaction('c1', 'client', TX4, 'timed-out', { submitted: 4000 }),
  ];
}

/** A commit at one keeper of all the tokens. */
export function neighbourCommit(peer: string, tx: Transfer, offsetMs: number): JsonRow {
  return transaction(peer, 'neighbour', tx, 'committed', { committed: offsetMs });
}

/** What a rival of TX1 looks like when one honest peer commits it: a safety violation. */
export function rivalCommit(): JsonRow {
  return transaction('h4', 'neighbour', RIVAL, 'committed', { committed: 1500 });
}

export function statement(
  heardBy: string,
  speaker: string,
  offsetMs: number,
  told: { token: string; owner: string; tx: string; disagreed?: boolean },
): JsonRow {
  // The row is written when the question is closed.
  return row(heardBy, offsetMs + 1300, {
    speaker: id(speaker),
    statement: id(`${speaker}-${heardBy}-${offsetMs}`),
    token: id(told.token),
    owner: told.owner === '' ? '' : id(told.owner),
    tx: told.tx === '' ? '' : id(told.tx),
    epoch: 1,
    sequence: offsetMs,
    height: 3,
    head: id('head'),
    stated_at: at(offsetMs),
    received_at: at(offsetMs),
    disagreed: told.disagreed ?? false,
    bytes: 700,
  });
}

const TRUE_TA = { token: 'ta', owner: 'ta-owner-tx1', tx: 'tx1' };
const FALSE_TA = { token: 'ta', owner: 'thief', tx: 'forged' };

function statements(): JsonRow[] {
  return [
    statement('c1', 'h1', 5000, TRUE_TA),
    statement('c1', 'l1', 5010, TRUE_TA),
    statement('c1', 'l3', 5020, { token: 'tz', owner: '', tx: '' }),
    // Identity tokens are not judged.
    statement('c1', 'l3', 5030, { token: 'h2', owner: 'h2-key', tx: 'genesis' }),
    // The attack starts at 6000: l1 lies to c1 unopposed, to c2 opposed; l2 lies to peer h3.
    statement('c1', 'l1', 6100, FALSE_TA),
    statement('c2', 'l1', 6200, { ...FALSE_TA, disagreed: true }),
    statement('h3', 'l2', 6300, FALSE_TA),
    // A lie told among liars hurts nobody.
    statement('l2', 'l3', 6400, FALSE_TA),
  ];
}

function evidence(peer: string, accused: string, offsetMs: number, event: string): JsonRow {
  return row(peer, offsetMs, {
    package: id(`package-${accused}`),
    accused: id(accused),
    rule: 'not-an-ancestor',
    event,
    reason: '',
    bytes: 2100,
  });
}

export function sentence(peer: string, accused: string, offsetMs: number, event: string): JsonRow {
  return row(peer, offsetMs, {
    accused: id(accused),
    event,
    package: id(`package-${accused}`),
    tx: event === 'executed' ? id(`slash-${accused}`) : '',
    votes_for: event === 'executed' ? 3 : null,
    votes_against: event === 'executed' ? 0 : null,
  });
}

/** `accused` null: the row of what the layer cost. */
export function layerRow(peer: string, layer: string, accused: string | null): JsonRow {
  return row(
    peer,
    7000,
    accused === null
      ? { layer, checks: 10, flagged: 1, messages: 4, bytes: 2000, signatures: 2 }
      : { layer, accused: id(accused), reason: 'r', score: 0.5 },
  );
}

function messages(): JsonRow[] {
  const one = (peer: string, type: string, count: number, bytes: number): JsonRow =>
    row(peer, 3000, { direction: 'out', type, count, datagrams: 0, bytes });
  return [
    one('h1', 'vote', 60, 6000),
    one('h1', '(datagram)', 30, 9000),
    one('h2', 'vote', 20, 2000),
    one('h2', '(datagram)', 10, 5000),
    one('c1', 'ask', 20, 1000),
    one('c1', '(datagram)', 20, 3000),
    // Counted at the sender alone, and only in the window of load.
    { ...one('h2', 'vote', 1000, 1000), direction: 'in' },
    { ...one('h2', 'vote', 1000, 1000), ts: at(-5000) },
  ];
}

/** All rows of the run by table; a test may add or take away some before inserting them. */
export function sampleRows(): SampleRows {
  const role = (member: string, adversary: string): JsonRow => ({
    run: RUN,
    member,
    group: adversary === '' ? 'honest' : 'liars',
    kind: CLIENTS.includes(member) ? 'client' : 'peer',
    region: 'virginia',
    address: id(member),
    adversary,
  });
  return {
    'truth.roles': [
      ...[...HONEST, ...CLIENTS].map((name) => role(name, '')),
      ...LIARS.map((name) => role(name, 'colluding-liars')),
    ],
    'lab.transactions': transactions(),
    'lab.statements': statements(),
    'lab.evidence': [
      // l1 is found out at +800 after its first lie; l2 never: an undetected offender.
      evidence('c2', 'l1', 6900, 'assembled'),
      evidence('h1', 'l1', 7000, 'verified'),
      evidence('h2', 'h1', 7100, 'refused'),
      // What a liar claims to hold is nothing.
      evidence('l3', 'h1', 6500, 'verified'),
    ],
    'lab.slashing': [
      sentence('h1', 'l1', 7050, 'banned'),
      sentence('h2', 'l1', 7060, 'banned'),
      sentence('h1', 'l1', 7500, 'executed'),
      // An honest identity banned by an honest peer, and one banned by a liar.
      sentence('h2', 'h4', 8000, 'banned'),
      sentence('l1', 'h1', 8100, 'banned'),
    ],
    'lab.messages': messages(),
    'lab.peers': LIARS.map((name, i) =>
      row(name, -1000, {
        address: id(name),
        event: 'started',
        kind: 'peer',
        epoch: 1,
        height: 0,
        mint_attempts: 11 + i,
      }),
    ).concat(
      row('h1', -900, {
        address: id('h1'),
        event: 'trusted',
        kind: 'peer',
        epoch: 1,
        height: 0,
        mint_attempts: null,
      }),
    ),
    'lab.resources': [
      row('h1', 4000, {
        cpu_ms: 10,
        resident_bytes: 60e6,
        private_bytes: null,
        loop_delay_p99_ms: 2,
        socket_drops: 0,
        telemetry_dropped: 4,
      }),
    ],
    'lab.flags': [],
    'lab.detectors': [],
    'lab.attacks': [
      {
        run: RUN,
        ts: at(6000),
        attack_id: 'a1',
        name: 'colluding-liars',
        state: 'running',
        members: LIARS,
        knobs: '{}',
      },
    ],
  };
}

/** The testnet that would have made it. */
export function sampleTestnet(): Testnet {
  const member = (
    name: string,
    kind: 'peer' | 'client',
    adversary?: string,
  ): Testnet['members'][0] => ({
    name,
    group: adversary === undefined ? 'honest' : 'liars',
    kind,
    region: 'virginia',
    ...(adversary === undefined ? {} : { adversary }),
    active: false,
  });
  return {
    name: 'sample',
    file: 'sample.yaml',
    source: 'name: sample # </pre><script>alert(1)</script>\n',
    seed: 7,
    durationMs: 10_000,
    protocol: { ...DEFAULT_PARAMETERS, k: 3 },
    regions: ['virginia', 'frankfurt'],
    links: [],
    members: [
      ...HONEST.map((name) => member(name, 'peer')),
      ...LIARS.map((name) => member(name, 'peer', 'colluding-liars')),
      ...CLIENTS.map((name) => member(name, 'client')),
    ],
    load: {
      transactionsPerSecond: 1,
      tokensPerTransaction: { '1': 1 },
      transferShare: 0,
      destroyShare: 0,
      highValueShare: 0,
      popularityZipf: 0,
      queryRatePerSecond: 0.1,
      askPeers: 2,
    },
    attacks: [],
    faults: [],
    expect: ['finality.p50 < 200', 'detection.falseSlashes == 0'],
    allow: { shapingOff: false, lowFidelity: false },
  };
}
