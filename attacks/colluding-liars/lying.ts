/**
 * Telling false owners: whom, about what, and how it is covered up. Each liar keeps a second face
 * (kit/false-face.ts): a fork of its own chain in which the chosen tokens belong to the conspiracy. The
 * audience gets all its answers from there, complete and well signed, so that it alone can never
 * tell: only if what it was told meets what others were told.
 */
import type { Asker, Decisions, Passing } from '../../node/decisions.ts';
import type { Host } from '../../node/host.ts';
import type { Id } from '../../node/id.ts';
import type { Block } from '../../node/ledger/types.ts';
import type { Statement } from '../../node/minefield/types.ts';
import type { Peer } from '../../node/peer.ts';
import type { Knobs } from '../adversary.ts';
import { FalseFace } from '../kit/false-face.ts';
import { NO_PLAN, type Plan } from './plan.ts';

type Points = Pick<Decisions, 'answerMapping' | 'serveBlock' | 'passOn'>;

/** Who lives nearer shares tokens with a liar, or asks it in upkeep: so many times k. */
const VICINITY = 2;

/** Hex digits of a token that neither its place nor the work for it decides. */
const DRAWN_DIGITS = [32, 40] as const;

/** Is it among this share of all tokens? All accomplices draw alike, without a word. */
export function isDrawn(token: Id, share: number): boolean {
  return Number.parseInt(token.slice(...DRAWN_DIGITS), 16) < share * 2 ** 32;
}

export class Lying {
  readonly #peer: Peer;
  readonly #host: Host;
  readonly #onAsked: (asker: Asker, token: Id) => void;
  #knobs: Knobs = {};
  #members: readonly Id[] = [];
  #face: FalseFace | null = null;
  #mode: 'honest' | 'lies' | 'silent' = 'honest';
  plan: Plan = NO_PLAN;

  /** `onAsked`: who asks for what, also while it is honest. */
  constructor(peer: Peer, host: Host, onAsked: (asker: Asker, token: Id) => void) {
    this.#peer = peer;
    this.#host = host;
    this.#onAsked = onAsked;
  }

  get hasLied(): boolean {
    return this.#face !== null;
  }

  begin(knobs: Knobs, members: readonly Id[]): void {
    this.#knobs = knobs;
    this.#members = members;
    this.#mode = 'lies';
  }

  /** Everyone is told the truth; what was told stays, for when it goes on. */
  pause(): void {
    this.#mode = 'honest';
  }

  /** Nothing more is said to those that were lied to: a word of the truth would convict. */
  hide(): void {
    this.#mode = 'silent';
  }

  stop(): void {
    this.#mode = 'honest';
    this.plan = NO_PLAN;
    this.#face = null;
  }

  readonly decisions: Points = {
    answerMapping: (asker, token, _query, honest) => this.#answer(asker, token, honest),
    serveBlock: (asker, _wanted, honest) => this.#serve(asker, honest()),
    passOn: (asker, question, honest) =>
      question.type === 'ask-mapping' ? this.#passOn(asker, question.token, honest) : honest(),
  };

  #answer(asker: Asker, token: Id, honest: () => Statement): Statement | null {
    this.#onAsked(asker, token);
    if (this.#mode === 'honest' || !this.#isAudience(asker)) return honest();
    if (this.#mode === 'silent') return this.#face === null ? honest() : null;
    // The fork begins with the first lie that there is to tell.
    if (this.#isLiedAbout(token) && this.#peer.chain.state.get(token) !== undefined) this.#fork();
    return this.#face === null ? honest() : this.#face.speak(honest(), this.#lies);
  }

  /** Of the other face's blocks the audience must not hear: they would not fit what it was told. */
  #serve(asker: Asker, block: Block | null): Block | null {
    const isHidden =
      this.#mode !== 'honest' &&
      block !== null &&
      this.#face?.shares(block) === false &&
      this.#isAudience(asker);
    return isHidden ? null : block;
  }

  /** Answered here and by an honest keeper as well, so that its own answer comes a second time. */
  #passOn(asker: Asker, token: Id, honest: () => Passing): Passing {
    const isCovered =
      this.#mode === 'lies' &&
      this.#knobs['forward'] === true &&
      this.#isLiedAbout(token) &&
      this.#isAudience(asker);
    if (!isCovered) return honest();
    const { membership, identity, parameters } = this.#peer;
    const others = membership
      .near(token, parameters.k)
      .filter((id) => id !== identity.address && id !== asker.id && !this.#members.includes(id));
    const [drawn = 0] = this.#host.random(1);
    return { answers: true, to: others[drawn % Math.max(1, others.length)] ?? null };
  }

  /** About the other chosen tokens the audience hears the truth, from the same face: one that is whole. */
  get #lies(): readonly Id[] {
    const share = Number(this.#knobs['lieShare'] ?? 1);
    return this.plan.tokens.filter((token) => isDrawn(token, share));
  }

  #isLiedAbout(token: Id): boolean {
    return this.#lies.includes(token);
  }

  /** By who asks alone, never by what for: nobody may see both faces. */
  #isAudience({ id, kind }: Asker): boolean {
    const { membership, identity, parameters } = this.#peer;
    switch (this.#knobs['audience']) {
      case 'everyone':
        return true;
      case 'strangers':
        return (
          kind === 'client' || !membership.isNear(id, identity.address, VICINITY * parameters.k)
        );
      default:
        return this.plan.victims.includes(id);
    }
  }

  #fork(): void {
    if (this.#face !== null) return;
    this.#face = new FalseFace(this.#peer);
  }
}
