/**
 * From an offence to its end (PROTOCOL.md 7): the package is verified, its accused banned, everyone
 * near told, and the identity token destroyed by a vote of its neighbourhood.
 */
import { type Id, ZERO_ID } from '../id.ts';
import type { SigningKey } from '../crypto/ed25519.ts';
import type { Transaction } from '../ledger/types.ts';
import { doubleVote } from '../minefield/conflict.ts';
import { assemble, packageHash } from '../minefield/evidence.ts';
import { proposalDelayMs, slashing } from '../minefield/slashing.ts';
import type { EvidencePackage, Statement } from '../minefield/types.ts';
import type { SignedVote } from '../voting/signed-vote.ts';
import { Accusations } from './accusations.ts';
import { Allowance } from './allowance.ts';
import type { Committer } from './committer.ts';
import type { SlashTally } from './committer-events.ts';
import { neighbourhood, type PeerContext } from './context.ts';
import { Verdicts } from './verdicts.ts';

/** Who hears of a ban from this peer: so many on either side of the ring, so that all are reached, */
const BESIDE = 2;
/** and so many drawn from all members, so that it takes few hops. */
const DRAWN = 6;
/** Packages sent to one that knows of other bans, and how often: about 2 KB each. */
const MAX_CAUGHT_UP = 8;
const CATCH_UP_MS = 2000;

/** Clients to tell of a ban, those that were silent longest forgotten. */
const MAX_CLIENTS_KNOWN = 256;

/**
 * It is no member any more: end its connections, forget its words. `wasBeside`: neighbourhoods
 * that this peer may belong to had it as a member.
 */
export type Banned = (accused: Id, wasBeside: boolean) => void;

export class Prosecution {
  readonly #context: PeerContext;
  readonly #proposer: SigningKey;
  readonly #onBanned: Banned;
  readonly #accusations: Accusations;
  readonly #verdicts: Verdicts;
  /** The vote decides, not the package. */
  readonly #isPaper: boolean;
  readonly #caughtUp = new Allowance(1, CATCH_UP_MS);
  readonly #clients = new Set<Id>();
  /** Votes on slashings; it asks this one for packages in turn. */
  readonly #committer: () => Committer;

  constructor(
    context: PeerContext,
    proposer: SigningKey,
    onBanned: Banned,
    committer: () => Committer,
  ) {
    const { network, parameters, membership, checker, host } = context;
    this.#context = context;
    this.#proposer = proposer;
    this.#onBanned = onBanned;
    this.#committer = committer;
    this.#isPaper = parameters.conflictRule === 'paper';
    const options = { network, parameters, membership, checker, awaitsVote: this.#isPaper };
    this.#accusations = new Accusations(options, host, {
      banned: (accused) => this.#banned(accused),
      spread: (evidence, isFinder) => this.#spread(evidence, isFinder),
    });
    this.#verdicts = new Verdicts(context, (accused) => this.#accusations.execute(accused));
  }

  get banned(): number {
    return this.#accusations.banned;
  }

  /** After the genesis is known: bans of an earlier life hold on, and waits for a vote go on. */
  restore(): void {
    this.#accusations.restore();
    for (const accused of this.#accusations.awaiting) this.#awaitVote(accused);
  }

  convicts(charge: Id, token: Id): boolean {
    return this.#accusations.convicts(charge, token);
  }

  isBanned(id: Id): boolean {
    return this.#accusations.isBanned(id);
  }

  /** The package that banned it here. */
  against(accused: Id): EvidencePackage | undefined {
    return this.#accusations.against(accused);
  }

  /** A client has asked or told this peer something: it shall hear of bans. */
  meet(client: Id): void {
    this.#clients.delete(client);
    this.#clients.add(client);
    const [silent] = this.#clients;
    if (silent !== undefined && this.#clients.size > MAX_CLIENTS_KNOWN) {
      this.#clients.delete(silent);
    }
  }

  /** `from` null: found here. */
  hear(from: Id | null, evidence: EvidencePackage): void {
    if (!this.#accusations.hear(from, evidence)) return;
    if (this.#isPaper) this.#awaitVote(evidence.accused);
    this.#committer().rejudge();
  }

  /** Two verified votes of one member, which no honest one casts both. */
  hearVotes(a: SignedVote, b: SignedVote): void {
    const member = this.#context.membership.get(a.peer);
    const conflict = doubleVote(a, b);
    if (member === undefined || conflict === null) return;
    const { network } = this.#context;
    const { address, record } = member;
    this.hear(null, assemble(conflict, { network, address, record }));
  }

  /** A verified statement: perhaps of a vote that has passed. */
  hearStatement(statement: Statement): void {
    this.#verdicts.hear(statement);
  }

  get digest(): Id {
    return this.#accusations.digest;
  }

  /** `id` has banned others than this peer: perhaps it missed some, as when it was cut off. */
  catchUp(id: Id, digest: Id): void {
    const { host, membership, send } = this.#context;
    if (digest === this.digest || !membership.has(id)) return;
    if (!this.#caughtUp.take(id, host.now())) return;
    const { all } = this.#accusations;
    // Not always the same ones, should they be many.
    const [from = 0] = host.random(1);
    for (let index = 0; index < Math.min(all.length, MAX_CAUGHT_UP); index += 1) {
      const evidence = all[(from + index) % all.length];
      if (evidence !== undefined) send(id, { type: 'evidence', evidence });
    }
  }

  /** A slashing passed or ran out of time here. */
  slashed(transaction: Transaction, outcome: 'executed' | 'rejected', tally: SlashTally): void {
    const accused = transaction.body.changes[0]?.token ?? '';
    // A rival proposal that ran out of time after another was executed was not rejected.
    const isDone = this.#context.holdings.mapping(accused)?.owner === ZERO_ID;
    if (outcome === 'executed' || !isDone) this.report(transaction, outcome, tally);
    if (outcome === 'executed') this.#verdicts.settle(accused);
  }

  report(
    { id, body }: Transaction,
    event: 'proposed' | 'voted' | 'executed' | 'rejected',
    tally: SlashTally | null,
  ): void {
    const accused = body.changes[0]?.token ?? '';
    const evidence = this.#accusations.against(accused);
    this.#context.host.report({
      table: 'slashing',
      accused,
      event,
      package: evidence === undefined ? '' : packageHash(evidence),
      tx: id,
      votesFor: tally?.valid ?? null,
      votesAgainst: tally?.invalid ?? null,
    });
  }

  #banned(accused: Id): void {
    const { host, membership, parameters, self } = this.#context;
    if (accused === self) return;
    const wasBeside = membership.beside(self, parameters.k).includes(accused);
    membership.remove(accused, host.now());
    this.#onBanned(accused, wasBeside);
    if (!this.#isPaper) this.#proposeLater(accused);
  }

  #awaitVote(accused: Id): void {
    this.#verdicts.await(accused);
    this.#proposeLater(accused);
  }

  #proposeLater(accused: Id): void {
    const { host, self } = this.#context;
    const near = neighbourhood(this.#context, accused).filter((id) => id !== accused);
    const delayMs = proposalDelayMs(near, self);
    if (delayMs !== null) host.after(delayMs, () => this.#propose(accused));
  }

  #spread(evidence: EvidencePackage, isFinder: boolean): void {
    const { membership, self, send } = this.#context;
    const near = neighbourhood(this.#context, evidence.accused);
    // Clients count votes of neighbourhoods too; those near the accused tell them all.
    const clients = near.includes(self) ? this.#clients : [];
    const to = [...membership.beside(self, BESIDE), ...this.#drawn(), ...clients];
    // Those near it, who must vote, from the one who found it.
    if (isFinder) to.push(...near);
    for (const id of new Set(to)) send(id, { type: 'evidence', evidence });
  }

  #drawn(): readonly Id[] {
    const { host, membership } = this.#context;
    const { known } = membership;
    if (known.size === 0) return [];
    const numbers = new Uint32Array(host.random(4 * DRAWN).buffer);
    return [...numbers].map((number) => known.at(number));
  }

  #propose(accused: Id): void {
    const { holdings, self, send } = this.#context;
    const evidence = this.#accusations.against(accused);
    const mapping = holdings.mapping(accused);
    if (evidence === undefined || mapping === undefined || mapping.owner === ZERO_ID) return;
    const transaction = slashing(evidence, mapping.tx, this.#proposer);
    if (transaction === null) return;
    this.report(transaction, 'proposed', null);
    for (const id of neighbourhood(this.#context, accused)) {
      send(id, { type: 'evidence', evidence });
      send(id, { type: 'submit', transaction });
    }
    this.#committer().onTransaction(self, transaction, 'submit');
  }
}
