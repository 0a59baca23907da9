/** What the lab tells of the eclipse, and how it judges it. */
import type { Declaration } from '../adversary.ts';
import { REACH, SPENT_TWICE_SQL, TOKENS_SPENT_TWICE } from '../kit/declared.ts';

export const declaration: Declaration = {
  name: 'eclipse',
  goal: 'Let one peer see a network that is not there: all its neighbours are the attacker’s.',
  knobs: {
    target: {
      type: 'string',
      default: 'auto',
      description:
        'A point, 64 hex digits; the honest peer nearest to it is the victim. auto: one that follows from the network’s id.',
    },
    captured: {
      type: 'integer',
      default: 4,
      min: 1,
      max: 64,
      unit: 'members',
      description: 'How many of the k nearest the target its identities are minted for.',
    },
    reach: REACH,
    way: {
      type: 'string',
      default: 'introduce',
      values: ['introduce', 'exhaust', 'restart', 'referrals', 'swap'],
      description:
        'Into the victim’s table. introduce: newcomers show themselves to it alone; exhaust: they also bring it ghosts, identities that nobody plays; restart: as introduce, and the strike waits until it starts again; referrals: who asks them who is near hears of them alone; swap: members from the start that serve it well, so that it swaps others for them.',
    },
    strike: {
      type: 'string',
      default: 'double-spend',
      values: ['double-spend', 'starve', 'lie'],
      description:
        'double-spend: the victim commits one of two transfers and the network the other; starve: the victim commits nothing any more; lie: it is told, and clients that believed a referral are, that all they ask for belongs to others.',
    },
    ghosts: {
      type: 'integer',
      default: 10,
      min: 0,
      max: 64,
      unit: 'identities',
      description: 'With way exhaust: how many each accomplice makes and brings.',
    },
    tokens: TOKENS_SPENT_TWICE,
    waitMs: {
      type: 'integer',
      default: 5000,
      min: 0,
      max: 86_400_000,
      unit: 'ms',
      description: 'How long it behaves towards the victim once all accomplices are in place.',
    },
    strikeMs: {
      type: 'integer',
      default: 60_000,
      min: 0,
      max: 86_400_000,
      unit: 'ms',
      description: 'How long it strikes before it behaves again.',
    },
  },
  budget:
    'Argon2 work for k − 1 identities near one point; where membership is known state, also the trust period of each; for referrals one member among those nearest and newcomers of no age.',
  defence:
    'Whom a peer counts is state that the whole neighbourhood keeps (membership: ledger): who shows up to one peer alone counts for nobody. Referrals are to be believed only when more than a third of the voices agree.',
  switchOff: { 'protocol.membership': 'known' },
  layers: ['minting fingerprints', 'address concentration', 'trust'],
  phases: ['position', 'wait', 'strike', 'hide'],
  source: 'whitepaper 9.3; enhanced-synchronization, threats; Heilman et al. 2015',
  success: {
    meaning:
      'An honest member’s view contradicts the network’s: a keeper committed another transfer of a token than the others, gave up three or more transactions that the network committed, or started and could not speak for ten seconds; or a client was told a lie and no answer to the same question contradicted it.',
    sql: `SELECT
        ${SPENT_TWICE_SQL} AS contradicted,
        (SELECT ifNull(max(missed), 0) FROM (
          SELECT peer, countIf(gave_up AND NOT did) AS missed FROM (
            SELECT peer, tx, countIf(outcome = 'committed') > 0 AS did,
              countIf(outcome = 'timed-out') > 0 AS gave_up
            FROM transactions
            WHERE part IN ('neighbour', 'heir')
              AND peer IN (SELECT member FROM roles WHERE adversary = '')
              AND tx IN (SELECT tx FROM fates
                WHERE class = 'committed' AND submitted_ms >= {start:Float64})
            GROUP BY peer, tx)
          GROUP BY peer)) AS starved,
        (SELECT count() FROM (
          SELECT peer, argMax(event, ts) AS last, max(ts) AS since FROM lab.peers
            WHERE run = {run:String} AND event NOT IN ('meshed', 'stopping')
              AND peer IN (SELECT member FROM roles WHERE adversary = '' AND kind = 'peer')
            GROUP BY peer HAVING countIf(event != 'started') > 0)
          WHERE last = 'started' AND dateDiff('second', since,
            (SELECT max(ts) FROM lab.transactions WHERE run = {run:String})) >= 10) AS muted,
        (SELECT countIf(heard_kind = 'client' AND NOT disagreed) FROM own_lies) AS unopposedLies,
        (SELECT count() FROM own_lies) AS liesTold,
        toUInt8(contradicted > 0 OR starved >= 3 OR muted > 0 OR unopposedLies > 0) AS succeeded`,
  },
};
