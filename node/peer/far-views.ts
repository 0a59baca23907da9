/**
 * Far neighbourhoods as their own members see them: each ballot tells in short whom its voter counts
 * (voting/view-sketch.ts), and who keeps a token knows that best. Before a transaction is counted, a
 * view that most of a far token's voters do not share is looked up again. While nobody comes or goes
 * all views agree, and this costs neither a message nor time.
 */
import type { Id } from '../id.ts';
import type { Transaction } from '../ledger/types.ts';
import type { Pending } from '../voting/pending.ts';
import { overlap, sketchOf } from '../voting/view-sketch.ts';
import { keepersOf, type PeerContext } from './context.ts';
import type { Finder } from './finder.ts';

/** So long a commit waits for the lookup: several far round trips. Liars can't make it wait longer. */
const HOLD_MS = 2500;
/** Where views go on disagreeing they are looked up no more often. */
const LOOK_AGAIN_MS = 10_000;
/** Lookups remembered, by the nearest member, oldest forgotten. */
const MAX_LOOKED = 256;

interface Looked {
  readonly atMs: number;
  isDone: boolean;
}

export class FarViews {
  readonly #context: Pick<PeerContext, 'host' | 'membership' | 'parameters' | 'self'>;
  readonly #finder: Pick<Finder, 'find'>;
  readonly #looked = new Map<Id, Looked>();

  constructor(
    context: Pick<PeerContext, 'host' | 'membership' | 'parameters' | 'self'>,
    finder: Pick<Finder, 'find'>,
  ) {
    this.#context = context;
    this.#finder = finder;
  }

  /** May its votes be counted now? If not, ask again a little later. */
  hold(pending: Pending, transaction: Transaction): boolean {
    const { changes } = transaction.body;
    return changes.every(({ token }) => this.#holds(pending, transaction, token));
  }

  #holds(pending: Pending, transaction: Transaction, token: Id): boolean {
    const keepers = keepersOf(this.#context, transaction, token);
    const [nearest] = keepers;
    if (nearest === undefined || keepers.includes(this.#context.self)) return true;
    const own = sketchOf(keepers);
    const views = pending.views(token, keepers);
    const others = views.filter((view) => overlap(own, view) < 1);
    if (2 * others.length <= views.length) return true;
    const now = this.#context.host.now();
    let looked = this.#looked.get(nearest);
    if (looked === undefined || Math.abs(now - looked.atMs) >= LOOK_AGAIN_MS) {
      looked = this.#look(nearest, token, now);
    }
    return looked.isDone || Math.abs(now - looked.atMs) >= HOLD_MS;
  }

  #look(nearest: Id, token: Id, now: number): Looked {
    const looked: Looked = { atMs: now, isDone: false };
    this.#looked.delete(nearest);
    this.#looked.set(nearest, looked);
    const [oldest] = this.#looked.keys();
    if (oldest !== undefined && this.#looked.size > MAX_LOOKED) this.#looked.delete(oldest);
    this.#finder.find(token, () => {
      looked.isDone = true;
    });
    return looked;
  }
}
