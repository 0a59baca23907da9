/**
 * Colluding liars: a group of peers agrees on a false owner for chosen tokens and tells it to chosen
 * clients, each confirming what the others say; everyone else gets the truth.
 *
 * Each liar keeps a second face (false-face.ts): a fork of its own chain in which the chosen tokens
 * belong to the conspiracy. A victim gets all its answers from there, complete and well signed, so
 * that it alone can never tell: only if what it was told meets what others were told.
 */
import type { AttackOrder } from '../../node/control.ts';
import type { Asker } from '../../node/decisions.ts';
import type { Timer } from '../../node/host.ts';
import type { Id } from '../../node/id.ts';
import type { Statement } from '../../node/minefield/types.ts';
import type { Adversary, AdversaryContext, Declaration } from '../adversary.ts';
import { FalseFace } from './false-face.ts';
import { choosePlan, isPlan, isSightings, type Plan, Sightings } from './plan.ts';

export const declaration: Declaration = {
  name: 'colluding-liars',
  goal: 'Make chosen clients believe a false owner of chosen tokens, confirmed by several peers.',
  budget: 'Members of the neighbourhoods of the tokens lied about; no key but their own.',
  phases: ['wait', 'strike', 'hide'],
  knobs: {
    victims: {
      type: 'integer',
      default: 3,
      min: 1,
      max: 100,
      unit: 'clients',
      description: 'How many clients are lied to: those that ask the liars most.',
    },
    tokens: {
      type: 'integer',
      default: 20,
      min: 1,
      max: 200,
      unit: 'tokens',
      description: 'How many tokens are lied about: those that the victims ask for most.',
    },
    accomplices: {
      type: 'integer',
      default: 1,
      min: 1,
      max: 100,
      unit: 'peers',
      description: 'A token is chosen only when at least so many liars are asked about it.',
    },
  },
  defence:
    'Statements that prove their mapping against a signed head (conflictRule), and clients that ask several neighbours and share what disagrees.',
  switchOff: { 'load.askPeers': 1 },
  layers: ['statement conflict', 'commitment checks'],
  source: 'minefield, threat "selective response"; whitepaper 9.4',
  success: {
    meaning:
      'An honest client was told a lie by a liar and no answer to the same question contradicted it.',
    sql: `SELECT unopposedLies > 0 AS succeeded, count() AS liesTold,
        uniqExactIf(heard_by, heard_kind = 'client') AS victims, uniqExact(token) AS tokens,
        countIf(heard_kind = 'client' AND NOT disagreed) AS unopposedLies
      FROM own_lies`,
  },
};

/** How often the group pools what it saw, until the plan is full; and how long its leader waits. */
const POOL_INTERVAL_MS = 1_000;
const NO_PLAN: Plan = { victims: [], tokens: [] };

/** The liar's mind. Watches while it sleeps; lies only between `start` and `stop`. */
export function create({ peer, host, conspire }: AdversaryContext): Adversary {
  const self = peer.identity.address;
  const own = new Sightings();
  const pooled = new Sightings();
  const heardFrom = new Set<Id>();
  let order: AttackOrder | null = null;
  let active = false;
  let plan = NO_PLAN;
  let face: FalseFace | null = null;
  let timer: Timer | null = null;

  const again = (run: () => void): void => {
    timer?.cancel();
    timer = host.after(POOL_INTERVAL_MS, run);
  };

  const lead = (): void => {
    if (order === null || !active) return;
    pooled.add(self, own.list());
    plan = choosePlan(plan, pooled, order.knobs);
    conspire({ kind: 'plan', plan });
    again(lead);
  };

  const follow = (): void => {
    if (!active) return;
    conspire({ kind: 'sightings', sightings: own.list() });
    again(follow);
  };

  /** The first plan waits for what everyone saw, or it would be full of what its leader saw. */
  const leadOnceAllSpoke = (): void => {
    const isComplete = order?.members.every((member) => member === self || heardFrom.has(member));
    if (isComplete === true) lead();
  };

  const answerMapping = (
    asker: Asker,
    token: Id,
    _query: Uint8Array,
    honest: () => Statement,
  ): Statement => {
    if (asker.kind === 'client') own.saw(asker.id, token, self);
    if (!active || !plan.victims.includes(asker.id)) return honest();
    // The fork begins with the first lie that there is to tell.
    if (plan.tokens.includes(token) && peer.chain.state.get(token) !== undefined) {
      face ??= new FalseFace(peer);
    }
    return face === null ? honest() : face.speak(honest(), plan.tokens);
  };

  return {
    decisions: { answerMapping },
    order(next) {
      order = next;
      const wasActive = active;
      active =
        next.action === 'start' || next.action === 'resume' || (active && next.action === 'set');
      if (next.action === 'stop') {
        plan = NO_PLAN;
        face = null;
      }
      if (!active || wasActive) return;
      if (next.members[0] !== self) {
        follow();
      } else {
        again(lead);
        leadOnceAllSpoke();
      }
    },
    heard(from, message) {
      if (isPlan(message)) {
        if (from === order?.members[0]) plan = message.plan;
      } else if (isSightings(message)) {
        pooled.add(from, message.sightings);
        const isNew = !heardFrom.has(from);
        heardFrom.add(from);
        if (isNew && active && order?.members[0] === self) leadOnceAllSpoke();
      }
    },
  };
}
