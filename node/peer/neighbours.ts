/**
 * Whom a peer is connected to and asks. It never decides who counts as a voter (PROTOCOL.md 3).
 *
 * The near part is fixed: the k others nearest this peer, with whom it keeps and votes on nearly
 * everything it keeps. The far part is what swapping moves. By `topology` it is filled with the next
 * nearest, or drawn by the papers' gradient over ring distance (PROTOCOL.md 2).
 */
import { type Id, ringDistance } from '../id.ts';
import type { PeerContext } from './context.ts';

/** With `near`, as many again as are fixed: together all that share a neighbourhood with this peer. */
const FAR_PER_K = 1;
/** With `near`, the far part and those it is swapped for come from so many nearest per k. */
const REACH_PER_K = 4;
/** With `gradient`, at most so many per k: in a large network the gradient alone has no bound. */
const GRADIENT_PER_K = 3;
/** PROTOCOL.md 2: the probability of a connection next to this peer, and on the far side of the ring. */
const NEAR_PROBABILITY = 0.7;
const FAR_PROBABILITY = 0.1;
/** Half of the ring is 2^255; distances are compared by their upper 52 bits. */
const DISTANCE_SHIFT = 203n;
const HALF_RING = 2 ** 52;
/** So many swapped out last do not come back while there are others. */
const RETIRED_PER_K = 1;

/** Probability that two members are connected by the papers' gradient. */
export function gradient(a: Id, b: Id): number {
  const part = Number(ringDistance(a, b) >> DISTANCE_SHIFT) / HALF_RING;
  return NEAR_PROBABILITY - (NEAR_PROBABILITY - FAR_PROBABILITY) * part;
}

export class NeighbourTable {
  readonly #context: Pick<PeerContext, 'self' | 'membership' | 'parameters' | 'host'>;
  /** One number in [0,1) per member, drawn when it was first seen. */
  readonly #draws = new Map<Id, number>();
  readonly #retired = new Set<Id>();
  /** What `Membership.near` gave last: another object when the members have changed. */
  #seen: readonly Id[] | null = null;
  #near: readonly Id[] = [];
  #far: readonly Id[] = [];
  #all: readonly Id[] = [];

  constructor(context: Pick<PeerContext, 'self' | 'membership' | 'parameters' | 'host'>) {
    this.#context = context;
  }

  /** Both parts, nearest first. */
  get all(): readonly Id[] {
    this.#refresh();
    return this.#all;
  }

  /** The part that may be swapped. */
  get far(): readonly Id[] {
    this.#refresh();
    return this.#far;
  }

  /** Members that may enter the far part, those to be preferred first. */
  candidates(): readonly Id[] {
    this.#refresh();
    const known = new Set(this.#all);
    const others = this.#eligible().filter((id) => !known.has(id));
    const fresh = others.filter((id) => !this.#retired.has(id));
    return fresh.length > 0 ? fresh : others;
  }

  /** Takes a candidate into the far part, beside those that are there. */
  admit(id: Id): void {
    if (this.all.includes(id)) return;
    this.#draws.set(id, 0);
    this.#set([...this.#far, id]);
  }

  /** Out of the far part, and not soon to come back. */
  drop(id: Id): void {
    if (!this.far.includes(id)) return;
    this.#draws.set(id, 1);
    this.#retired.delete(id);
    this.#retired.add(id);
    const [longest] = this.#retired;
    const limit = RETIRED_PER_K * this.#context.parameters.k;
    if (longest !== undefined && this.#retired.size > limit) this.#retired.delete(longest);
    this.#set(this.#far.filter((other) => other !== id));
  }

  #set(far: readonly Id[]): void {
    const { self } = this.#context;
    this.#far = far;
    const distances = new Map([...this.#near, ...far].map((id) => [id, ringDistance(self, id)]));
    this.#all = [...distances]
      .sort(([a, left], [b, right]) => (left < right || (left === right && a < b) ? -1 : 1))
      .map(([id]) => id);
  }

  #refresh(): void {
    const { self, membership, parameters } = this.#context;
    const nearest = membership.near(self, parameters.k + 1);
    if (nearest === this.#seen) return;
    this.#seen = nearest;
    this.#near = nearest.filter((id) => id !== self).slice(0, parameters.k);
    for (const id of this.#draws.keys()) if (!membership.has(id)) this.#draws.delete(id);
    for (const id of this.#retired) if (!membership.has(id)) this.#retired.delete(id);
    const eligible = this.#eligible();
    const stay = new Set(this.#far).intersection(new Set(eligible));
    const wanted = this.#wanted(eligible);
    const fresh = eligible.filter((id) => !this.#retired.has(id));
    const fill = new Set([...stay, ...fresh, ...eligible]);
    this.#set([...fill].slice(0, wanted));
  }

  /** All but the near part that may be in the far part, those to be preferred first. */
  #eligible(): readonly Id[] {
    const { self, membership, parameters } = this.#context;
    const isGradient = parameters.topology === 'gradient';
    const reach = isGradient ? membership.size : REACH_PER_K * parameters.k + 1;
    const near = new Set(this.#near);
    const others = membership.near(self, reach).filter((id) => id !== self && !near.has(id));
    if (!isGradient) return others;
    const keys = new Map(others.map((id) => [id, this.#draw(id) / gradient(self, id)]));
    return [...keys].sort(([, a], [, b]) => a - b).map(([id]) => id);
  }

  #wanted(eligible: readonly Id[]): number {
    const { self, parameters } = this.#context;
    if (parameters.topology === 'near') return FAR_PER_K * parameters.k;
    const drawn = eligible.filter((id) => this.#draw(id) < gradient(self, id));
    return Math.min(GRADIENT_PER_K * parameters.k, drawn.length);
  }

  #draw(id: Id): number {
    let draw = this.#draws.get(id);
    if (draw === undefined) {
      const [number = 0] = new Uint32Array(this.#context.host.random(4).buffer);
      draw = number / 2 ** 32;
      this.#draws.set(id, draw);
    }
    return draw;
  }
}
