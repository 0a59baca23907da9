/**
 * A client (issue item 6): submits transactions and asks questions at the rates it is told, open
 * loop, and keeps what it is answered. Its identity is an ephemeral transport key.
 */
import type { ClientLoad, Health } from '../control.ts';
import type { Endpoint, Host, Timer } from '../host.ts';
import { RecordChecker } from '../identity/checker.ts';
import type { Id } from '../id.ts';
import { Membership } from '../ledger/membership.ts';
import type { EvidencePackage, Statement } from '../minefield/types.ts';
import { paperTerms } from '../minefield/paper.ts';
import type { ProtocolParameters } from '../parameters.ts';
import { Accusations } from '../peer/accusations.ts';
import { neighbourhood } from '../peer/context.ts';
import { Finder } from '../peer/finder.ts';
import { foundedAt, type Founder, Genesis, storeFoundedAt } from '../peer/genesis.ts';
import { Speakers } from '../peer/speakers.ts';
import { Verdicts } from '../peer/verdicts.ts';
import { Transport } from '../transport/transport.ts';
import { isQuorum } from '../voting/rules.ts';
import { decodeMessage, encodeMessage, kindOf, type Message } from '../wire/messages.ts';
import { Questions } from './questions.ts';
import { LoadRandom } from './random.ts';
import { Submissions } from './submissions.ts';
import { Wallet } from './wallet.ts';

const TICK_MS = 200;
const CONNECT_MS = 2000;
/** Members connected to from the start; others when a token first needs them, two round trips later. */
const MAX_EAGER = 64;
/** Others' tokens seen in statements, oldest forgotten. */
const MAX_SEEN = 512;

export interface ClientOptions {
  readonly network: Id;
  readonly parameters: ProtocolParameters;
  /** X25519, ephemeral. */
  readonly privateKey: Uint8Array;
  readonly endpoint: Endpoint;
  /** Shared by all of this process: then a store keeps none of its own, and is given it again. */
  readonly genesis?: Genesis | undefined;
}

export class Client {
  readonly membership: Membership;
  readonly #options: ClientOptions;
  readonly #host: Host;
  readonly #transport: Transport;
  readonly #speakers: Speakers;
  readonly #accusations: Accusations;
  /** Under `conflictRule: paper` it bans only whom the neighbours' vote has slashed. */
  readonly #verdicts: Verdicts;
  readonly #questions: Questions;
  readonly #submissions: Submissions;
  readonly #finder: Finder;
  readonly #seen = new Set<Id>();
  readonly #timers = new Map<string, Timer>();
  #wallet: Wallet | null = null;
  #founded = false;
  #started = false;
  #meshed = false;

  constructor(options: ClientOptions, host: Host) {
    const { network, parameters, privateKey } = options;
    this.#options = options;
    this.#host = host;
    this.membership = new Membership(parameters);
    const checker = new RecordChecker(network, parameters.pow, () => host.now());
    this.#transport = new Transport(
      {
        network,
        self: { kind: 'client', privateKey },
        checker,
        batchWindowMs: parameters.batchWindowMs,
      },
      host,
      {
        kind: kindOf,
        message: (from, bytes) => this.#message(from.id, bytes),
        member: (id) => this.membership.get(id),
      },
    );
    const { membership } = this;
    const paper = paperTerms(parameters);
    this.#speakers = new Speakers(network, (address) => membership.get(address), paper);
    const judging = { network, parameters, membership, checker, awaitsVote: paper !== null };
    this.#accusations = new Accusations(judging, host, {
      banned: (accused) => this.#banned(accused),
      spread: (evidence) => this.#spread(evidence),
    });
    const events = {
      send: (to: Id, message: Message) => this.#send(to, message),
      neighbourhood: (token: Id, extra?: number) =>
        neighbourhood({ membership, parameters }, token, extra),
    };
    this.#verdicts = new Verdicts({ host, membership, parameters, send: events.send }, (accused) =>
      this.#accusations.execute(accused),
    );
    this.#questions = new Questions(host, events);
    this.#submissions = new Submissions(parameters, host, events);
    this.#finder = new Finder({ self: this.address, parameters, membership, checker }, host, {
      send: events.send,
      meet: (member) => this.#transport.meet(member),
      learnt: (member) => this.#transport.learn(member),
      left: () => {},
      isBanned: (id) => this.#accusations.isBanned(id),
    });
    if (foundedAt(host.store) === null) return;
    const genesis = options.genesis ?? Genesis.stored(host.store, network);
    if (genesis !== null) this.#join(genesis);
  }

  /** Its ephemeral public key, hex. */
  get address(): Id {
    return this.#transport.id;
  }

  get founded(): boolean {
    return this.#founded;
  }

  /** The genesis. Throws an Error for a record that does not hold; the second call does nothing. */
  found(founders: readonly Founder[]): void {
    if (this.#founded) return;
    const { network, parameters } = this.#options;
    const genesis = Genesis.of(founders, network, parameters.pow);
    genesis.store(this.#host.store);
    this.join(genesis);
  }

  /** The genesis that it shares with others, as `ClientOptions.genesis` says. */
  join(genesis: Genesis): void {
    if (this.#founded) return;
    storeFoundedAt(this.#host.store, this.#host.now());
    this.#join(genesis);
    if (this.#started) this.#connect();
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#reportLife('started');
    this.#every('tick', TICK_MS, () => {
      this.membership.advance(this.#host.now());
      this.#submissions.tick();
    });
    this.#every('connect', CONNECT_MS, () => this.#connect());
    this.#connect();
  }

  /** From now on; null ends it. What is under way is still followed to its end. */
  load(load: ClientLoad | null): void {
    this.#timers.get('submit')?.cancel();
    this.#timers.get('ask')?.cancel();
    if (load === null) return;
    const transactions = new LoadRandom(`${load.seed}/transactions`);
    // Its own stream: what is asked for depends on nothing that happens.
    const questions = new LoadRandom(`${load.seed}/questions`);
    this.#wallet = new Wallet(
      this.#options.network,
      transactions,
      (length) => this.#host.random(length),
      this.#options.parameters,
    );
    this.#arrivals('submit', load.transactionsPerSecond, transactions, () => this.#submit(load));
    this.#arrivals('ask', load.queryRatePerSecond, questions, () => this.#ask(load, questions));
  }

  receive(from: Endpoint, datagram: Uint8Array): void {
    if (this.#started) this.#transport.receive(from, datagram);
  }

  health(): Health {
    const wanted = this.#wanted();
    const connected = wanted.filter((id) => this.#transport.connected(id)).length;
    return {
      meshed: this.#founded && isQuorum(connected, wanted.length),
      connected,
      wanted: wanted.length,
      members: this.membership.size,
      banned: this.#accusations.banned,
      epoch: 0,
      height: 0,
      tokens: this.#wallet?.tokens.length ?? 0,
      pending: this.#submissions.size,
      frozen: 0,
    };
  }

  stop(): void {
    if (!this.#started) return;
    this.#started = false;
    this.#reportLife('stopping');
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#transport.stop();
  }

  get #near() {
    return { membership: this.membership, parameters: this.#options.parameters };
  }

  #join(genesis: Genesis): void {
    this.#founded = true;
    this.membership.found(genesis.members);
    this.#accusations.restore();
    for (const accused of this.#accusations.awaiting) this.#verdicts.await(accused);
  }

  /** Those nearest its own key: each client others, so that no member bears all of them. */
  #wanted(): readonly Id[] {
    return this.membership.near(this.address, MAX_EAGER);
  }

  #connect(): void {
    for (const id of this.#wanted()) this.#transport.connect(id);
    if (this.#meshed || !this.health().meshed) return;
    this.#meshed = true;
    this.#reportLife('meshed');
  }

  #submit(load: ClientLoad): void {
    const wallet = this.#wallet;
    if (wallet === null || this.#submissions.isFull) return;
    const draft = wallet.draw(load, this.#host.now());
    const { transaction } = draft;
    this.#submissions.submit(draft, wallet);
    // Who keeps its tokens may have changed: those found hear of it at once.
    for (const { token } of transaction.body.changes) {
      this.#finder.refresh(token, () => this.#submissions.sendAgain(transaction.id));
    }
  }

  #ask(load: ClientLoad, random: LoadRandom): void {
    // Own tokens, identity tokens of members, and what others' answers have shown.
    const { known } = this.membership;
    const pools: readonly { readonly size: number; at(index: number): Id | undefined }[] = [
      listed(this.#wallet?.tokens ?? []),
      listed([...this.#seen]),
      known,
    ].filter(({ size }) => size > 0);
    const pool = pools[random.below(pools.length)];
    const token = pool?.at(random.below(pool.size));
    if (token === undefined) return;
    const near = [...neighbourhood(this.#near, token)];
    const asked: Id[] = [];
    while (asked.length < load.askPeers && near.length > 0) {
      asked.push(...near.splice(random.below(near.length), 1));
    }
    this.#questions.ask(token, asked);
  }

  #message(from: Id, bytes: Uint8Array): boolean {
    const message = decodeMessage(bytes);
    if (!message.ok) return false;
    const { value } = message;
    if (value.type === 'committed') this.#submissions.onCommitted(from, value.tx);
    else if (value.type === 'statement') this.#onStatement(from, value.statement);
    else if (value.type === 'evidence') this.#accuse(from, value.evidence);
    else if (value.type === 'found') this.#finder.onFound(from, value.near, value.members);
    return true;
  }

  #onStatement(from: Id, statement: Statement): void {
    const heard = this.#speakers.hearStatement(statement);
    if (heard.kind === 'offence') this.#accuse(null, heard.evidence);
    if (heard.kind === 'kept') this.#verdicts.hear(statement);
    if (heard.kind === 'refused' || !this.#questions.hear(from, statement)) return;
    for (const { mapping } of statement.recent) {
      const [oldest] = this.#seen;
      if (oldest !== undefined && this.#seen.size >= MAX_SEEN) this.#seen.delete(oldest);
      this.#seen.add(mapping.token);
    }
  }

  #accuse(from: Id | null, evidence: EvidencePackage): void {
    const isNew = this.#accusations.hear(from, evidence);
    if (isNew && this.#options.parameters.conflictRule === 'paper') {
      this.#verdicts.await(evidence.accused);
    }
  }

  #banned(accused: Id): void {
    this.membership.remove(accused, this.#host.now());
    this.#transport.ban(accused);
    this.#speakers.forget(accused);
  }

  #spread(evidence: EvidencePackage): void {
    for (const id of neighbourhood(this.#near, evidence.accused)) {
      this.#send(id, { type: 'evidence', evidence });
    }
  }

  #send(to: Id, message: Message): void {
    this.#transport.send(to, message.type, encodeMessage(message));
  }

  #arrivals(name: string, perSecond: number, random: LoadRandom, run: () => void): void {
    if (!(perSecond > 0)) return;
    const next = (): void => {
      const waitMs = random.intervalMs(perSecond);
      this.#timers.set(
        name,
        this.#host.after(waitMs, () => {
          next();
          if (this.#founded) run();
        }),
      );
    };
    next();
  }

  #every(name: string, periodMs: number, run: () => void): void {
    const again = (): void => {
      this.#timers.set(name, this.#host.after(periodMs, again));
      if (this.#founded) run();
    };
    this.#timers.set(name, this.#host.after(periodMs, again));
  }

  #reportLife(event: 'started' | 'meshed' | 'stopping'): void {
    const { address } = this;
    const none = { epoch: 0, height: 0, mintAttempts: null };
    this.#host.report({ table: 'peers', address, event, kind: 'client', ...none });
  }
}

function listed(ids: readonly Id[]): { readonly size: number; at(index: number): Id | undefined } {
  return { size: ids.length, at: (index) => ids[index] };
}
