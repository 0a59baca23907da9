/**
 * `conflictRule: paper` (PROTOCOL.md 7): a package alone bans nobody, the vote of the accused's
 * neighbours does. Whoever holds a package asks them for the accused's identity token until more than
 * two thirds of them, without the accused, have stated that it is destroyed.
 */
import { type Id, ZERO_ID } from '../id.ts';
import { QUERY_BYTES } from '../minefield/statement.ts';
import type { Statement } from '../minefield/types.ts';
import { neighbourhood, type PeerContext } from './context.ts';

/** A vote takes some seconds; asked so often, each time twice as late as before: a minute in all. */
const FIRST_ASK_MS = 2000;
const ASKS = 5;
/** Votes awaited at a time; of more packages the vote is not learnt here. */
const MAX_AWAITED = 64;

/** A peer's or a client's. */
export type VerdictsContext = Pick<PeerContext, 'host' | 'membership' | 'parameters' | 'send'>;

export class Verdicts {
  readonly #context: VerdictsContext;
  readonly #executed: (accused: Id) => void;
  /** Accused → neighbours that stated its end. */
  readonly #voices = new Map<Id, Set<Id>>();

  constructor(context: VerdictsContext, executed: (accused: Id) => void) {
    this.#context = context;
    this.#executed = executed;
  }

  /** There is a package against it. */
  await(accused: Id): void {
    if (this.#voices.has(accused) || this.#voices.size >= MAX_AWAITED) return;
    this.#voices.set(accused, new Set());
    this.#askLater(accused, 0);
  }

  /** A verified statement. */
  hear({ peer, token, answer }: Statement): void {
    const voices = this.#voices.get(token);
    if (voices === undefined || answer?.mapping.owner !== ZERO_ID) return;
    voices.add(peer);
    const voters = this.#voters(token);
    const said = voters.filter((id) => voices.has(id)).length;
    if (3 * said > 2 * voters.length) this.settle(token);
  }

  /** It was executed, here or by what others said. */
  settle(accused: Id): void {
    if (this.#voices.delete(accused)) this.#executed(accused);
  }

  #voters(accused: Id): readonly Id[] {
    return neighbourhood(this.#context, accused).filter((id) => id !== accused);
  }

  #askLater(accused: Id, asked: number): void {
    this.#context.host.after(FIRST_ASK_MS * 2 ** asked, () => {
      if (!this.#voices.has(accused)) return;
      if (asked === ASKS) {
        this.#voices.delete(accused);
        return;
      }
      const { host, send } = this.#context;
      for (const id of this.#voters(accused)) {
        send(id, {
          type: 'ask-mapping',
          token: accused,
          query: host.random(QUERY_BYTES),
          direct: true,
        });
      }
      this.#askLater(accused, asked + 1);
    });
  }
}
