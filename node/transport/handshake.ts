/**
 * First contact and return after a restart. The initiator sends a hello; whoever hasn't proved its
 * address gets a challenge (a ticket, smaller than what it answers, no state, no key agreement) and
 * says hello again with it; the answer is a welcome that names the hello, so that both know the
 * other's present epoch. A challenge also answers data from a remote without a session: it then
 * means "I forgot you", and the same hello mends it.
 */
import type { Endpoint, Host } from '../host.ts';
import { decode } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import type { Id } from '../id.ts';
import type { RecordChecker } from '../identity/checker.ts';
import { isFromFuture } from '../identity/freshness.ts';
import { encodeRecord, type IdentityRecord, readRecord } from '../identity/record.ts';
import { prefixOf, writeHeader, type Header } from './datagram.ts';
import { isSameEndpoint, readEndpoint, writeEndpoint } from './endpoint.ts';
import { introducedBy, introduction, isRenewed, isSameRecord } from './introduction.ts';
import { linkKeys, type LinkKeys } from './keys.ts';
import { Link, type RemoteIdentity } from './link.ts';
import type { LinkTable } from './link-table.ts';
import {
  CHALLENGES_PER_TICK,
  CHALLENGE_BYTES,
  HEADER_BYTES,
  HELLO_BYTES,
  HELLO_CLEAR_BYTES,
  HELLO_WAITS_MS,
  HELLOS_PER_TICK,
  MAX_PENDING_HELLOS,
  STRANGER_KEYS_PER_TICK,
  TICKET_BYTES,
} from './limits.ts';
import { TAG_BYTES } from '../crypto/box.ts';
import type { TicketOffice } from './tickets.ts';

/** What the handshake shares with the transport around it. */
export interface HandshakeContext {
  readonly network: Id;
  readonly tag: Uint8Array;
  /** Shared by all that check what strangers claim to be. */
  readonly checker: RecordChecker;
  readonly self: {
    readonly id: Id;
    readonly idBytes: Uint8Array;
    readonly privateKey: Uint8Array;
    /** Encoded record of a peer, null for a client. */
    readonly record: Uint8Array | null;
  };
  readonly host: Host;
  readonly office: TicketOffice;
  readonly links: LinkTable;
  /** A member, with a link or without one so far. */
  member(id: Id): { readonly record: IdentityRecord } | undefined;
  nextNonce(random: Uint8Array): { nonce: Uint8Array; counter: number };
  newLink(identity: RemoteIdentity, keys: LinkKeys, endpoint: Endpoint, isMember: boolean): Link;
  transmit(to: Endpoint, datagram: Uint8Array): void;
  drop(reason: string, count?: number): void;
  /** The link came up, or went down. */
  changed(link: Link): void;
  /** This remote says that it sees us at `endpoint`. */
  observed(remote: Id, endpoint: Endpoint): void;
}

/** A nonce of one side of a link, and its ticket for the other. */
export interface Greeting {
  readonly prefix: string;
  readonly epoch: number;
  readonly counter: number;
  readonly ticket: Uint8Array;
}

const HELLO_PLAIN_BYTES = HELLO_BYTES - HELLO_CLEAR_BYTES - TAG_BYTES;
const NO_TICKET = new Uint8Array(TICKET_BYTES);

export class Handshake {
  readonly #context: HandshakeContext;
  readonly #introduction: Uint8Array;
  #strangerKeysLeft = STRANGER_KEYS_PER_TICK;
  #challengesLeft = CHALLENGES_PER_TICK;

  constructor(context: HandshakeContext) {
    this.#context = context;
    this.#introduction = introduction(context.self.record);
  }

  /** Refills the budgets. One check may overdraw, so that costly work is still done, but seldom. */
  tick(): void {
    this.#strangerKeysLeft = STRANGER_KEYS_PER_TICK;
    this.#challengesLeft = CHALLENGES_PER_TICK;
  }

  /** Begins unless under way. */
  start(link: Link): void {
    if (link.helloTimer !== null) return;
    link.helloTries = 0;
    this.#try(link);
  }

  /** As a handshake would leave the link: what the other side says of itself, and our ticket's age. */
  shaken(link: Link, from: Greeting, generation: number): void {
    if (link.adopt(from.prefix, from.epoch, from.counter)) this.#up(link, from.ticket, generation);
  }

  #try(link: Link): void {
    const waitMs = HELLO_WAITS_MS[link.helloTries];
    link.helloTimer = null;
    if (waitMs === undefined) {
      this.#giveUp(link);
      return;
    }
    link.helloTries += 1;
    // Before the hello: an answer must find the handshake under way, however fast the network.
    link.helloTimer = this.#context.host.after(waitMs, () => this.#try(link));
    this.#hello(link);
  }

  #giveUp(link: Link): void {
    link.hellos.clear();
    link.ticket = null;
    this.#context.drop('remote does not answer', link.takeAll().length);
    if (!link.isMember) this.#context.links.remove(link);
  }

  #hello(link: Link): number | null {
    if (link.hellosThisTick >= HELLOS_PER_TICK) return null;
    link.hellosThisTick += 1;
    const context = this.#context;
    const { nonce, counter } = context.nextNonce(link.nonceRandom);
    const header = writeHeader(context.tag, 'hello', context.self.idBytes, nonce);
    const clear = Buffer.concat([header, link.ticket ?? NO_TICKET, this.#introduction]);
    const plain = new Uint8Array(HELLO_PLAIN_BYTES);
    plain.set(context.office.issue(link.id, link.endpoint));
    const [oldest] = link.hellos.keys();
    if (oldest !== undefined && link.hellos.size >= MAX_PENDING_HELLOS) link.hellos.delete(oldest);
    link.hellos.set(counter, context.office.generation);
    context.transmit(
      link.endpoint,
      Buffer.concat([clear, link.keys.seal.seal(nonce, clear, plain)]),
    );
    return counter;
  }

  /** Answers a datagram that can't be trusted yet; it was longer than this answer. */
  challenge(from: Endpoint, header: Header): void {
    if (this.#challengesLeft <= 0) {
      this.#context.drop('over the budget of challenges');
      return;
    }
    this.#challengesLeft -= 1;
    const { tag, self, office } = this.#context;
    const answer = writeHeader(tag, 'challenge', self.idBytes, header.nonce);
    this.#context.transmit(from, Buffer.concat([answer, office.issue(header.sender, from)]));
  }

  /** Our datagram was not trusted: say hello with the ticket that came. */
  onChallenge(from: Endpoint, header: Header, datagram: Uint8Array): void {
    const context = this.#context;
    const link = context.links.get(header.sender);
    if (link === undefined || datagram.length !== CHALLENGE_BYTES) {
      context.drop('challenge of a stranger');
      return;
    }
    const ours = context.nextNonce(link.nonceRandom);
    const isOurs = header.nonce.subarray(0, 16).toHex() === ours.nonce.subarray(0, 16).toHex();
    const isRecent = header.counter > link.settledCounter && header.counter < ours.counter;
    if (!isOurs || !isRecent || !isSameEndpoint(from, link.endpoint)) {
      context.drop('challenge to nothing we sent');
      return;
    }
    link.ticket = datagram.slice(HEADER_BYTES);
    if (link.helloTimer === null) this.#down(link);
    const counter = this.#hello(link);
    if (counter !== null) link.settledCounter = counter - 1;
  }

  onHello(from: Endpoint, header: Header, datagram: Uint8Array): void {
    const context = this.#context;
    if (datagram.length !== HELLO_BYTES) {
      context.drop('hello of a wrong length');
      return;
    }
    const ticket = datagram.subarray(HEADER_BYTES, HEADER_BYTES + TICKET_BYTES);
    const generation = context.office.check(header.sender, from, ticket);
    if (generation === null) {
      this.challenge(from, header);
      return;
    }
    const known = context.links.get(header.sender);
    const record = known === undefined ? this.#vouchedFor(header.sender) : known.record;
    const clear = datagram.subarray(0, HELLO_CLEAR_BYTES);
    const identity = introducedBy(header.sender, clear.subarray(HEADER_BYTES + TICKET_BYTES));
    const isSame = identity !== null && isSameRecord(record, identity.record);
    if (
      identity === null ||
      (record !== undefined && !isSame && !isRenewed(record, identity.record))
    ) {
      context.drop('introduction does not fit the sender');
      return;
    }
    const keys = (isSame ? known?.keys : undefined) ?? this.#strangerKeys(identity);
    if (keys === null) return;
    const plain = keys.open.open(header.nonce, clear, datagram.subarray(HELLO_CLEAR_BYTES));
    if (plain?.subarray(TICKET_BYTES).some((byte) => byte !== 0) ?? true) {
      context.drop('hello that does not open');
      return;
    }
    const isMember = known?.isMember ?? record !== undefined;
    const link =
      isSame && known !== undefined
        ? known
        : this.#admit(identity, { keys, from, isMember, isSame }, known);
    if (link === null) return;
    if (!link.adopt(prefixOf(header.nonce), header.epoch, header.counter)) {
      context.drop('replayed hello');
      return;
    }
    link.endpoint = from;
    this.#welcome(link, header.counter);
    this.#up(link, plain?.slice(0, TICKET_BYTES) ?? NO_TICKET, generation);
  }

  onWelcome(from: Endpoint, header: Header, datagram: Uint8Array): void {
    const context = this.#context;
    const link = context.links.get(header.sender);
    const aad = datagram.subarray(0, HEADER_BYTES);
    const plain = link?.keys.open.open(header.nonce, aad, datagram.subarray(HEADER_BYTES)) ?? null;
    if (link === undefined || plain === null || !isSameEndpoint(from, link.endpoint)) {
      context.drop('welcome that does not open');
      return;
    }
    const decoded = decode(plain, (reader) => ({
      counter: reader.u64(),
      ticket: reader.raw(TICKET_BYTES),
      observed: readEndpoint(reader),
    }));
    const generation = decoded.ok ? link.hellos.get(decoded.value.counter) : undefined;
    if (!decoded.ok || generation === undefined) {
      context.drop('welcome to no hello of ours');
      return;
    }
    if (!link.adopt(prefixOf(header.nonce), header.epoch, header.counter)) {
      context.drop('replayed welcome');
      return;
    }
    this.#up(link, decoded.value.ticket, generation);
    context.observed(link.id, decoded.value.observed);
  }

  #welcome(link: Link, counter: number): void {
    const { tag, self, office } = this.#context;
    const { nonce } = this.#context.nextNonce(link.nonceRandom);
    const header = writeHeader(tag, 'welcome', self.idBytes, nonce);
    const plain = new Writer().u64(counter).raw(office.issue(link.id, link.endpoint));
    writeEndpoint(plain, link.endpoint);
    this.#context.transmit(
      link.endpoint,
      Buffer.concat([header, link.keys.seal.seal(nonce, header, plain.finish())]),
    );
  }

  #strangerKeys(identity: RemoteIdentity): LinkKeys | null {
    if (this.#strangerKeysLeft <= 0) {
      this.#context.drop('over the budget of key agreements');
      return null;
    }
    this.#strangerKeysLeft -= 1;
    const { network, self } = this.#context;
    const keys = linkKeys(network, self, identity);
    if (keys === null) this.#context.drop('transport key of small order');
    return keys;
  }

  /** The record of a member that has no link yet. */
  #vouchedFor(id: Id): Uint8Array | undefined {
    const member = this.#context.member(id);
    return member === undefined ? undefined : encodeRecord(member.record);
  }

  /**
   * `isSame`: by a record that is vouched for. `former`: the link under an older record of the same
   * identity, which the new one replaces.
   */
  #admit(
    identity: RemoteIdentity,
    state: { keys: LinkKeys; from: Endpoint; isMember: boolean; isSame: boolean },
    former: Link | undefined,
  ): Link | null {
    const { links } = this.#context;
    const { keys, from, isMember, isSame } = state;
    const { id, record } = identity;
    if (!isSame && record !== null && !this.#counts(id, record)) return null;
    const link = this.#context.newLink(identity, keys, from, isMember);
    if (former !== undefined) {
      link.succeed(former);
      links.remove(former);
    }
    if (links.add(link)) return link;
    this.#context.drop(`no room for ${isMember ? 'members' : 'strangers'}`);
    return null;
  }

  /** Whether it is new enough to be known is for those to judge who register it (freshness.ts). */
  #counts(id: Id, record: Uint8Array): boolean {
    const context = this.#context;
    const decoded = decode(record, readRecord);
    if (!decoded.ok || isFromFuture(decoded.value, context.host.now())) {
      context.drop('identity from the future');
      return false;
    }
    const check = context.checker.check(decoded.value, 'hello');
    if (check.ok && check.address === id) return true;
    const isLater = !check.ok && check.reason === 'over-budget';
    context.drop(isLater ? 'over the budget of identity checks' : 'identity that does not count');
    return false;
  }

  #up(link: Link, ticket: Uint8Array, generation: number): void {
    link.ticket = ticket;
    link.heldGeneration = generation;
    link.helloTimer?.cancel();
    link.helloTimer = null;
    link.hellos.clear();
    link.settledCounter = this.#context.nextNonce(link.nonceRandom).counter;
    const before = link.up;
    link.up = true;
    if (!before) this.#context.changed(link);
  }

  #down(link: Link): void {
    const before = link.up;
    link.up = false;
    link.helloTries = 1;
    const [waitMs = 0] = HELLO_WAITS_MS;
    link.helloTimer = this.#context.host.after(waitMs, () => this.#try(link));
    if (before) this.#context.changed(link);
  }
}
