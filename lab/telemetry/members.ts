/**
 * Named queries about members one by one, by what they report of themselves and of one another; no
 * truth. Form and parameters as in series.ts, and `peer`: the member's name in the run.
 */
import { asMs, IN_WINDOW, type NamedQuery } from './queries.ts';
import { inSteps, stepOf } from './series.ts';

const STEP_BEGINS = 'begin of the step, ms since the epoch';

/** Addresses by the name of who says that it is theirs. */
const NAMES = `(SELECT address, any(peer) AS member FROM lab.peers WHERE run = {run:String}
    GROUP BY address)`;

/** Every row by which a member shows that it lives. */
const HEARD = ['lab.peers', 'lab.hosts', 'lab.messages', 'lab.resources']
  .map((table) => `SELECT peer, ts FROM ${table} WHERE run = {run:String}`)
  .join(' UNION ALL ');

export interface MemberRow {
  member: string;
  kind: string;
  region: string;
  version: string;
  address: string;
  phase: string;
  epoch: number;
  height: number;
  started_ms: number;
  heard_ms: number;
  behind_ms: number;
}

export const MEMBERS: NamedQuery<MemberRow> = {
  name: 'members',
  meaning:
    'Who is there, by what each member reports of itself: where it runs, in which version, how far it ' +
    'has come, and how long nothing was heard of it, counted from the last row that anybody reported.',
  columns: {
    member: 'name in the run',
    kind: 'peer or client',
    region: "region in which its process was started, '' if it never said",
    version: 'version of its program',
    address: 'its address',
    phase: 'the last step of its life or phase of its membership',
    epoch: 'its epoch then',
    height: 'height of its chain then',
    started_ms: 'first heard of, ms since the epoch',
    heard_ms: 'last heard of',
    behind_ms: 'lag: how long before the last row of all that was, ms',
  },
  sql: `WITH heard AS (SELECT peer, min(ts) AS first_ts, max(ts) AS last_ts FROM (${HEARD}) GROUP BY peer),
      (SELECT max(last_ts) FROM heard) AS newest
    SELECT p.peer AS member, p.kind AS kind, h.region AS region, h.version AS version,
      p.address AS address, p.phase AS phase, p.epoch AS epoch, p.height AS height,
      ${asMs('e.first_ts')} AS started_ms, ${asMs('e.last_ts')} AS heard_ms,
      ${asMs('newest')} - heard_ms AS behind_ms
    FROM (SELECT peer, any(kind) AS kind, argMax(address, ts) AS address, argMax(event, ts) AS phase,
        argMax(epoch, ts) AS epoch, argMax(height, ts) AS height
      FROM lab.peers WHERE run = {run:String} GROUP BY peer) AS p
    INNER JOIN heard AS e ON e.peer = p.peer
    LEFT JOIN (SELECT peer, argMax(region, ts) AS region, argMax(version, ts) AS version
      FROM lab.hosts WHERE run = {run:String} GROUP BY peer) AS h ON h.peer = p.peer
    ORDER BY kind DESC, member`,
};

export const ONE_MEMBER: NamedQuery<MemberRow> = {
  name: 'one_member',
  meaning: 'The row of one member in `members`.',
  columns: MEMBERS.columns,
  sql: `SELECT * FROM (${MEMBERS.sql}) WHERE member = {peer:String}`,
};

export const CATCHING_UP: NamedQuery<{
  member: string;
  phase: string;
  density: number;
  blocks: number;
  transactions: number;
  bytes: number;
  at_ms: number;
}> = {
  name: 'catching_up',
  meaning:
    'How far each member that came later, or came back, has learnt what its neighbourhood holds, as it ' +
    'said last.',
  columns: {
    member: 'name in the run',
    phase: 'step of its catching up',
    density: 'share of its tokens that it holds, 0–1',
    blocks: 'blocks of others read',
    transactions: 'transactions taken over',
    bytes: 'bytes of the messages that brought them',
    at_ms: 'when it said so, ms since the epoch',
  },
  sql: `SELECT peer AS member, argMax(phase, ts) AS phase, argMax(density, ts) AS density,
      argMax(blocks, ts) AS blocks, argMax(transactions, ts) AS transactions,
      argMax(bytes, ts) AS bytes, max(${asMs('ts')}) AS at_ms
    FROM lab.synchronisation WHERE run = {run:String} GROUP BY peer ORDER BY density, member`,
};

export const MEMBERS_BY_REGION: NamedQuery<{ region: string; peers: number; clients: number }> = {
  name: 'members_by_region',
  meaning: '`members`, counted by region.',
  columns: {
    region: 'region, ? if they never said',
    peers: 'peers in it',
    clients: 'clients in it',
  },
  sql: `SELECT if(region = '', '?', region) AS region, countIf(kind = 'peer') AS peers,
      countIf(kind = 'client') AS clients
    FROM (${MEMBERS.sql}) GROUP BY region ORDER BY peers DESC, region`,
};

export const MEMBERS_BY_VERSION: NamedQuery<{ version: string; members: number }> = {
  name: 'members_by_version',
  meaning: '`members`, counted by the version of their program.',
  columns: { version: 'version, ? if they never said', members: 'peers and clients' },
  sql: `SELECT if(version = '', '?', version) AS version, count() AS members
    FROM (${MEMBERS.sql}) GROUP BY version ORDER BY members DESC, version`,
};

export const MEMBERS_OVER_TIME: NamedQuery<{ at_ms: number; region: string; members: number }> = {
  name: 'members_over_time',
  meaning: 'Distinct members that were heard of in each step, by region.',
  columns: { at_ms: STEP_BEGINS, region: 'region, ? if they never said', members: 'members heard' },
  sql: `SELECT ${stepOf(asMs('m.ts'))} AS at_ms, if(h.region = '', '?', h.region) AS region,
      uniqExact(m.peer) AS members
    FROM lab.messages AS m LEFT JOIN (SELECT peer, argMax(region, ts) AS region
      FROM lab.hosts WHERE run = {run:String} GROUP BY peer) AS h ON h.peer = m.peer
    WHERE m.run = {run:String} AND m.ts >= fromUnixTimestamp64Milli({from:Int64})
      AND m.ts < fromUnixTimestamp64Milli({to:Int64})
    GROUP BY at_ms, region ${inSteps('region')}`,
};

export const PEER_TRAFFIC: NamedQuery<{
  at_ms: number;
  direction: string;
  datagrams: number;
  bytes: number;
}> = {
  name: 'peer_traffic',
  meaning:
    'Datagrams of one member in each step, by direction; `shed-…`: there was no room for them.',
  columns: {
    at_ms: STEP_BEGINS,
    direction: 'in, out, shed-in or shed-out',
    datagrams: 'datagrams',
    bytes: 'UDP payload bytes',
  },
  sql: `SELECT ${stepOf(asMs('ts'))} AS at_ms, direction, sum(count) AS datagrams,
      sum(bytes) AS bytes
    FROM lab.messages WHERE ${IN_WINDOW} AND peer = {peer:String} AND type = '(datagram)'
    GROUP BY at_ms, direction ${inSteps('direction')}`,
};

export const PEER_MESSAGES: NamedQuery<{ at_ms: number; type: string; count: number }> = {
  name: 'peer_messages',
  meaning: 'Messages that one member sent in each step, by type.',
  columns: { at_ms: STEP_BEGINS, type: 'message type', count: 'messages' },
  sql: `SELECT ${stepOf(asMs('ts'))} AS at_ms, type, sum(count) AS count
    FROM lab.messages WHERE ${IN_WINDOW} AND peer = {peer:String} AND direction = 'out'
      AND type != '(datagram)'
    GROUP BY at_ms, type ${inSteps('type')}`,
};

export const PEER_TRANSACTIONS: NamedQuery<{ at_ms: number; outcome: string; count: number }> = {
  name: 'peer_transactions',
  meaning: 'Transactions whose fate one member told in each step, by outcome.',
  columns: {
    at_ms: STEP_BEGINS,
    outcome: 'submitted, committed, timed-out, conflicting …',
    count: 'distinct transactions',
  },
  sql: `SELECT ${stepOf(asMs('ts'))} AS at_ms, outcome, uniqExact(tx) AS count
    FROM lab.transactions WHERE ${IN_WINDOW} AND peer = {peer:String}
    GROUP BY at_ms, outcome ${inSteps('outcome')}`,
};

export const PEER_RESOURCES: NamedQuery<{
  at_ms: number;
  cores: number;
  resident_bytes: number;
  loop_delay_p99_ms: number;
  socket_drops: number;
  telemetry_dropped: number;
}> = {
  name: 'peer_resources',
  meaning: 'What the process of one member took in each step. Simulated members have none.',
  columns: {
    at_ms: STEP_BEGINS,
    cores: 'CPU time over the step: cores kept busy',
    resident_bytes: 'resident memory',
    loop_delay_p99_ms: 'worst reported p99 of the event loop’s delay',
    socket_drops: 'datagrams dropped at the socket so far',
    telemetry_dropped: 'rows dropped so far',
  },
  sql: `SELECT ${stepOf(asMs('ts'))} AS at_ms, sum(cpu_ms) / {step:UInt32} AS cores,
      max(r.resident_bytes) AS resident_bytes, max(r.loop_delay_p99_ms) AS loop_delay_p99_ms,
      max(r.socket_drops) AS socket_drops, max(r.telemetry_dropped) AS telemetry_dropped
    FROM lab.resources AS r WHERE ${IN_WINDOW} AND peer = {peer:String} GROUP BY at_ms ${inSteps()}`,
};

export const PEER_RECORD: NamedQuery<{
  at_ms: number;
  what: string;
  about: string;
  by: string;
  detail: string;
}> = {
  name: 'peer_record',
  meaning:
    'What happened to one member and what it did: steps of its own life, evidence and flags against it, ' +
    'its bans, proposals and slashing votes; those by it, against others.',
  columns: {
    at_ms: 'when, ms since the epoch',
    what: 'started, trusted … · evidence, flag, banned, proposed, voted, executed, rejected',
    about: 'whom it befell: name, or address where nobody says that it is theirs',
    by: 'who reported it',
    detail: 'rule, layer and reason, or votes for and against',
  },
  sql: `SELECT e.at_ms AS at_ms, e.what AS what, if(n.member = '', e.address, n.member) AS about,
      e.by AS by, e.detail AS detail
    FROM (SELECT ${asMs('ts')} AS at_ms, toString(event) AS what, address, toString(peer) AS by,
          concat('epoch ', toString(epoch), ', height ', toString(height)) AS detail
        FROM lab.peers WHERE run = {run:String}
      UNION ALL SELECT ${asMs('ts')}, concat('evidence ', event), toString(accused), toString(peer),
          if(reason = '', toString(rule), concat(rule, ': ', reason))
        FROM lab.evidence WHERE run = {run:String}
      UNION ALL SELECT ${asMs('ts')}, 'flag', toString(accused), toString(peer), concat(layer, ': ', reason)
        FROM lab.flags WHERE run = {run:String}
      UNION ALL SELECT ${asMs('ts')}, toString(event), toString(accused), toString(peer),
          if(votes_for IS NULL AND votes_against IS NULL, '', concat(toString(ifNull(votes_for, 0)),
            ' for, ', toString(ifNull(votes_against, 0)), ' against'))
        FROM lab.slashing WHERE run = {run:String}) AS e
    LEFT JOIN ${NAMES} AS n ON n.address = e.address
    WHERE e.by = {peer:String} OR n.member = {peer:String} ORDER BY at_ms, what, by`,
};

export const SLASHING_OVER_TIME: NamedQuery<{ at_ms: number; event: string; count: number }> = {
  name: 'slashing_over_time',
  meaning:
    'Steps of slashing as members reported them in each step of time, each member for itself: `banned`, ' +
    '`proposed`, `voted`, `executed` (the vote was committed) and `rejected`.',
  columns: { at_ms: STEP_BEGINS, event: 'step of slashing', count: 'reports' },
  sql: `SELECT ${stepOf(asMs('ts'))} AS at_ms, event, count() AS count
    FROM lab.slashing WHERE ${IN_WINDOW} GROUP BY at_ms, event ${inSteps('event')}`,
};

export const SLASHING_VOTES: NamedQuery<{
  accused: string;
  member: string;
  banned_by: number;
  proposed: number;
  voted: number;
  executed_at: number;
  rejected_at: number;
  votes_for: number | null;
  votes_against: number | null;
}> = {
  name: 'slashing_votes',
  meaning:
    'Each identity against which somebody moved: by how many members it was banned, how often its ' +
    'slashing was proposed, how many voted, where the vote was committed or rejected, and with how ' +
    'many votes. Reports of adversaries count too.',
  columns: {
    accused: 'address',
    member: 'who says that this is its address',
    banned_by: 'members that banned it',
    proposed: 'proposals to slash it',
    voted: 'members that voted on it',
    executed_at: 'members at which the vote was committed',
    rejected_at: 'members at which it was rejected',
    votes_for: 'most votes for it, where they were counted',
    votes_against: 'most votes against it',
  },
  sql: `SELECT s.accused AS accused, any(n.member) AS member,
      uniqExactIf(s.peer, s.event = 'banned') AS banned_by,
      uniqExactIf(s.tx, s.event = 'proposed') AS proposed,
      uniqExactIf(s.peer, s.event = 'voted') AS voted,
      uniqExactIf(s.peer, s.event = 'executed') AS executed_at,
      uniqExactIf(s.peer, s.event = 'rejected') AS rejected_at,
      max(s.votes_for) AS votes_for, max(s.votes_against) AS votes_against
    FROM lab.slashing AS s LEFT JOIN ${NAMES} AS n ON n.address = s.accused
    WHERE s.run = {run:String} GROUP BY accused ORDER BY banned_by DESC, accused`,
};

export const EVIDENCE_BY_RULE: NamedQuery<{
  rule: string;
  packages: number;
  accused: number;
  verified: number;
  refused: number;
  reasons: string;
}> = {
  name: 'evidence_by_rule',
  meaning:
    'Reasons: packages of evidence by the rule that they prove broken, how often members verified ' +
    'them, and how often and why they refused them.',
  columns: {
    rule: 'rule that was broken',
    packages: 'distinct packages',
    accused: 'distinct identities accused',
    verified: 'times a member assembled or verified one',
    refused: 'times a member refused one',
    reasons: 'why they were refused',
  },
  sql: `SELECT toString(e.rule) AS rule, uniqExact(package) AS packages, uniqExact(e.accused) AS accused,
      countIf(event IN ('assembled', 'verified')) AS verified, countIf(event = 'refused') AS refused,
      arrayStringConcat(arraySort(groupUniqArrayIf(reason, event = 'refused')), '; ') AS reasons
    FROM lab.evidence AS e WHERE run = {run:String} GROUP BY rule ORDER BY packages DESC, rule`,
};

export const MEMBER_QUERIES = [
  MEMBERS,
  ONE_MEMBER,
  CATCHING_UP,
  MEMBERS_BY_REGION,
  MEMBERS_BY_VERSION,
  MEMBERS_OVER_TIME,
  PEER_TRAFFIC,
  PEER_MESSAGES,
  PEER_TRANSACTIONS,
  PEER_RESOURCES,
  PEER_RECORD,
  SLASHING_OVER_TIME,
  SLASHING_VOTES,
  EVIDENCE_BY_RULE,
] as const;
