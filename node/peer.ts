/**
 * A peer: the state machine between its transport and its parts. It touches nothing but its Host
 * and asks `Decisions` at the points named there. What is sent to it can't make it throw.
 */
import type { Health } from './control.ts';
import { deciding, type Decisions } from './decisions.ts';
import type { Endpoint, Host, Timer } from './host.ts';
import type { Id } from './id.ts';
import { RecordChecker } from './identity/checker.ts';
import { isStale } from './identity/freshness.ts';
import { type Identity, mint, renewed } from './identity/mint.ts';
import { storedIdentity, storeIdentity } from './identity/stored.ts';
import { Chain } from './ledger/chain.ts';
import { Membership } from './ledger/membership.ts';
import { CANDIDATE } from './ledger/standing.ts';
import type { ProtocolParameters } from './parameters.ts';
import { neighbourhood, type PeerContext } from './peer/context.ts';
import { foundedAt, type Founder, Genesis, storeFoundedAt } from './peer/genesis.ts';
import { Holdings } from './peer/holdings.ts';
import { PeerParts } from './peer/parts.ts';
import type { SyncProgress } from './peer/progress.ts';
import { registrationRow } from './peer/rows.ts';
import { UPKEEP_MS } from './peer/upkeep.ts';
import type { PeerRow } from './telemetry.ts';
import { Transport } from './transport/transport.ts';
import { decodeMessage, encodeMessage, kindOf, type Message } from './wire/messages.ts';

/** PROTOCOL.md 3; of this network's time, not scaled: it is felt as latency. */
export const ROUND_MS = 500;
/** Ticks while something is under way; repeats are due at times apart by much more. */
const BUSY_TICK_MS = 100;
/** In rounds: what a peer asks its neighbours when nothing happens. */
const ROUNDS_PER_UPKEEP = UPKEEP_MS / ROUND_MS;
/** In rounds: connections that were lost are made again this often. */
const ROUNDS_PER_CONNECT = 4;

export interface PeerOptions {
  readonly network: Id;
  readonly parameters: ProtocolParameters;
  readonly identity: Identity;
  /** Minted at this start: it has no past. */
  readonly isFresh: boolean;
  readonly endpoint: Endpoint;
  /** May change while the peer lives: it is asked each time. */
  readonly decisions?: Partial<Decisions>;
  /** Shared by all of this process: then a store keeps none of its own, and is given it again. */
  readonly genesis?: Genesis | undefined;
  /**
   * For simulated networks too large to have everybody awake (lab/simulator/lazy.ts): finds the peer
   * at an address, and wakes it. Whoever has this is connected to its neighbours from the start, and
   * only answers: it asks nobody, announces nothing and connects to none of its own accord.
   */
  readonly wake?: (id: Id) => Peer | undefined;
}

export interface OpenOptions extends Omit<PeerOptions, 'identity' | 'isFresh'> {
  /** The identity, when the process has just minted it for this store; none otherwise. */
  readonly minted?: Identity | null;
}

/** Mints an identity at the first start, loads it afterwards, and renews what was signed long ago. */
export function openPeer({ minted = null, ...options }: OpenOptions, host: Host): Peer {
  const stored = minted === null ? storedIdentity(host.store) : null;
  const found = stored ?? minted ?? mint(options.network, options.parameters.pow, host);
  const identity = isStale(found.record, host.now(), options.parameters)
    ? renewed(found, host.now())
    : found;
  if (identity !== stored) storeIdentity(host.store, identity);
  return new Peer({ ...options, identity, isFresh: stored === null }, host);
}

export class Peer {
  readonly identity: Identity;
  readonly chain: Chain;
  readonly membership: Membership;
  readonly #options: PeerOptions;
  readonly #host: Host;
  readonly #holdings: Holdings;
  readonly #transport: Transport;
  readonly #context: PeerContext;
  readonly #parts: PeerParts;
  #roundTimer: Timer | null = null;
  /** Runs while something is under way. */
  #tickTimer: Timer | null = null;
  #rounds = 0;
  /** The last message sent. */
  #encoded: { readonly message: Message; readonly bytes: Uint8Array } | null = null;
  #founded = false;
  #started = false;
  #meshed = false;

  constructor(options: PeerOptions, host: Host) {
    const { network, parameters, identity, isFresh } = options;
    this.#options = options;
    this.#host = host;
    this.identity = identity;
    this.membership = new Membership(parameters);
    const { timeScale } = parameters;
    this.chain = new Chain({ network, peer: identity.address, timeScale }, host.store);
    this.#holdings = new Holdings(this.chain, host.store);
    const checker = new RecordChecker(network, parameters.pow, () => host.now());
    this.#transport = new Transport(
      {
        network,
        self: { kind: 'peer', identity },
        checker,
        batchWindowMs: parameters.batchWindowMs,
        isQuiet: options.wake !== undefined,
      },
      host,
      {
        kind: kindOf,
        message: (from, bytes) => this.#message(from, bytes),
        member: (id) => this.membership.get(id),
      },
    );
    this.#context = {
      network,
      parameters,
      self: identity.address,
      host,
      membership: this.membership,
      checker,
      holdings: this.#holdings,
      decisions: deciding(() => options.decisions ?? {}),
      send: (to, message) => this.send(to, message),
    };
    this.#parts = new PeerParts(this.#context, identity, {
      ban: (id) => this.#transport.ban(id),
      learn: (member) => this.#transport.learn(member),
      forget: (id) => this.#transport.forget(id),
      meet: (member) => this.#transport.meet(member),
      endpoint: () => this.#transport.observed ?? options.endpoint,
      phaseChanged: (phase) => this.#reportLife(phase),
      isFresh,
      isQuiet: options.wake !== undefined,
      connected: (id) => this.#transport.connected(id),
      connect: (id) => this.#transport.connect(id),
    });
    if (foundedAt(host.store) === null) return;
    const genesis = options.genesis ?? Genesis.stored(host.store, network);
    if (genesis !== null) this.#join(genesis);
  }

  /** The network's. */
  get parameters(): ProtocolParameters {
    return this.#options.parameters;
  }

  /** Does it know the genesis? */
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

  /** The genesis that it shares with others, as `PeerOptions.genesis` says. */
  join(genesis: Genesis): void {
    if (this.#founded) return;
    storeFoundedAt(this.#host.store, this.#host.now());
    this.#join(genesis);
    this.#reportFounders();
    if (this.#started) this.#connect();
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#reportLife('started');
    const [phase = 0] = this.#host.random(1);
    this.#roundTimer = this.#host.after(phase, () => this.#round());
    this.#connect();
  }

  receive(from: Endpoint, datagram: Uint8Array): void {
    if (this.#started) this.#transport.receive(from, datagram);
  }

  health(): Health {
    const { k } = this.#options.parameters;
    const { phase, tokens, density } = this.#parts.synchronisation;
    const wanted = this.#parts.neighbours.slice(0, k);
    const connected = wanted.filter((id) => this.#transport.connected(id)).length;
    return {
      meshed: this.#founded && this.#parts.opened && connected === wanted.length,
      connected,
      wanted: wanted.length,
      members: this.membership.size,
      height: this.chain.height,
      tokens: this.#holdings.tokens.size,
      ...this.#parts.condition,
      synchronisation: phase === 'idle' ? undefined : { tokens, density },
    };
  }

  stop(): void {
    if (!this.#started) return;
    this.#started = false;
    this.#reportLife('stopping');
    this.#roundTimer?.cancel();
    this.#tickTimer?.cancel();
    this.#tickTimer = null;
    this.#transport.stop();
  }

  /** Sends a message as this peer: to itself never. */
  send(to: Id, message: Message): void {
    if (to === this.identity.address) return;
    const uttered = this.#context.decisions.utter(to, message);
    if (uttered !== null) this.#send(to, uttered);
  }

  #send(to: Id, message: Message): void {
    this.#acquaint(to);
    this.#parts.sent(to, message);
    // Most messages go to a whole neighbourhood, one after the other.
    if (this.#encoded?.message !== message) {
      this.#encoded = { message, bytes: encodeMessage(message) };
    }
    this.#transport.send(to, message.type, this.#encoded.bytes);
  }

  /** How far it has come in learning what its neighbourhood holds. */
  get synchronisation(): SyncProgress {
    return this.#parts.synchronisation;
  }

  /** Takes the next statement number: an adversary that makes its own keeps them in order. */
  nextSequence(): number {
    return this.#parts.nextSequence();
  }

  #join(genesis: Genesis): void {
    this.#founded = true;
    this.membership.found(genesis.members);
    const { parameters, endpoint } = this.#options;
    const { address, record } = this.identity;
    // Whom the genesis does not name is a newcomer, and knows itself first.
    if (!this.membership.has(address))
      this.membership.add({ address, record, endpoint }, CANDIDATE);
    this.#holdings.setFounding(genesis);
    const near = this.membership
      .foundersAround(address, parameters.k)
      .filter((founder) => neighbourhood(this.#context, founder).includes(address));
    this.#parts.restore(near.flatMap((founder) => genesis.mapping(founder) ?? []));
  }

  /** The genesis as this peer was told it: its own part, which k others around it tell as well. */
  #reportFounders(): void {
    const { parameters, wake } = this.#options;
    // Who sleeps until something reaches it must come into being fast.
    if (wake !== undefined) return;
    for (const address of this.membership.foundersAround(this.identity.address, parameters.k)) {
      const member = this.membership.get(address);
      if (member !== undefined && address !== this.identity.address) {
        this.#host.report(registrationRow(member, 'genesis'));
      }
    }
  }

  /** Where nobody connects on purpose, neighbours are connected when it first matters. */
  #acquaint(to: Id): void {
    const { wake } = this.#options;
    if (wake === undefined || this.#transport.connected(to)) return;
    // All that may share a neighbourhood with it: what the topology adds is not worth a look at everybody.
    const near = this.membership.near(this.identity.address, 2 * this.#options.parameters.k + 1);
    const other = near.includes(to) ? wake(to) : undefined;
    if (other !== undefined) this.#transport.acquaint(other.#transport);
  }

  #connect(): void {
    if (this.#options.wake !== undefined) return;
    for (const id of this.#parts.neighbours) this.#transport.connect(id);
    if (this.#meshed || !this.health().meshed) return;
    this.#meshed = true;
    this.#reportLife('meshed');
  }

  #message(from: { id: Id; kind: 'peer' | 'client' }, bytes: Uint8Array): boolean {
    const message = decodeMessage(bytes);
    if (!message.ok) return false;
    if (this.#founded && this.#started && this.#context.decisions.heed(from, message.value)) {
      this.#parts.onMessage(from, message.value, bytes.length);
      this.#tickWhileBusy();
    }
    return true;
  }

  /**
   * All that an idle peer does at times of its own: where many processes share a core, waking one
   * costs more than what it then does.
   */
  #round(): void {
    this.#roundTimer = this.#host.after(ROUND_MS, () => this.#round());
    if (!this.#founded) return;
    this.#rounds += 1;
    this.#parts.round();
    if (this.#rounds % ROUNDS_PER_UPKEEP === 0) this.#parts.upkeep();
    if (this.#rounds % ROUNDS_PER_CONNECT === 0) this.#connect();
    if (this.#tickTimer === null) this.#parts.tick();
    this.#tickWhileBusy();
  }

  #tickWhileBusy(): void {
    if (this.#tickTimer !== null || !this.#parts.isBusy) return;
    this.#tickTimer = this.#host.after(BUSY_TICK_MS, () => {
      this.#tickTimer = null;
      this.#parts.tick();
      this.#tickWhileBusy();
    });
  }

  #reportLife(event: PeerRow['event']): void {
    this.#host.report({
      table: 'peers',
      address: this.identity.address,
      event,
      kind: 'peer',
      epoch: this.#parts.condition.epoch,
      // Before its first block a chain's height is -1, which the table does not take.
      height: Math.max(0, this.chain.height),
      mintAttempts: event === 'started' ? this.identity.attempts : null,
    });
  }
}
