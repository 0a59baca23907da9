/**
 * Evidence forgery: gets honest peers convicted, or their verifiers drowned. Forged packages, each
 * wrong in one way (forgeries.ts); framing by true answers (framing.ts); and a captured neighbourhood
 * that votes a slashing without any proof.
 */
import type { AttackOrder } from '../../node/control.ts';
import type { Asker, Ballot } from '../../node/decisions.ts';
import type { Timer } from '../../node/host.ts';
import type { Id } from '../../node/id.ts';
import type { Transaction } from '../../node/ledger/types.ts';
import { paperTerms } from '../../node/minefield/paper.ts';
import { slashing } from '../../node/minefield/slashing.ts';
import { QUERY_BYTES } from '../../node/minefield/statement.ts';
import type { EvidencePackage, Statement } from '../../node/minefield/types.ts';
import type { Message } from '../../node/wire/messages.ts';
import type { Adversary, AdversaryContext } from '../adversary.ts';
import { Archive } from './archive.ts';
import type { METHODS } from './declaration.ts';
import { FORGERIES, type Material } from './forgeries.ts';
import { Framing } from './framing.ts';
import { chooseVictims } from './victims.ts';

export { declaration } from './declaration.ts';

/** How often the victims are asked for something to work with. */
const LISTEN_MS = 500;

/** Listens while it sleeps; strikes between `start` and `stop`. */
export function create(context: AdversaryContext): Adversary {
  const forger = new Forger(context);
  return {
    decisions: {
      vote: (transaction, token, honest) => forger.vote(transaction, token, honest),
      heed: (from, message) => forger.heed(from, message),
    },
    order: (order) => forger.order(order),
    heard() {
      // Victims follow from what all forgers know: there is nothing to agree on.
    },
  };
}

class Forger {
  readonly #context: AdversaryContext;
  readonly #archive = new Archive();
  #order: AttackOrder | null = null;
  #isActive = false;
  #victims: readonly Id[] = [];
  #framing: Framing | null = null;
  /** By what is done again and again. */
  readonly #timers = new Map<string, Timer>();
  #forged = 0;

  constructor(context: AdversaryContext) {
    this.#context = context;
  }

  order(next: AttackOrder): void {
    const isAwake = next.action === 'start' || next.action === 'resume';
    const goesOn = isAwake || (next.action === 'set' && this.#isActive);
    this.#order = next;
    this.#rest();
    this.#isActive = goesOn;
    if (goesOn) this.#strike(next);
  }

  vote({ body }: Transaction, token: Id, honest: Ballot): Ballot {
    const isWanted = body.purpose.kind === 'slashing' && this.#victims.includes(token);
    return this.#does('capture') && isWanted ? 'valid' : honest;
  }

  heed(_from: Asker, message: Message): boolean {
    this.#archive.hear(message);
    if (message.type !== 'statement') return true;
    const { statement } = message;
    this.#framing?.hear(statement);
    if (this.#does('capture') && this.#victims.includes(statement.peer)) this.#propose(statement);
    return true;
  }

  #does(method: (typeof METHODS)[number]): boolean {
    const chosen = this.#order?.knobs['method'];
    return this.#isActive && (chosen === method || chosen === 'all');
  }

  #rest(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#framing?.stop();
    this.#framing = null;
  }

  #strike({ knobs, members }: AttackOrder): void {
    const { peer, host, say } = this.#context;
    const { parameters, membership, identity } = peer;
    const { k } = parameters;
    this.#victims = chooseVictims(membership, new Set(members), {
      k,
      count: Number(knobs['victims']),
    });
    say('accuses', { victims: this.#victims });
    this.#every('listen', LISTEN_MS, () => this.#listen());
    if (this.#does('forge')) {
      this.#every('forge', 1000 / Number(knobs['packagesPerSecond']), () => this.#forge());
    }
    // Every forger frames one: with the same they would spoil one another's timing.
    const victim = this.#victims[members.indexOf(identity.address) % this.#victims.length];
    const terms = paperTerms({ ...parameters, conflictRule: 'paper' });
    if (!this.#does('frame') || terms === null || victim === undefined) return;
    const { network } = identity.record;
    const framed = (evidence: EvidencePackage): void => this.#accuse(evidence);
    this.#framing = new Framing({ peer, host, victim, network, k, terms, framed });
    this.#framing.start();
  }

  #every(what: string, ms: number, run: () => void): void {
    run();
    this.#timers.set(
      what,
      this.#context.host.after(ms, () => this.#every(what, ms, run)),
    );
  }

  #accuse(evidence: EvidencePackage): void {
    const { peer, say } = this.#context;
    say('framed', { victim: evidence.accused });
    for (const id of peer.membership.known) peer.send(id, { type: 'evidence', evidence });
  }

  #listen(): void {
    const { peer, host } = this.#context;
    for (const victim of this.#victims) {
      const query = host.random(QUERY_BYTES);
      peer.send(victim, { type: 'ask-mapping', token: victim, query, direct: true });
    }
  }

  #materialOn(victim: Id): Material | null {
    const { identity, membership, chain } = this.#context.peer;
    const record = membership.get(victim)?.record;
    if (record === undefined) return null;
    return {
      network: identity.record.network,
      victim,
      record,
      words: this.#archive.of(victim),
      packages: this.#archive.packages,
      identityKey: identity.identityKey,
      lamppost: chain.session.lamppost,
    };
  }

  /** The next kind against the next victim, to a member drawn. */
  #forge(): void {
    const { peer, host } = this.#context;
    const kinds = Object.values(FORGERIES);
    const kind = kinds[this.#forged % kinds.length];
    const victim = this.#victims[Math.floor(this.#forged / kinds.length) % this.#victims.length];
    this.#forged += 1;
    const material = victim === undefined ? null : this.#materialOn(victim);
    const evidence = material === null ? null : (kind?.(material) ?? null);
    const { known } = peer.membership;
    const [at = 0] = new Uint32Array(host.random(4).buffer);
    if (evidence !== null) peer.send(known.at(at % known.size), { type: 'evidence', evidence });
  }

  /** A slashing that no package carries; honest voters have nothing to judge it by. */
  #propose({ peer: victim, token, answer }: Statement): void {
    if (answer === null || token !== victim) return;
    const { peer } = this.#context;
    const material = this.#materialOn(victim);
    const evidence = material === null ? null : (FORGERIES['mutated']?.(material) ?? null);
    if (evidence === null) return;
    const transaction = slashing(evidence, answer.mapping.tx, peer.identity.identityKey);
    if (transaction === null) return;
    for (const id of peer.membership.near(victim, peer.parameters.k)) {
      peer.send(id, { type: 'submit', transaction });
    }
  }
}
