/**
 * Colluding liars: a group of peers agrees on a false owner for chosen tokens and tells it to chosen
 * clients, each confirming what the others say; everyone else gets the truth.
 *
 * Each liar keeps a second face: its own chain continued by one forged block in which the chosen
 * tokens belong to the conspiracy. A lie is a complete, well signed statement as of that block: its
 * path leads to its head's root, its history is the real one. Taken alone nothing is wrong with it.
 */
import type { AttackOrder } from '../../node/control.ts';
import type { Asker } from '../../node/decisions.ts';
import type { Id } from '../../node/id.ts';
import type { Statement } from '../../node/minefield/types.ts';
import type { Adversary, AdversaryContext, Declaration } from '../adversary.ts';
import { FalseFace } from './false-face.ts';
import { choosePlan, isPlan, isSightings, type Plan, Sightings } from './plan.ts';

export const declaration: Declaration = {
  name: 'colluding-liars',
  goal: 'Make chosen clients believe a false owner of chosen tokens, confirmed by several peers.',
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
  layers: ['statement conflict', 'commitment checks'],
  source: 'minefield, threat "selective response"; whitepaper 9.4',
  success:
    'An honest client was told a lie by a liar and no answer to the same question contradicted it.',
};

/** How often the group pools what it saw and, until the plan is full, extends it. */
const POOL_INTERVAL_MS = 1_000;

/** The liar's mind. Watches while it sleeps; lies only between `start` and `stop`. */
export function create({ peer, host, conspire }: AdversaryContext): Adversary {
  const own = new Sightings();
  const pooled = new Sightings();
  let order: AttackOrder | null = null;
  let active = false;
  let plan: Plan = { victims: [], tokens: [] };
  let face: FalseFace | null = null;

  const adopt = (next: Plan): void => {
    plan = next;
    face = null;
  };

  const pool = (): void => {
    if (order === null || !active) return;
    const [leader] = order.members;
    const mine = own.list();
    if (peer.identity.address === leader) {
      pooled.add(peer.identity.address, mine);
      const next = choosePlan(plan, pooled, order.knobs);
      adopt(next);
      conspire({ kind: 'plan', plan: next });
    } else {
      conspire({ kind: 'sightings', sightings: mine });
    }
    host.after(POOL_INTERVAL_MS, pool);
  };

  const answerMapping = (
    asker: Asker,
    token: Id,
    _query: Uint8Array,
    honest: () => Statement,
  ): Statement | null => {
    if (asker.kind === 'client') own.saw(asker.id, token, peer.identity.address);
    const chosen = active && plan.victims.includes(asker.id) && plan.tokens.includes(token);
    if (!chosen || peer.chain.state.get(token) === undefined) return honest();
    face ??= new FalseFace(peer, plan.tokens);
    return face.lie(token, honest());
  };

  return {
    decisions: { answerMapping },
    order(next) {
      order = next;
      const wasActive = active;
      active =
        next.action === 'start' || next.action === 'resume' || (active && next.action === 'set');
      if (next.action === 'stop') adopt({ victims: [], tokens: [] });
      if (!active || wasActive) return;
      // A plan that knew only the leader's own sightings would be full before the others spoke.
      if (peer.identity.address === next.members[0]) host.after(POOL_INTERVAL_MS, pool);
      else pool();
    },
    heard(from, message) {
      if (isPlan(message) && from === order?.members[0]) adopt(message.plan);
      else if (isSightings(message)) pooled.add(from, message.sightings);
    },
  };
}
