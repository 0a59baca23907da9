/**
 * Sealed datagrams between members, clients and strangers (PROTOCOL.md 2), as a state machine over
 * Host. What arrives and is wrong is counted and dropped; nothing that was sent can throw.
 */
import type { Endpoint, Host, Timer } from '../host.ts';
import { x25519PublicKey } from '../crypto/x25519.ts';
import { hashBytes } from '../crypto/hash.ts';
import { plain } from '../codec/reader.ts';
import { storedU64 } from '../codec/stored.ts';
import { Writer } from '../codec/writer.ts';
import { idToBytes, type Id } from '../id.ts';
import type { RecordChecker } from '../identity/checker.ts';
import { encodeRecord, type IdentityRecord } from '../identity/record.ts';
import type { Identity } from '../identity/mint.ts';
import { Channel } from './channel.ts';
import { networkTag, prefixOf, readHeader, writeNonce } from './datagram.ts';
import { type Greeting, Handshake, type HandshakeContext } from './handshake.ts';
import { isRenewed, isSameRecord } from './introduction.ts';
import { linkKeys } from './keys.ts';
import { type Incoming, Intake } from './intake.ts';
import { Link } from './link.ts';
import { LinkTable } from './link-table.ts';
import {
  BODY_BYTES,
  DATAGRAM_BYTES,
  MAX_BANNED,
  MAX_MESSAGE_BYTES,
  ROTATION_TICKS,
  TICK_MS,
} from './limits.ts';
import { Observers } from './observers.ts';
import { type MessageValue, worth } from './shedding.ts';
import { TicketOffice } from './tickets.ts';
import { Traffic } from './traffic.ts';

/** Who a message came from. */
export interface Remote {
  /** Address of a peer, ephemeral public key of a client. */
  readonly id: Id;
  readonly kind: 'peer' | 'client';
}

/** A peer, where it is, and the record that makes it the owner of its address. */
export interface KnownPeer {
  readonly address: Id;
  readonly record: IdentityRecord;
  readonly endpoint: Endpoint;
}

export interface TransportOptions {
  readonly network: Id;
  readonly self:
    | { readonly kind: 'peer'; readonly identity: Identity }
    | { readonly kind: 'client'; readonly privateKey: Uint8Array };
  readonly checker: RecordChecker;
  /** Messages to one remote are gathered this long. */
  readonly batchWindowMs: number;
  /** For simulations: tickets stay good, so that idle links need not be given new ones. */
  readonly isQuiet?: boolean;
}

/** What a message's first byte says. */
export interface MessageKind {
  /** For counting: a name from the code, never from the network. */
  readonly type: string;
  readonly value: MessageValue;
}

export interface TransportHandlers {
  /** Looks at no more than the first byte. */
  kind(bytes: Uint8Array): MessageKind;
  /** Handles one message; false when it is malformed. */
  message(from: Remote, bytes: Uint8Array): boolean;
  /** Whom the caller vouches for, as `learn` does: links to these are made when first needed. */
  member?(id: Id): KnownPeer | undefined;
  /** `connected(id)` has changed. */
  connectedChanged?(id: Id): void;
  /** `observed` has changed. */
  observedChanged?(endpoint: Endpoint | null): void;
}

const EPOCH_KEY = 'transport/epoch';

export class Transport {
  readonly id: Id;
  readonly #options: TransportOptions;
  readonly #host: Host;
  readonly #handlers: TransportHandlers;
  readonly #links = new LinkTable();
  readonly #traffic = new Traffic();
  readonly #office: TicketOffice;
  readonly #handshake: Handshake;
  readonly #channel: Channel;
  readonly #context: HandshakeContext;
  readonly #intake: Intake;
  readonly #observers = new Observers();
  readonly #banned = new Set<Id>();
  readonly #epoch: number;
  readonly #nonceSecret: Uint8Array;
  #counter = 0;
  #ticks = 0;
  #tickTimer: Timer | null;

  constructor(options: TransportOptions, host: Host, handlers: TransportHandlers) {
    this.#options = options;
    this.#host = host;
    this.#handlers = handlers;
    const { self, network, checker } = options;
    const privateKey = self.kind === 'peer' ? self.identity.transportPrivateKey : self.privateKey;
    this.id = self.kind === 'peer' ? self.identity.address : x25519PublicKey(privateKey).toHex();
    this.#epoch = nextEpoch(host);
    this.#nonceSecret = host.random(32);
    this.#office = new TicketOffice((length) => host.random(length));
    this.#context = {
      network,
      tag: networkTag(network),
      checker,
      self: {
        id: this.id,
        idBytes: idToBytes(this.id),
        privateKey,
        record: self.kind === 'peer' ? encodeRecord(self.identity.record) : null,
      },
      host,
      office: this.#office,
      links: this.#links,
      member: (id) => handlers.member?.(id),
      nextNonce: (random) => this.#nextNonce(random),
      newLink: (identity, keys, endpoint, isMember) => {
        const nonceRandom = hashBytes('ticket', this.#nonceSecret, idToBytes(identity.id));
        const state = { keys, nonceRandom: nonceRandom.slice(0, 8), endpoint, isMember };
        return new Link(identity, state);
      },
      transmit: (to, datagram) => {
        this.#traffic.datagram('out', datagram.length);
        host.send(to, datagram);
      },
      drop: (reason, count) => this.#traffic.drop(reason, count),
      changed: (link) => this.#changed(link),
      observed: (remote, seenAt) => {
        if (this.#observers.hear(remote, seenAt)) handlers.observedChanged?.(this.observed);
      },
    };
    this.#handshake = new Handshake(this.#context);
    this.#channel = new Channel(this.#context, this.#traffic, this.#epoch);
    this.#intake = new Intake(host, {
      handle: (incoming) => this.#handle(incoming),
      shed: ({ type, bytes }) => this.#traffic.shed('shed-in', type, bytes.length),
    });
    this.#tickTimer = host.after(TICK_MS, () => this.#tick());
  }

  /** Where others see this one, as most of several say; null while that is not known. */
  get observed(): Endpoint | null {
    return this.#observers.agreed;
  }

  /** What was dropped since the start, by reason. */
  get dropped(): ReadonlyMap<string, number> {
    return this.#traffic.dropped;
  }

  /** A member that the caller vouches for: its record isn't checked again. A session it already has is kept. */
  learn(member: KnownPeer): void {
    this.#know(member, true);
  }

  /** A peer whose record the caller has checked, to be spoken with: forgotten when it falls silent. */
  meet(peer: KnownPeer): void {
    this.#know(peer, false);
  }

  /** A member is a stranger again: forgotten when it falls silent. */
  forget(id: Id): void {
    const link = this.#links.get(id);
    if (link !== undefined) this.#links.demote(link);
  }

  #greeting({ id, endpoint, nonceRandom }: Link): Greeting {
    const { nonce, counter } = this.#nextNonce(nonceRandom);
    const ticket = this.#office.issue(id, endpoint);
    return { prefix: prefixOf(nonce), epoch: this.#epoch, counter, ticket };
  }

  #reach(id: Id): Link | undefined {
    const link = this.#links.get(id);
    if (link !== undefined) return link;
    const member = this.#handlers.member?.(id);
    if (member !== undefined) this.#know(member, true);
    return this.#links.get(id);
  }

  #know(member: KnownPeer, isMember: boolean): void {
    const { address, endpoint } = member;
    if (address === this.id || this.#banned.has(address)) return;
    const record = encodeRecord(member.record);
    const known = this.#links.get(address);
    // What was told before may be out of date: its own hello since then counts more.
    const isKnown = known !== undefined && isSameRecord(known.record, record);
    if (known !== undefined && (isKnown || isRenewed(record, known.record))) {
      if (isMember) this.#links.promote(known);
      if (!known.up) known.endpoint = endpoint;
      return;
    }
    const keys = linkKeys(this.#options.network, this.#context.self, {
      id: address,
      transportKey: member.record.transportKey,
    });
    if (keys === null) {
      this.#traffic.drop('transport key of small order');
      return;
    }
    const identity = { id: address, transportKey: member.record.transportKey, record };
    const link = this.#context.newLink(identity, keys, endpoint, isMember);
    if (known !== undefined) this.#links.remove(known);
    if (!this.#links.add(link)) this.#traffic.drop('no room for members or strangers');
    if (known?.up === true) this.#handlers.connectedChanged?.(address);
  }

  /** Begins a handshake unless there is one or none is needed; retried for some seconds, then forgotten. */
  connect(id: Id): void {
    const link = this.#reach(id);
    if (link !== undefined && !link.up && this.#tickTimer !== null) this.#handshake.start(link);
  }

  /** For simulations: as if the two had shaken hands long ago. Nothing unless both know each other. */
  acquaint(other: Transport): void {
    const [there, back] = [this.#reach(other.id), other.#reach(this.id)];
    if (there === undefined || back === undefined || there.up || back.up) return;
    const [ours, theirs] = [this.#greeting(there), other.#greeting(back)];
    this.#handshake.shaken(there, theirs, this.#office.generation);
    other.#handshake.shaken(back, ours, other.#office.generation);
  }

  /** Whether each of us holds a live ticket of the other. */
  connected(id: Id): boolean {
    return this.#links.get(id)?.up ?? false;
  }

  /**
   * Queues a message, connecting when needed. False when it can't even be queued: an unknown or
   * banned remote, more than MAX_MESSAGE_BYTES. True promises nothing: this is UDP. The bytes are
   * kept as they are: nobody may change them.
   */
  send(to: Id, type: string, bytes: Uint8Array): boolean {
    const link = this.#reach(to);
    if (link === undefined || this.#tickTimer === null) {
      this.#traffic.drop('to an unknown remote');
      return false;
    }
    if (bytes.length > MAX_MESSAGE_BYTES || bytes.length === 0) {
      this.#traffic.drop('message of an impossible length');
      return false;
    }
    const value = worth(this.#handlers.kind(bytes).value, link);
    for (const shed of link.enqueue({ type, value, bytes })) {
      this.#traffic.shed('shed-out', shed.type, shed.bytes.length);
    }
    if (link.up) this.#flushSoon(link);
    else this.#handshake.start(link);
    return true;
  }

  /** One datagram from the network, whose bytes nobody changes any more. */
  receive(from: Endpoint, received: Uint8Array): void {
    if (this.#tickTimer === null) return;
    const datagram = plain(received);
    this.#traffic.datagram('in', datagram.length);
    const header =
      datagram.length > DATAGRAM_BYTES ? null : readHeader(this.#context.tag, datagram);
    if (header === null || header.sender === this.id) {
      this.#traffic.drop('no datagram for us');
      return;
    }
    if (this.#banned.has(header.sender)) {
      this.#traffic.drop('from a banned sender');
      return;
    }
    switch (header.kind) {
      case 'hello':
        this.#handshake.onHello(from, header, datagram);
        return;
      case 'challenge':
        this.#handshake.onChallenge(from, header, datagram);
        return;
      case 'welcome':
        this.#handshake.onWelcome(from, header, datagram);
        return;
      case 'data': {
        const opened = this.#channel.open(from, header, datagram);
        if (opened.kind === 'challenge') this.#handshake.challenge(from, header);
        if (opened.kind === 'messages') this.#deliver(opened.link, opened.messages);
      }
    }
  }

  /** Drops everything from and to it, from now on. */
  ban(id: Id): void {
    const [oldest] = this.#banned;
    if (oldest !== undefined && this.#banned.size >= MAX_BANNED) this.#banned.delete(oldest);
    this.#banned.add(id);
    if (this.#observers.forget(id)) this.#handlers.observedChanged?.(this.observed);
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#links.remove(link);
    link.up = false;
    this.#handlers.connectedChanged?.(id);
  }

  /** Says nothing and wakes no more. */
  stop(): void {
    for (const row of this.#traffic.take()) this.#host.report(row);
    this.#tickTimer?.cancel();
    this.#tickTimer = null;
    this.#intake.stop();
    this.#channel.stop();
    for (const link of this.#links.values()) link.cancelTimers();
  }

  #deliver(link: Link, messages: readonly Uint8Array[]): void {
    link.lastHeardTick = this.#ticks;
    const incoming: Incoming[] = [];
    for (const bytes of messages) {
      const { type, value } = this.#handlers.kind(bytes);
      incoming.push({ link, type, value: worth(value, link), bytes });
    }
    this.#traffic.messages('in', incoming);
    for (const message of incoming) this.#intake.offer(message);
    if (link.owesDatagram && link.up) this.#flushSoon(link);
  }

  #handle({ link, bytes }: Incoming): void {
    // The sender may have been banned since, by a message before this one.
    if (this.#links.get(link.id) !== link) return;
    const isWell = this.#handlers.message({ id: link.id, kind: link.kind }, bytes);
    if (!isWell) this.#traffic.drop('malformed message');
  }

  #flushSoon(link: Link): void {
    const windowMs = this.#options.batchWindowMs;
    if (windowMs === 0 || link.waitingBytes >= BODY_BYTES) {
      link.flushTimer?.cancel();
      link.flushTimer = null;
      this.#channel.flush(link);
      return;
    }
    link.flushTimer ??= this.#host.after(windowMs, () => {
      link.flushTimer = null;
      if (link.up) this.#channel.flush(link);
    });
  }

  #changed(link: Link): void {
    if (link.up) {
      link.lastHeardTick = this.#ticks;
      if (link.waitingBytes > 0) this.#flushSoon(link);
    }
    this.#handlers.connectedChanged?.(link.id);
  }

  #tick(): void {
    this.#tickTimer = this.#host.after(TICK_MS, () => this.#tick());
    this.#ticks += 1;
    const isRotating = this.#options.isQuiet !== true && this.#ticks % ROTATION_TICKS === 0;
    if (isRotating) this.#office.rotate();
    this.#handshake.tick();
    this.#channel.tick();
    for (const link of this.#links.values()) this.#tickLink(link);
    for (const row of this.#traffic.take()) this.#host.report(row);
  }

  #tickLink(link: Link): void {
    link.hellosThisTick = 0;
    const behind = this.#office.generation - link.heldGeneration;
    if (link.up && behind > 1) {
      link.up = false;
      this.#handlers.connectedChanged?.(link.id);
    } else if (link.up && behind === 1) {
      link.owesDatagram = true;
      this.#flushSoon(link);
    }
    const idleTicks = this.#ticks - link.lastHeardTick;
    const isIdle = !link.up && link.helloTimer === null && idleTicks > 2 * ROTATION_TICKS;
    if (isIdle && !link.isMember) this.#links.remove(link);
  }

  #nextNonce(random: Uint8Array): { nonce: Uint8Array; counter: number } {
    this.#counter += 1;
    return { nonce: writeNonce(this.#epoch, random, this.#counter), counter: this.#counter };
  }
}

/** Above every epoch this disk has seen; by the clock, also above those of a disk that was lost. */
function nextEpoch(host: Host): number {
  const epoch = Math.max((storedU64(host.store, EPOCH_KEY) ?? 0) + 1, host.now());
  host.store.put(EPOCH_KEY, new Writer().u64(epoch).finish());
  return epoch;
}
