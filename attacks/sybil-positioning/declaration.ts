/** What the lab tells of Sybil positioning, and how it judges it. */
import type { Declaration } from '../adversary.ts';
import { REACH, SPENT_TWICE_SQL, TOKENS_SPENT_TWICE } from '../kit/declared.ts';
import { PHASES } from './script.ts';

export const declaration: Declaration = {
  name: 'sybil-positioning',
  goal: 'Own enough of the k members nearest one point to decide over the tokens there.',
  knobs: {
    target: {
      type: 'string',
      default: 'auto',
      description: 'The point, 64 hex digits; auto: one that follows from the network’s id.',
    },
    captured: {
      type: 'integer',
      default: 4,
      min: 1,
      max: 64,
      unit: 'members',
      description: 'How many of the k nearest must be its own before it strikes.',
    },
    reach: REACH,
    apart: {
      type: 'boolean',
      default: false,
      description:
        'Each keeps to a part of that arc of its own, so that no two stand closer than half a part; costs twice their number in work.',
    },
    strike: {
      type: 'string',
      default: 'double-spend',
      values: ['double-spend', 'freeze', 'lie'],
      description:
        'double-spend: a colluding owner’s token is spent twice; freeze: nothing near is voted on; lie: clients are told false owners of the tokens there.',
    },
    tokens: TOKENS_SPENT_TWICE,
    waitMs: {
      type: 'integer',
      default: 12_000,
      min: 0,
      max: 86_400_000,
      unit: 'ms',
      description:
        'How long it behaves after the place is captured; until all around have heard who came.',
    },
    strikeMs: {
      type: 'integer',
      default: 120_000,
      min: 0,
      max: 86_400_000,
      unit: 'ms',
      description:
        'How long it strikes before it behaves again; what waits less than 20 s for its votes is only late.',
    },
    backdate: {
      type: 'boolean',
      default: false,
      description:
        'Identities claim to have been made one after another over half the time in which they are fresh, whenever they were made.',
    },
  },
  budget:
    'Argon2 work for each identity near the target: about N/(k − m) times that of one anywhere; a seat for each until its trust period is over.',
  defence:
    'Who joins counts only after its trust period (trustHours), and needs its neighbours’ votes; a quorum of more than two thirds (commitRule).',
  switchOff: { 'protocol.trustHours': 0 },
  layers: ['minting fingerprints', 'address concentration', 'vote evidence (votes: signed)'],
  phases: PHASES,
  source: 'whitepaper 5.3, 9.1; consensus-performance 11.9',
  success: {
    meaning:
      'Honest keepers committed two transfers of one token that no honest client made, or a transaction of an honest client did not pass where fewer honest keepers are left than finality needs, or an honest client was told a lie that no answer to the same question contradicted.',
    sql: `SELECT
        ${SPENT_TWICE_SQL} AS spentTwice,
        (SELECT count() FROM fates WHERE class IN ('timed-out', 'pending')
          AND submitted_ms >= {start:Float64} AND tx IN (
            SELECT tx FROM transactions ARRAY JOIN kept AS token
            WHERE part = 'neighbour' AND peer IN (SELECT member FROM roles WHERE adversary = '')
            GROUP BY tx, token HAVING uniqExact(peer) < {need:UInt32})) AS stalled,
        (SELECT count() FROM own_lies) AS liesTold,
        (SELECT countIf(heard_kind = 'client' AND NOT disagreed) FROM own_lies) AS unopposedLies,
        toUInt8(spentTwice > 0 OR stalled > 0 OR unopposedLies > 0) AS succeeded`,
  },
};
