/**
 * Keeps how identities stand (PROTOCOL.md 1, 3): by the identity transactions that are committed
 * here, and, for identities whose tokens neighbours keep, by what those say.
 *
 * A peer shares neighbourhoods with members up to 2k places away but keeps the identity tokens of the
 * k around it only. So whoever commits a change of standing tells those farther off, and everyone asks
 * a neighbour now and then whether they know the same. A word counts only from the k nearest to the
 * identity, and holds when so many of them say the same that an honest one is among them.
 */
import { Writer } from '../codec/writer.ts';
import { hash } from '../crypto/hash.ts';
import { type Id, idToBytes } from '../id.ts';
import { CANDIDATE, isSameStanding, type Standing, writeStanding } from '../ledger/standing.ts';
import type { Transaction } from '../ledger/types.ts';
import { scaledMs } from '../parameters.ts';
import { isKnowinglyVouched } from '../voting/rules.ts';
import { type JoiningMessage, MAX_STANDINGS, type StandingOf } from '../wire/joining.ts';
import type { Acquaintances } from './acquaintances.ts';
import { Allowance } from './allowance.ts';
import { neighbourhood, type PeerContext } from './context.ts';

/**
 * Whoever is entitled counts so long after its transaction, ms: by then all have heard of it, whose
 * clocks may be off by two seconds, and take it in together.
 */
export const NOTICE_MS = 5000;
/** One neighbour is asked whether it knows the same this often: messages get lost. */
const ASK_MS = 5000;
/**
 * Identities of which one speaker says something that is not known here, its oldest word forgotten;
 * and speakers, those silent longest forgotten: members that are near, of whom there are fewer.
 */
const MAX_RUMOURS = 128;
const MAX_SPEAKERS = 256;
const MESSAGES_PER_SECOND = 20;

export interface RegistrarEvents {
  /** Somebody came or went: neighbourhoods that this peer belongs to may be others. */
  shifted(): void;
  /** A member lapsed. */
  lapsed(): void;
}

export class Registrar {
  readonly #context: PeerContext;
  readonly #acquaintances: Acquaintances;
  readonly #events: RegistrarEvents;
  /** Who says what of which address: nobody's words push out another's. */
  readonly #rumours = new Map<Id, Map<Id, Standing>>();
  readonly #allowance = new Allowance(MESSAGES_PER_SECOND, 1000);
  #nextAskMs = 0;
  #turn = 0;

  constructor(context: PeerContext, acquaintances: Acquaintances, events: RegistrarEvents) {
    this.#context = context;
    this.#acquaintances = acquaintances;
    this.#events = events;
  }

  /** A transaction was committed here for its tokens that this peer keeps. */
  committed({ body }: Transaction): void {
    const [change] = body.changes;
    const { purpose, timestamp } = body;
    // Nearly all: that nobody's standing changes need not be read from the disk.
    if (change === undefined || purpose.kind === 'ordinary') return;
    const before = this.#acquaintances.standing(change.token);
    // Of two that say it is synchronised for the first time the later one alone counts.
    const isFirst =
      this.#context.holdings.transaction(change.previous)?.body.purpose.kind === 'register';
    const known = isFirst ? CANDIDATE : before;
    const standing = standingAfter(known, purpose.kind, timestamp, this.#trustMs);
    if (standing === null || !this.#take(change.token, standing)) return;
    this.#announce(change.token, standing);
  }

  onMessage(from: Id, message: JoiningMessage): void {
    const { host, membership, send } = this.#context;
    if (!this.#allowance.take(from, host.now())) return;
    switch (message.type) {
      case 'introduce':
        this.#acquaintances.hear(from, message.record, message.endpoint);
        return;
      case 'ask-identity': {
        const member = membership.get(message.address);
        if (member === undefined) return;
        send(from, { type: 'introduce', record: member.record, endpoint: member.endpoint });
        return;
      }
      case 'ask-standings': {
        const standings = this.#around(from);
        if (standings.length === 0 || digestOf(standings) === message.digest) return;
        send(from, { type: 'standings', standings });
        return;
      }
      default:
        for (const { address, standing } of message.standings) this.#hear(from, address, standing);
    }
  }

  tick(): void {
    const { host, membership, parameters, self, send } = this.#context;
    const now = host.now();
    if (membership.advance(now)) this.#events.shifted();
    if (now < this.#nextAskMs) return;
    this.#nextAskMs = now + ASK_MS;
    this.#turn += 1;
    const near = membership.near(self, 2 * parameters.k + 1).filter((id) => id !== self);
    const asked = near[this.#turn % Math.max(1, near.length)];
    if (asked === undefined) return;
    send(asked, { type: 'ask-standings', digest: digestOf(this.#around(self)) });
    for (const address of this.#acquaintances.awaited) {
      send(asked, { type: 'ask-identity', address });
    }
  }

  get #trustMs(): number {
    const { parameters } = this.#context;
    return scaledMs(parameters.trustHours, parameters);
  }

  #take(address: Id, standing: Standing): boolean {
    const wasCounted = this.#context.membership.counts(address);
    if (!this.#acquaintances.stand(address, standing)) return false;
    for (const said of this.#rumours.values()) said.delete(address);
    if (wasCounted && standing.countedFromMs === null) {
      this.#events.lapsed();
      this.#events.shifted();
    }
    return true;
  }

  /** To those that may share a neighbourhood with it and don't keep its token, and to itself. */
  #announce(address: Id, standing: Standing): void {
    const { membership, parameters, self, send } = this.#context;
    const keepers = neighbourhood(this.#context, address);
    if (!keepers.includes(self)) return;
    const range = membership.near(address, 3 * parameters.k);
    const told = new Set([address, ...range.filter((id) => !keepers.includes(id))]);
    for (const id of told) {
      send(id, { type: 'standings', standings: [{ address, standing }] });
    }
  }

  #hear(from: Id, address: Id, standing: Standing): void {
    const known = this.#acquaintances.standing(address);
    if (known !== undefined && standing.sinceMs <= known.sinceMs) return;
    const keepers = neighbourhood(this.#context, address);
    if (!keepers.includes(from)) return;
    const said = this.#rumours.get(from) ?? new Map<Id, Standing>();
    keepNewest(said, address, standing, MAX_RUMOURS);
    keepNewest(this.#rumours, from, said, MAX_SPEAKERS);
    const agreeing = keepers.filter((id) => {
      const other = this.#rumours.get(id)?.get(address);
      return other !== undefined && isSameStanding(other, standing);
    });
    if (isKnowinglyVouched(agreeing.length, keepers.length)) this.#take(address, standing);
  }

  /** Those nearest an address that have an identity token, as this peer knows them. */
  #around(address: Id): readonly StandingOf[] {
    const { membership, parameters } = this.#context;
    const count = Math.min(MAX_STANDINGS, 3 * parameters.k);
    return membership.around(address, count).flatMap((id) => {
      const standing = membership.standing(id);
      return standing === undefined ? [] : [{ address: id, standing }];
    });
  }
}

/** What a committed transaction makes of an identity; null: nothing. */
export function standingAfter(
  before: Standing | undefined,
  kind: Transaction['body']['purpose']['kind'],
  sinceMs: number,
  trustMs: number,
): Standing | null {
  const trusted = before?.trustedFromMs ?? null;
  switch (kind) {
    case 'register':
      return { sinceMs, countedFromMs: null, trustedFromMs: null };
    case 'synchronised': {
      // Who comes back has been waiting before: an identity grows old once.
      const trustedFromMs = trusted ?? sinceMs + trustMs;
      const countedFromMs = Math.max(trustedFromMs, sinceMs + NOTICE_MS);
      return { sinceMs, countedFromMs, trustedFromMs };
    }
    case 'lapse':
      return { sinceMs, countedFromMs: null, trustedFromMs: trusted };
    default:
      return null;
  }
}

function keepNewest<T>(table: Map<Id, T>, key: Id, value: T, max: number): void {
  table.delete(key);
  table.set(key, value);
  const [oldest] = table.keys();
  if (oldest !== undefined && table.size > max) table.delete(oldest);
}

function digestOf(standings: readonly StandingOf[]): Id {
  const writer = new Writer();
  for (const { address, standing } of standings) {
    writer.raw(idToBytes(address));
    writeStanding(writer, standing);
  }
  return hash('identity', writer.finish());
}
