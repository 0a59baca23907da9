/**
 * Sybil positioning: identities are minted until they lie near one point of the ring, so that enough
 * of the k members nearest it are the attacker's. They join and behave until the place is theirs;
 * then that neighbourhood commits two transfers of one token, commits nothing at all, or tells clients
 * that its tokens belong to others.
 */
import type { AttackOrder } from '../../node/control.ts';
import type { Ballot, Decisions } from '../../node/decisions.ts';
import { type Id, ringDistance } from '../../node/id.ts';
import type { Transaction } from '../../node/ledger/types.ts';
import type { Statement } from '../../node/minefield/types.ts';
import type { AdversaryModule, Birth } from '../../node/runtime/adversarial.ts';
import type { Adversary, AdversaryContext } from '../adversary.ts';
import { Deceit } from '../kit/deceit.ts';
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

export { declaration } from './declaration.ts';

export const wants: NonNullable<AdversaryModule['wants']> = isWanted;

export const dates: NonNullable<AdversaryModule['dates']> = (birth: Birth) => (nowMs) =>
  birth.knobs['backdate'] === true ? claimedAt(nowMs, birth) : nowMs;

export function create(context: AdversaryContext): Adversary {
  return new Sybil(context);
}

/** The Sybil's mind: honest until ordered, and after that until the place is captured. */
class Sybil implements Adversary {
  readonly decisions: Partial<Decisions>;
  readonly #context: AdversaryContext;
  readonly #stories: TwoStories;
  readonly #script: Script;
  readonly #deceit: Deceit;
  #order: AttackOrder | null = null;
  #owners: readonly ColludingOwner[] = [];
  /** Accomplices that count as members by now, as they say themselves. */
  readonly #counting = new Set<Id>();

  constructor(context: AdversaryContext) {
    const { peer, host, knobs, conspire, say } = context;
    const { address: self } = peer.identity;
    this.#context = context;
    this.#stories = new TwoStories(peer, host);
    this.#deceit = new Deceit(peer);
    this.#script = new Script(host, knobs, {
      looked: () => this.#countIn(),
      isCaptured: () => this.#own().length >= Number(this.#script.knobs['captured']),
      mayLead: () => this.#own()[0] === self,
      prepare: () => this.#prepare(),
      entered: (phase, isLeader) => {
        say(phase, { leads: isLeader, nearest: this.#own().length });
        if (!isLeader) return;
        conspire({ kind: 'phase', phase });
        if (phase === 'strike' && this.#strikes('double-spend')) this.#spendTwice();
      },
    });
    this.decisions = {
      ...this.#stories.decisions,
      vote: (...asked) => this.#vote(...asked),
      answerMapping: ({ kind }, token, _query, honest) =>
        kind === 'client' ? this.#tell(token, honest) : honest(),
      serveBlock: ({ kind }, _wanted, honest) =>
        kind === 'client' ? this.#deceit.serve(honest()) : honest(),
    };
  }

  order(next: AttackOrder): void {
    this.#order = next;
    if (next.action === 'stop') this.#script.end();
    else if (next.action === 'pause') this.#script.halt();
    else this.#script.begin(next.knobs);
  }

  heard(from: string, message: unknown): void {
    if (!this.#isOwn(from)) return;
    if (isKind(message, 'counts')) this.#counting.add(from);
    const phase = phaseIn(message);
    if (phase !== null) this.#script.follow(phase);
    const rivals = rivalsIn(message);
    if (rivals !== null && this.#script.phase !== null) this.#stories.tell(rivals, this.#members);
  }

  get #members(): readonly Id[] {
    return this.#order?.members ?? [];
  }

  #strikes(kind: string): boolean {
    return this.#script.knobs['strike'] === kind;
  }

  #isOwn(id: Id): boolean {
    return this.#members.includes(id);
  }

  /** Its own among the keepers of where it strikes, nearest first. */
  #own(): readonly Id[] {
    return this.#nearest(this.#place()).filter((id) => this.#isOwn(id));
  }

  /** Those who come in together learn from the network only a minute later that they all count. */
  #countIn(): void {
    const { identity, membership } = this.#context.peer;
    if (this.#script.phase === 'position' && membership.counts(identity.address)) {
      this.#context.conspire({ kind: 'counts' });
    }
  }

  /** The keepers of a point: who counts by its own view, and accomplices that count by theirs. */
  #nearest(point: Id): readonly Id[] {
    const { membership, parameters } = this.#context.peer;
    const near = membership.near(point, parameters.k);
    const unheard = [...this.#counting].filter((id) => !near.includes(id));
    const distance = new Map([...near, ...unheard].map((id) => [id, ringDistance(point, id)]));
    return [...distance]
      .sort(([, a], [, b]) => (a < b ? -1 : 1))
      .slice(0, parameters.k)
      .map(([id]) => id);
  }

  /** Where it strikes: the target, or beside it where there is somebody to deceive. */
  #place(): Id {
    const { identity, membership } = this.#context.peer;
    const target = targetOf(identity.record.network, this.#script.knobs);
    if (!this.#strikes('double-spend')) return target;
    return divisiblePlace(target, {
      near: (point) => this.#nearest(point),
      members: this.#members,
      size: membership.countedSize,
    });
  }

  #vote(transaction: Transaction, token: Id, honest: Ballot): Ballot | null {
    const isFreezing = this.#script.phase === 'strike' && this.#strikes('freeze');
    // What it says of members it goes on saying: who does not would be missed first.
    if (isFreezing && transaction.body.purpose.kind === 'ordinary') return null;
    return this.#stories.decisions.vote(transaction, token, honest);
  }

  /** Clients hear a false owner of what a captured neighbourhood keeps; nothing, once it hides. */
  #tell(token: Id, honest: () => Statement): Statement | null {
    const isStriking = this.#script.phase === 'strike' && this.#strikes('lie');
    if (!isStriking) return this.#deceit.hasBegun ? null : honest();
    const own = this.#nearest(token).filter((id) => this.#isOwn(id)).length;
    return this.#deceit.answer(honest(), own >= Number(this.#script.knobs['captured']));
  }

  /** Its tokens lie there, and are committed before they can be spent. */
  #prepare(): boolean {
    if (!this.#strikes('double-spend')) return true;
    const { peer } = this.#context;
    if (this.#owners.length === 0) {
      const count = Number(this.#script.knobs['tokens']);
      this.#owners = Array.from({ length: count }, () => this.#ownerHere());
    }
    const missing = this.#owners.filter(({ token }) => peer.chain.state.get(token) === undefined);
    for (const { created, token } of missing) {
      for (const id of this.#nearest(token)) {
        peer.send(id, { type: 'submit', transaction: created });
      }
    }
    return missing.length === 0;
  }

  #ownerHere(): ColludingOwner {
    const { host, peer } = this.#context;
    const { network } = peer.identity.record;
    // A token that nobody had before.
    const token = this.#place().slice(0, 32) + host.random(16).toHex();
    return new ColludingOwner(network, token, host.now(), (length) => host.random(length));
  }

  #spendTwice(): void {
    const { conspire, host } = this.#context;
    for (const owner of this.#owners) {
      const honest = this.#nearest(owner.token).filter((id) => !this.#isOwn(id));
      const toOne = honest.filter((_, index) => index % 2 === 0);
      const toOther = honest.filter((_, index) => index % 2 === 1);
      const [one, other] = owner.rivals(host.now());
      const rivals: Rivals = { one, other, toOne, toOther };
      conspire(rivalsMessage(rivals));
      this.#stories.tell(rivals, this.#members);
    }
  }
}

function phaseIn(message: unknown): Phase | null {
  if (!isKind(message, 'phase') || !('phase' in message)) return null;
  const { phase } = message;
  return PHASES.find((known) => known === phase) ?? null;
}
