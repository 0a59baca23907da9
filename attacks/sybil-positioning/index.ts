/**
 * Sybil positioning: identities are minted until they lie near one point of the ring, so that enough
 * of the k members nearest it are the attacker's. They join and behave until the place is theirs;
 * then that neighbourhood commits two transfers of one token, or commits nothing at all.
 */
import type { AttackOrder } from '../../node/control.ts';
import type { Ballot, Decisions } from '../../node/decisions.ts';
import type { Id } from '../../node/id.ts';
import type { Transaction } from '../../node/ledger/types.ts';
import type { AdversaryModule, Birth } from '../../node/runtime/adversarial.ts';
import type { Adversary, AdversaryContext, Declaration } from '../adversary.ts';
import { isKind } from '../kit/messages.ts';
import {
  ColludingOwner,
  type Rivals,
  rivalsIn,
  rivalsMessage,
  TwoStories,
} from '../kit/rival-spend.ts';
import { claimedAt, divisiblePlace, isWanted, targetOf } from '../kit/place.ts';
import { type Phase, PHASES, Script } from './script.ts';

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
    reach: {
      type: 'number',
      default: 0,
      min: 0,
      max: 0.5,
      unit: 'of the ring',
      description:
        'Identities farther from the target are thrown away; 0: as far as so few honest members are expected that the place can be captured.',
    },
    strike: {
      type: 'string',
      default: 'double-spend',
      values: ['double-spend', 'freeze'],
      description:
        'double-spend: a colluding owner’s token is spent twice; freeze: nothing near is voted on.',
    },
    tokens: {
      type: 'integer',
      default: 3,
      min: 1,
      max: 20,
      unit: 'tokens',
      description: 'How many tokens the colluding owner spends twice.',
    },
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
      'Honest keepers committed two transfers of one token that no honest client made, or a transaction of an honest client did not pass where fewer honest keepers are left than finality needs.',
    sql: `SELECT
        (SELECT count() FROM violations
          WHERE NOT hasAny(transactions, (SELECT groupArray(tx) FROM fates))) AS spentTwice,
        (SELECT count() FROM fates WHERE class IN ('timed-out', 'pending')
          AND submitted_ms >= {start:Float64} AND tx IN (
            SELECT tx FROM transactions ARRAY JOIN kept AS token
            WHERE part = 'neighbour' AND peer IN (SELECT member FROM roles WHERE adversary = '')
            GROUP BY tx, token HAVING uniqExact(peer) < {need:UInt32})) AS stalled,
        toUInt8(spentTwice > 0 OR stalled > 0) AS succeeded`,
  },
};

export const wants: NonNullable<AdversaryModule['wants']> = isWanted;

export const dates: NonNullable<AdversaryModule['dates']> = (birth: Birth) => (nowMs) =>
  birth.knobs['backdate'] === true ? claimedAt(nowMs, birth) : nowMs;

/** The Sybil's mind: honest until ordered, and after that until the place is captured. */
export function create({ peer, host, knobs, conspire, say }: AdversaryContext): Adversary {
  const { address: self, record } = peer.identity;
  const { k } = peer.parameters;
  const stories = new TwoStories(peer, host);
  let order: AttackOrder | null = null;
  let owners: readonly ColludingOwner[] = [];

  const nearest = (point: Id): readonly Id[] => peer.membership.near(point, k);
  /** Where it strikes: the target, or beside it where there is somebody to deceive. */
  const place = (): Id => {
    const target = targetOf(record.network, script.knobs);
    if (script.knobs['strike'] === 'freeze') return target;
    const members = order?.members ?? [];
    return divisiblePlace(target, { near: nearest, members, size: peer.membership.countedSize });
  };
  const isOwn = (id: Id): boolean => order?.members.includes(id) === true;
  const own = (): readonly Id[] => nearest(place()).filter(isOwn);

  /** Its tokens lie there, and are committed before they can be spent. */
  const prepare = (): boolean => {
    if (script.knobs['strike'] !== 'double-spend') return true;
    if (owners.length === 0) {
      const count = Number(script.knobs['tokens']);
      owners = Array.from({ length: count }, () => ownerHere());
    }
    const missing = owners.filter(({ token }) => peer.chain.state.get(token) === undefined);
    for (const { created, token } of missing) {
      for (const id of nearest(token)) peer.send(id, { type: 'submit', transaction: created });
    }
    return missing.length === 0;
  };

  const ownerHere = (): ColludingOwner => {
    // A token that nobody had before.
    const token = place().slice(0, 32) + host.random(16).toHex();
    return new ColludingOwner(record.network, token, host.now(), (length) => host.random(length));
  };

  const spendTwice = (): void => {
    const members = order?.members ?? [];
    for (const owner of owners) {
      const honest = nearest(owner.token).filter((id) => !isOwn(id));
      const toOne = honest.filter((_, index) => index % 2 === 0);
      const toOther = honest.filter((_, index) => index % 2 === 1);
      const [one, other] = owner.rivals(host.now());
      const rivals: Rivals = { one, other, toOne, toOther };
      conspire(rivalsMessage(rivals));
      stories.tell(rivals, members);
    }
  };

  const script = new Script(host, knobs, {
    isCaptured: () => own().length >= Number(script.knobs['captured']),
    mayLead: () => own()[0] === self,
    prepare,
    entered: (phase, isLeader) => {
      say(phase, { leads: isLeader, nearest: own().length });
      if (!isLeader) return;
      conspire({ kind: 'phase', phase });
      if (phase === 'strike' && script.knobs['strike'] === 'double-spend') spendTwice();
    },
  });

  const vote = (transaction: Transaction, token: Id, honest: Ballot): Ballot | null => {
    const isFreezing = script.phase === 'strike' && script.knobs['strike'] === 'freeze';
    // What it says of members it goes on saying: who does not would be missed first.
    if (isFreezing && transaction.body.purpose.kind === 'ordinary') return null;
    return stories.decisions.vote(transaction, token, honest);
  };
  const decisions: Partial<Decisions> = { ...stories.decisions, vote };

  return {
    decisions,
    order(next) {
      order = next;
      if (next.action === 'stop') script.end();
      else if (next.action === 'pause') script.halt();
      else script.begin(next.knobs);
    },
    heard(from, message) {
      if (order === null || !order.members.includes(from)) return;
      const phase = phaseIn(message);
      if (phase !== null) script.follow(phase);
      const rivals = rivalsIn(message);
      if (rivals !== null && script.phase !== null) stories.tell(rivals, order.members);
    },
  };
}

function phaseIn(message: unknown): Phase | null {
  if (!isKind(message, 'phase') || !('phase' in message)) return null;
  const { phase } = message;
  return PHASES.find((known) => known === phase) ?? null;
}
