/**
 * Eclipse: newcomers minted near one peer show themselves to it and to nobody else, until all that it
 * takes for its neighbours are theirs. Then it hears from them what they like: nothing at all, or one
 * of two transfers of which the network has committed the other.
 */
import type { AttackOrder } from '../../node/control.ts';
import type { Asker, Decisions } from '../../node/decisions.ts';
import type { Id } from '../../node/id.ts';
import type { AdversaryModule, Knobs } from '../../node/runtime/adversarial.ts';
import type { Message } from '../../node/wire/messages.ts';
import type { Adversary, AdversaryContext } from '../adversary.ts';
import { isWanted, targetOf } from '../kit/place.ts';
import { ColludingOwner, rivalsIn, rivalsMessage, TwoStories } from '../kit/rival-spend.ts';
import { isHushed, isNews } from './silence.ts';

export { declaration } from './declaration.ts';

/** How often it looks how things stand. */
const LOOK_MS = 500;

export const wants: NonNullable<AdversaryModule['wants']> = isWanted;

export function create(context: AdversaryContext): Adversary {
  return new Eclipser(context);
}

class Eclipser implements Adversary {
  readonly decisions: Partial<Decisions>;
  readonly #context: AdversaryContext;
  readonly #self: Id;
  readonly #stories: TwoStories;
  #order: AttackOrder | null = null;
  #isPaused = false;
  #phase: 'position' | 'wait' | 'strike' | 'hide' = 'position';
  #sinceMs = 0;
  /** Named once: who comes and goes later changes nothing of whom it is about. */
  #victim: Id | null = null;
  #owners: readonly ColludingOwner[] = [];

  constructor(context: AdversaryContext) {
    const { peer, host } = context;
    this.#context = context;
    this.#self = peer.identity.address;
    this.#stories = new TwoStories(peer, host);
    const { vote, heed, utter } = this.#stories.decisions;
    this.decisions = {
      vote: (transaction, token, honest) =>
        this.#isStarving ? null : vote(transaction, token, honest),
      heed: (from, message) => heed(from, message),
      utter: (to, message) => this.#utter(to, message, utter),
      answerMapping: (asker, _token, _query, honest) => (this.#hides(asker) ? null : honest()),
    };
  }

  order(next: AttackOrder): void {
    const isFirst = this.#order === null;
    this.#isPaused = next.action === 'pause';
    this.#order = next.action === 'stop' ? null : next;
    if (isFirst && this.#order !== null) {
      this.#enter('position');
      this.#look();
    }
  }

  heard(from: string, message: unknown): void {
    const members = this.#members;
    const rivals = members.includes(from) ? rivalsIn(message) : null;
    if (rivals === null) return;
    this.#stories.tell(rivals, members);
    this.#enter('strike');
  }

  get #members(): readonly Id[] {
    return this.#order?.members ?? [];
  }

  get #knobs(): Knobs {
    return this.#order?.knobs ?? this.#context.knobs;
  }

  get #isStarving(): boolean {
    return this.#strikes('starve') && this.#phase === 'strike' && !this.#isPaused;
  }

  #strikes(kind: string): boolean {
    return this.#knobs['strike'] === kind;
  }

  /** From everyone but its victim, for as long as it is under orders. */
  #hides({ id, kind }: Asker): boolean {
    return this.#order !== null && (kind === 'client' || !this.#isInvolved(id));
  }

  #isInvolved(id: Id): boolean {
    return id === this.#findVictim() || this.#members.includes(id);
  }

  #utter(to: Id, message: Message, honest: Decisions['utter']): Message | null {
    if (this.#order !== null && !this.#isInvolved(to) && isHushed(message, this.#members)) {
      return null;
    }
    if (this.#isStarving && to === this.#victim && isNews(message)) return null;
    return honest(to, message);
  }

  /** The honest peer nearest the target, by what everyone was told at the beginning. */
  #findVictim(): Id | null {
    const { peer } = this.#context;
    const members = this.#members;
    if (this.#victim !== null || !peer.founded) return this.#victim;
    const target = targetOf(peer.identity.record.network, this.#knobs);
    const near = peer.membership.around(target, members.length + 1);
    this.#victim = near.find((id) => !members.includes(id)) ?? null;
    return this.#victim;
  }

  #enter(phase: 'position' | 'wait' | 'strike' | 'hide'): void {
    if (this.#phase === phase && phase !== 'position') return;
    this.#phase = phase;
    this.#sinceMs = this.#context.host.now();
    this.#context.say(phase, { victim: this.#findVictim() ?? '' });
  }

  #look(): void {
    if (this.#order === null) return;
    this.#context.host.after(LOOK_MS, () => this.#look());
    const victim = this.#findVictim();
    if (this.#isPaused || victim === null) return;
    const knobs = this.#knobs;
    const forMs = this.#context.host.now() - this.#sinceMs;
    if (this.#phase === 'position') {
      if (this.#knowsAll(victim)) this.#enter('wait');
    } else if (this.#phase === 'wait' && forMs >= Number(knobs['waitMs'])) {
      if (this.#strikes('starve')) this.#enter('strike');
      else if (this.#leads && this.#prepare(victim)) this.#spendTwice(victim);
    } else if (this.#phase === 'strike' && forMs >= Number(knobs['strikeMs'])) {
      this.#enter('hide');
    }
  }

  /** The victim knows them all by now, and says where they are. */
  #knowsAll(victim: Id): boolean {
    const { peer } = this.#context;
    const missing = this.#members.filter((id) => !peer.membership.has(id));
    for (const address of missing) peer.send(victim, { type: 'ask-identity', address });
    return missing.length === 0;
  }

  get #leads(): boolean {
    const victim = this.#findVictim();
    // It has to see the tokens committed that it makes: who keeps them leads.
    const keepers = victim === null ? [] : this.#keepers(this.#place(victim));
    return keepers.find((id) => this.#members.includes(id)) === this.#self;
  }

  #keepers(point: Id): readonly Id[] {
    const { membership, parameters } = this.#context.peer;
    return membership.near(point, parameters.k);
  }

  /** Where the victim is a keeper and the most others are its own. */
  #place(victim: Id): Id {
    const target = targetOf(this.#context.peer.identity.record.network, this.#knobs);
    const own = (point: Id): number => {
      const keepers = this.#keepers(point);
      if (!keepers.includes(victim)) return -1;
      return keepers.filter((id) => this.#members.includes(id)).length;
    };
    return own(victim) > own(target) ? victim : target;
  }

  /** The honest keepers of a token, those that it would have without the eclipse. */
  #honestKeepers(token: Id): readonly Id[] {
    const { membership, parameters } = this.#context.peer;
    const members = this.#members;
    const near = membership.around(token, parameters.k + members.length);
    return near.filter((id) => !members.includes(id)).slice(0, parameters.k);
  }

  /** Its tokens are beside the victim, and known to all who keep them, before they are spent. */
  #prepare(victim: Id): boolean {
    const { host, peer } = this.#context;
    const { network } = peer.identity.record;
    const members = this.#members;
    if (this.#owners.length === 0) {
      const place = this.#place(victim).slice(0, 32);
      this.#owners = Array.from({ length: Number(this.#knobs['tokens']) }, () => {
        const token = place + host.random(16).toHex();
        return new ColludingOwner(network, token, host.now(), (length) => host.random(length));
      });
    }
    const missing = this.#owners.filter(({ token }) => peer.chain.state.get(token) === undefined);
    for (const { created, token } of missing) {
      for (const id of [...this.#honestKeepers(token), ...members]) {
        peer.send(id, { type: 'submit', transaction: created });
      }
    }
    return missing.length === 0;
  }

  #spendTwice(victim: Id): void {
    const { conspire, host } = this.#context;
    for (const owner of this.#owners) {
      const [one, other] = owner.rivals(host.now());
      const toOne = this.#honestKeepers(owner.token).filter((id) => id !== victim);
      const rivals = { one, other, toOne, toOther: [victim] };
      conspire(rivalsMessage(rivals));
      this.#stories.tell(rivals, this.#members);
    }
    this.#enter('strike');
  }
}
