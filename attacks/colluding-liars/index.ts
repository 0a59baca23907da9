/**
 * Colluding liars: a group of peers that count as members and behave, until they strike together:
 * by telling the same false owners of chosen tokens (lying.ts), by voting first for transfers that
 * no owner signed (theft.ts), or by letting a colluding owner spend twice (double-spend.ts).
 */
import type { AttackOrder } from '../../node/control.ts';
import type { Timer } from '../../node/host.ts';
import type { Id } from '../../node/id.ts';
import { isKind } from '../kit/messages.ts';
import { type Rivals, rivalsIn, rivalsMessage, TwoStories } from '../kit/rival-spend.ts';
import type { Adversary, AdversaryContext } from '../adversary.ts';
import { DoubleSpend } from './double-spend.ts';
import { Lying } from './lying.ts';
import { choosePlan, isPlan, isSightings, Sightings } from './plan.ts';
import { Theft, theftIn, theftMessage } from './theft.ts';

export { declaration } from './declaration.ts';

/** How often the group pools what it saw, until the plan is full; and how long its leader waits. */
const POOL_INTERVAL_MS = 1_000;
/** What one accomplice can be part of (kit/rival-spend.ts). */
const MAX_SPENT_TWICE = 30;

/** The liar's mind. Watches while it sleeps; strikes only between `start` and `stop`. */
export function create(context: AdversaryContext): Adversary {
  return new Liar(context);
}

class Liar implements Adversary {
  readonly decisions: Adversary['decisions'];
  readonly #context: AdversaryContext;
  readonly #self: Id;
  readonly #own = new Sightings();
  readonly #pooled = new Sightings();
  readonly #heardFrom = new Set<Id>();
  readonly #lying: Lying;
  readonly #theft: Theft;
  readonly #spending: DoubleSpend;
  readonly #stories: TwoStories;
  #order: AttackOrder | null = null;
  #phase: 'wait' | 'strike' | 'hide' = 'wait';
  /** Of thefts and double spends of this strike. */
  #done = 0;
  #next: Timer | null = null;
  #end: Timer | null = null;

  constructor(context: AdversaryContext) {
    const { peer, host } = context;
    this.#context = context;
    this.#self = peer.identity.address;
    this.#lying = new Lying(peer, host, ({ id, kind }, token) => {
      if (kind === 'client') this.#own.saw(id, token, this.#self);
    });
    this.#theft = new Theft(peer, host);
    this.#spending = new DoubleSpend(peer, host);
    this.#stories = new TwoStories(peer, host);
    const stories = this.#stories.decisions;
    this.decisions = {
      ...this.#lying.decisions,
      ...stories,
      vote: (transaction, token, honest) =>
        this.#theft.isFor(transaction) ? 'valid' : stories.vote(transaction, token, honest),
    };
  }

  order(next: AttackOrder): void {
    this.#order = next;
    const isStriking = this.#phase === 'strike';
    if (next.action === 'stop') this.#stop();
    else if (next.action === 'pause') this.#pause();
    else if (next.action !== 'set') this.#strike(next);
    else if (isStriking) this.#lying.begin(next.knobs, next.members);
  }

  heard(from: string, message: unknown): void {
    const members = this.#order?.members ?? [];
    if (!members.includes(from)) return;
    if (isPlan(message)) {
      if (from === members[0]) this.#lying.plan = message.plan;
    } else if (isSightings(message)) {
      this.#pooled.add(from, message.sightings);
      const isNew = !this.#heardFrom.has(from);
      this.#heardFrom.add(from);
      if (isNew && this.#leads) this.#leadOnceAllSpoke();
    } else if (isKind(message, 'theft')) {
      const transaction = theftIn(message);
      if (transaction !== null) this.#theft.carryOut(transaction, members);
    } else {
      const rivals = rivalsIn(message);
      if (rivals !== null) this.#stories.tell(rivals, members);
    }
  }

  get #leads(): boolean {
    return this.#phase === 'strike' && this.#order?.members[0] === this.#self;
  }

  #stop(): void {
    this.#pause();
    this.#lying.stop();
    this.#done = 0;
  }

  #pause(): void {
    this.#next?.cancel();
    this.#end?.cancel();
    this.#phase = 'wait';
    this.#lying.pause();
  }

  #strike({ knobs, members }: AttackOrder): void {
    if (this.#phase !== 'wait') return;
    this.#phase = 'strike';
    const kind = String(knobs['strike'] ?? 'lie');
    this.#context.say('strike', { kind });
    const forMs = Number(knobs['strikeMs'] ?? 0);
    if (forMs > 0) this.#end = this.#context.host.after(forMs, () => this.#hide());
    if (kind === 'vote-first') this.#again(() => this.#steal());
    else if (kind === 'double-spend') this.#again(() => this.#spend());
    else {
      this.#lying.begin(knobs, members);
      this.#pool();
    }
  }

  #hide(): void {
    this.#next?.cancel();
    this.#phase = 'hide';
    this.#context.say('hide', { lied: this.#lying.hasLied });
    this.#lying.hide();
  }

  /** Now and then while it strikes. */
  #again(run: () => void): void {
    this.#next?.cancel();
    this.#next = this.#context.host.after(POOL_INTERVAL_MS, run);
  }

  #pool(): void {
    if (this.#order?.members[0] !== this.#self) {
      this.#follow();
      return;
    }
    this.#again(() => this.#lead());
    this.#leadOnceAllSpoke();
  }

  /** The first plan waits for what everyone saw, or it would be full of what its leader saw. */
  #leadOnceAllSpoke(): void {
    const others = this.#order?.members.filter((member) => member !== this.#self) ?? [];
    if (others.every((member) => this.#heardFrom.has(member))) this.#lead();
  }

  #lead(): void {
    this.#pooled.add(this.#self, this.#own.list());
    const plan = choosePlan(this.#lying.plan, this.#pooled, this.#order?.knobs ?? {});
    const isNew = plan.tokens.length > this.#lying.plan.tokens.length;
    if (isNew) this.#context.say('plan', { victims: plan.victims, tokens: plan.tokens });
    this.#lying.plan = plan;
    this.#context.conspire({ kind: 'plan', plan });
    this.#again(() => this.#lead());
  }

  #follow(): void {
    this.#context.conspire({ kind: 'sightings', sightings: this.#own.list() });
    this.#again(() => this.#follow());
  }

  #steal(): void {
    const { members = [], knobs = {} } = this.#order ?? {};
    const transaction = this.#theft.plan(members);
    if (transaction !== null) {
      this.#done += 1;
      this.#context.say('theft', { tx: transaction.id });
      this.#context.conspire(theftMessage(transaction));
      this.#theft.carryOut(transaction, members);
    }
    if (this.#done < Number(knobs['tokens'])) this.#again(() => this.#steal());
  }

  #spend(): void {
    const { members = [], knobs = {} } = this.#order ?? {};
    const count = Math.min(MAX_SPENT_TWICE, Number(knobs['tokens']));
    const ready: readonly Rivals[] = this.#spending.next(members, count);
    for (const rivals of ready) {
      this.#done += 1;
      this.#context.say('rivals', { one: rivals.one.id, other: rivals.other.id });
      this.#context.conspire(rivalsMessage(rivals));
      this.#stories.tell(rivals, members);
    }
    if (this.#done === 0) this.#again(() => this.#spend());
  }
}
