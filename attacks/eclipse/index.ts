/**
 * Eclipse: all that a victim takes for its neighbours are the attacker's, and it hears from them what
 * they like: nothing at all, lies, or one of two transfers of which the network has committed the
 * other. Into its table they come in one of several ways, which declaration.ts describes.
 */
import type { AttackOrder } from '../../node/control.ts';
import type { Asker, Decisions } from '../../node/decisions.ts';
import type { Id } from '../../node/id.ts';
import type { AdversaryModule, Knobs } from '../../node/runtime/adversarial.ts';
import type { Statement } from '../../node/minefield/types.ts';
import type { Message } from '../../node/wire/messages.ts';
import type { Adversary, AdversaryContext } from '../adversary.ts';
import { Deceit } from '../kit/deceit.ts';
import { isKind } from '../kit/messages.ts';
import { isWanted, targetOf } from '../kit/place.ts';
import { rivalsIn, rivalsMessage, TwoStories } from '../kit/rival-spend.ts';
import { Ghosts } from './ghosts.ts';
import { Referrals } from './referrals.ts';
import { isHushed, isNews, isWelcome } from './silence.ts';
import { Spending } from './spending.ts';

export { declaration } from './declaration.ts';

/** How often it looks how things stand. */
const LOOK_MS = 500;
/** A victim that comes back hears nothing before its epoch is noted: a few round trips. */
const BACK_MS = 3000;
/** Ways by which they show themselves to their victim alone: to all others they are strangers. */
const HIDDEN = new Set<unknown>(['introduce', 'exhaust', 'restart']);

export const wants: NonNullable<AdversaryModule['wants']> = isWanted;

export function create(context: AdversaryContext): Adversary {
  return new Eclipser(context);
}

class Eclipser implements Adversary {
  readonly decisions: Partial<Decisions>;
  readonly #context: AdversaryContext;
  readonly #stories: TwoStories;
  readonly #spending: Spending;
  #deceit: Deceit;
  readonly #ghosts: Ghosts;
  readonly #referrals: Referrals;
  #order: AttackOrder | null = null;
  #isPaused = false;
  #phase: 'position' | 'wait' | 'strike' | 'hide' = 'position';
  #sinceMs = 0;
  /** Named once: who comes and goes later changes nothing of whom it is about. */
  #victim: Id | null = null;
  /** When the victim was last seen to start again. */
  #restartedMs: number | null = null;

  constructor(context: AdversaryContext) {
    const { peer, host } = context;
    this.#context = context;
    this.#stories = new TwoStories(peer, host);
    this.#spending = new Spending(peer, host);
    this.#deceit = new Deceit(peer);
    this.#ghosts = new Ghosts(peer, host);
    this.#referrals = new Referrals(peer);
    const { vote, heed, utter } = this.#stories.decisions;
    this.decisions = {
      vote: (transaction, token, honest) =>
        this.#isStarving && this.#isHidden ? null : vote(transaction, token, honest),
      heed: (from, message) => {
        this.#notice(from, message);
        return heed(from, message);
      },
      utter: (to, message) => this.#utter(to, message, utter),
      answerMapping: (asker, token, _query, honest) => this.#answer(asker, token, honest),
      serveBlock: (asker, _wanted, honest) =>
        this.#isAudience(asker) ? this.#deceit.serve(honest()) : honest(),
    };
  }

  order(next: AttackOrder): void {
    const isFirst = this.#order === null;
    this.#isPaused = next.action === 'pause';
    this.#order = next.action === 'stop' ? null : next;
    if (this.#order === null) this.#deceit = new Deceit(this.#context.peer);
    if (isFirst && this.#order !== null) {
      this.#enter('position');
      this.#look();
    }
  }

  heard(from: string, message: unknown): void {
    const members = this.#members;
    if (!members.includes(from)) return;
    if (isKind(message, 'restarted')) this.#restartedMs = this.#context.host.now();
    const rivals = rivalsIn(message);
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
    return this.#strikes('starve') && this.#isStriking;
  }

  get #isStriking(): boolean {
    return this.#phase === 'strike' && !this.#isPaused;
  }

  get #way(): unknown {
    return this.#knobs['way'] ?? 'introduce';
  }

  get #isHidden(): boolean {
    return HIDDEN.has(this.#way);
  }

  #strikes(kind: string): boolean {
    return this.#knobs['strike'] === kind;
  }

  #answer(asker: Asker, token: Id, honest: () => Statement): Statement | null {
    if (this.#isAudience(asker)) {
      const isAlone = asker.kind === 'peer' || this.#holdsAll(token);
      if (this.#isStriking && isAlone) return this.#deceit.answer(honest());
      // A word of the truth would convict, before as after.
      return asker.kind === 'client' || this.#deceit.hasBegun ? null : honest();
    }
    return this.#hides(asker) ? null : honest();
  }

  /** From everyone but its victim, for as long as it is under orders; or who counts, from clients. */
  #hides({ id, kind }: Asker): boolean {
    if (this.#order === null) return false;
    if (this.#isHidden) return kind === 'client' || !this.#isInvolved(id);
    return this.#way === 'referrals' && kind === 'client';
  }

  /** The victim; and of clients those that ask one who does not count: they believed a referral. */
  #isAudience({ id, kind }: Asker): boolean {
    if (this.#order === null || !this.#strikes('lie')) return false;
    if (this.#way !== 'referrals') return id === this.#findVictim();
    const { identity, membership } = this.#context.peer;
    return kind === 'client' && !membership.counts(identity.address);
  }

  /** Who took them all for members would ask nobody else about it: nothing contradicts. */
  #holdsAll(token: Id): boolean {
    const { membership, parameters } = this.#context.peer;
    const nearest = [...membership.known.nearest(token).take(parameters.k)];
    return nearest.every((id) => this.#members.includes(id));
  }

  #notice({ id, kind }: Asker, message: Message): void {
    if (this.#order === null) return;
    if (kind === 'client') this.#referrals.met(id);
    // Whoever starts asks those near it which epoch they saw of it last.
    if (message.type !== 'ask-epoch' || id !== this.#victim) return;
    this.#restartedMs = this.#context.host.now();
    this.#context.conspire({ kind: 'restarted' });
  }

  #isInvolved(id: Id): boolean {
    return id === this.#findVictim() || this.#members.includes(id);
  }

  #utter(to: Id, message: Message, honest: Decisions['utter']): Message | null {
    if (this.#order === null) return honest(to, message);
    const isElsewhere = this.#isHidden && !this.#isInvolved(to);
    if (isElsewhere && isHushed(message, this.#members)) return null;
    if (message.type === 'found' && this.#isReferred(to)) {
      return this.#referrals.answer(message.near, this.#members, this.#context.host.now());
    }
    if (this.#isStarving && to === this.#victim) {
      if (isNews(message) || (this.#way === 'restart' && isWelcome(message))) return null;
    }
    return honest(to, message);
  }

  #isReferred(to: Id): boolean {
    if (this.#way !== 'referrals' || this.#phase === 'position') return false;
    return to === this.#victim || this.#referrals.isClient(to);
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
    const isFull = this.#way !== 'exhaust' || this.#phase === 'hide' || this.#fill(victim);
    if (this.#phase === 'position') {
      if (this.#knowsAll(victim) && isFull) this.#enter('wait');
    } else if (this.#phase === 'wait') {
      const isDue = this.#isDue(forMs);
      if (!this.#strikes('double-spend')) {
        if (isDue) this.#enter('strike');
      } else if (isDue || this.#way === 'restart') {
        // Its tokens must be known before the victim goes.
        this.#spend(victim, isDue);
      }
    } else if (this.#phase === 'strike' && forMs >= Number(knobs['strikeMs'])) {
      this.#enter('hide');
    }
  }

  #isDue(waitedMs: number): boolean {
    if (this.#way !== 'restart') return waitedMs >= Number(this.#knobs['waitMs']);
    if (this.#restartedMs === null) return false;
    // Who is to starve is not even let back in; who is to hear something must be listening.
    const backMs = this.#strikes('starve') ? 0 : BACK_MS;
    return this.#context.host.now() - this.#restartedMs >= backMs;
  }

  /** Takes up the victim's places with ghosts. */
  #fill(victim: Id): boolean {
    const wanted = Number(this.#knobs['ghosts']);
    const before = this.#ghosts.shown;
    this.#ghosts.work(victim, wanted);
    this.#ghosts.show(victim);
    const { shown, attempts } = this.#ghosts;
    if (shown === wanted && before < wanted) this.#context.say('ghosts', { shown, attempts });
    return shown === wanted;
  }

  /** The victim knows them all by now, and says where they are. */
  #knowsAll(victim: Id): boolean {
    const { peer } = this.#context;
    const missing = this.#members.filter((id) => !peer.membership.has(id));
    for (const address of missing) peer.send(victim, { type: 'ask-identity', address });
    return missing.length === 0;
  }

  #spend(victim: Id, isDue: boolean): void {
    const members = this.#members;
    const tokens = Number(this.#knobs['tokens']);
    if (!this.#spending.leads(victim, this.#knobs, members)) return;
    if (!this.#spending.prepare(victim, this.#knobs, members, tokens) || !isDue) return;
    for (const rivals of this.#spending.rivals(victim, members)) {
      this.#context.conspire(rivalsMessage(rivals));
      this.#stories.tell(rivals, members);
    }
    this.#enter('strike');
  }
}
