/** What `lab attacks` tells of the colluding liars, and how the lab judges them. */
import type { Declaration, Knob } from '../adversary.ts';

const KNOBS: Readonly<Record<string, Knob>> = {
  strike: {
    type: 'string',
    default: 'lie',
    values: ['lie', 'vote-first', 'double-spend'],
    description:
      'lie: false owners are told; vote-first: transfers that no owner signed are voted valid before anybody else votes; double-spend: a colluding owner’s tokens are spent twice.',
  },
  audience: {
    type: 'string',
    default: 'victims',
    values: ['victims', 'strangers', 'everyone'],
    description:
      'Who is lied to: chosen clients; all clients and those peers that share no token with the liar; or whoever asks.',
  },
  forward: {
    type: 'boolean',
    default: false,
    description:
      'A question about a chosen token is answered and passed on to an honest keeper as well, whose own answer then comes twice.',
  },
  victims: {
    type: 'integer',
    default: 3,
    min: 1,
    max: 100,
    unit: 'clients',
    description: 'With audience victims: how many are lied to, those that ask the liars most.',
  },
  tokens: {
    type: 'integer',
    default: 20,
    min: 1,
    max: 200,
    unit: 'tokens',
    description:
      'How many tokens are lied about, those that are asked for most; stolen; or spent twice, 30 at most.',
  },
  accomplices: {
    type: 'integer',
    default: 1,
    min: 1,
    max: 100,
    unit: 'peers',
    description: 'A token is lied about only when at least so many liars are asked about it.',
  },
  lieShare: {
    type: 'number',
    default: 1,
    min: 0,
    max: 1,
    unit: 'of the chosen tokens',
    description:
      'Dilution: about so many of the chosen tokens it lies; about the others those that are lied to hear the truth.',
  },
  strikeMs: {
    type: 'integer',
    default: 0,
    min: 0,
    max: 86_400_000,
    unit: 'ms',
    description:
      'After so long those that were lied to are told nothing more, and no token is touched any more; 0: until ordered to stop.',
  },
};

/** Of an honest client's token, by honest keepers, and no honest client ever asked for it. */
const STOLEN = `SELECT uniqExact(tx) FROM transactions ARRAY JOIN tokens AS token
  WHERE part = 'neighbour' AND outcome = 'committed' AND kind = 'transfer'
    AND peer IN (SELECT member FROM roles WHERE adversary = '')
    AND tx NOT IN (SELECT tx FROM fates)
    AND token IN (SELECT arrayJoin(tokens) FROM transactions WHERE part = 'client')`;

export const declaration: Declaration = {
  name: 'colluding-liars',
  goal: 'Make others believe false owners of tokens, confirmed by several peers; or have the keepers commit what is false.',
  budget:
    'Identities that count as members, anywhere; three among the keepers of a token to steal it. No key but their own.',
  phases: ['wait', 'strike', 'hide'],
  knobs: KNOBS,
  defence:
    'Lies: statements that prove their mapping against a signed head (conflictRule), and clients that ask several keepers and share what disagrees (askPeers). Votes: a quorum of more than two thirds of all keepers (commitRule).',
  switchOff: { 'protocol.commitRule': 'net', 'clients.askPeers': 1 },
  layers: ['statement conflict', 'cross-check', 'commitment checks'],
  source: 'minefield, threat "selective response"; whitepaper 8, 9.4; consensus-performance 11.9',
  success: {
    meaning:
      'An honest client was told a lie by a liar and no answer to the same question contradicted it; or honest keepers committed a transfer of an honest client’s token that no honest client asked for, or two transfers of one mapping.',
    sql: `SELECT count() AS liesTold, uniqExactIf(heard_by, heard_kind = 'client') AS victims,
        uniqExact(token) AS tokens,
        countIf(heard_kind = 'client' AND NOT disagreed) AS unopposedLies,
        (${STOLEN}) AS stolen, (SELECT count() FROM violations) AS spentTwice,
        (SELECT uniqExact(accused) FROM sentences
          WHERE adversary = '' AND at_ms >= {start:Float64}) AS honestBanned,
        unopposedLies + stolen + spentTwice > 0 AS succeeded
      FROM own_lies`,
  },
};
