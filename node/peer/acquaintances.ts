/**
 * Identities beyond the genesis as this peer knows them, stored as `member/` + address → record ‖
 * endpoint and, for every identity, `standing/` + address → standing. Newcomers introduce
 * themselves; others are asked for who is missing.
 */
import { decode } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import type { Endpoint } from '../host.ts';
import { farthestFrom, type Id } from '../id.ts';
import { estimateSize, SAMPLE_EACH_SIDE } from '../identity/difficulty.ts';
import { newcomerProblem } from '../identity/freshness.ts';
import { encodeRecord, type IdentityRecord, isNewer, readRecord } from '../identity/record.ts';
import type { Member } from '../ledger/membership.ts';
import { CANDIDATE, readStanding, type Standing, writeStanding } from '../ledger/standing.ts';
import { isSameEndpoint, readEndpoint, writeEndpoint } from '../transport/endpoint.ts';
import { Allowance } from './allowance.ts';
import type { PeerContext } from './context.ts';
import { registrationRow } from './rows.ts';

const MEMBER_PREFIX = 'member/';
const STANDING_PREFIX = 'standing/';

/**
 * Identities without a token so far. The farthest from this peer is forgotten: it votes on the
 * registration of those near it alone, and many identities near one place cost far more work than
 * many anywhere.
 */
const MAX_CANDIDATES = 256;
/** Standings of identities whose record has not arrived, oldest forgotten: asked for again. */
const MAX_AWAITED = 256;
/** Records that one remote may hand over: two neighbourhoods in some seconds. */
const INTRODUCTIONS_PER_SECOND = 8;

export interface AcquaintanceEvents {
  /** The transport may connect to it. */
  learn(member: Member): void;
  /** It need not, any more. */
  forget(address: Id): void;
  isBanned(address: Id): boolean;
}

export class Acquaintances {
  readonly #context: PeerContext;
  readonly #events: AcquaintanceEvents;
  readonly #candidates = new Set<Id>();
  readonly #awaited = new Map<Id, Standing>();
  readonly #allowance = new Allowance(INTRODUCTIONS_PER_SECOND, 1000);

  constructor(context: PeerContext, events: AcquaintanceEvents) {
    this.#context = context;
    this.#events = events;
  }

  /** What an earlier life knew. Throws an Error on damage. */
  restore(): void {
    const { host, membership } = this.#context;
    for (const [key, bytes] of host.store.entries(MEMBER_PREFIX)) {
      const stored = decode(bytes, (reader) => ({
        record: readRecord(reader),
        endpoint: readEndpoint(reader),
      }));
      if (!stored.ok) throw new Error(`a stored member is damaged at ${key}: ${stored.reason}`);
      this.#enter({ address: key.slice(MEMBER_PREFIX.length), ...stored.value });
    }
    for (const [key, bytes] of host.store.entries(STANDING_PREFIX)) {
      const stored = decode(bytes, readStanding);
      if (!stored.ok) throw new Error(`a stored standing is damaged at ${key}: ${stored.reason}`);
      const address = key.slice(STANDING_PREFIX.length);
      this.#candidates.delete(address);
      if (membership.has(address)) membership.stand(address, stored.value);
      else this.#await(address, stored.value);
    }
  }

  /** A record, from its owner or somebody who was asked for it. True if it was news. */
  hear(from: Id, record: IdentityRecord, endpoint: Endpoint): boolean {
    const { checker, host, membership } = this.#context;
    if (!this.#allowance.take(from, host.now())) return false;
    const checked = checker.check(record, 'candidate');
    if (!checked.ok || this.#events.isBanned(checked.address)) return false;
    const { address } = checked;
    const known = membership.get(address);
    if (known !== undefined) {
      // Only its owner says where it is now, and with which keys.
      const hasMoved = !isSameEndpoint(known.endpoint, endpoint);
      const isSame = isSameRecord(known.record, record);
      const isNews = isSame ? hasMoved : isNewer(record, known.record);
      if (from !== address || !isNews) return false;
    }
    const member = { address, record, endpoint };
    this.#store(member);
    this.#enter(member);
    if (known === undefined) host.report(registrationRow(member, 'newcomer'));
    return true;
  }

  /** What was committed, or vouched for, about an identity. True if anything changed. */
  stand(address: Id, standing: Standing): boolean {
    const { host, membership } = this.#context;
    if (this.#events.isBanned(address)) return false;
    if (membership.has(address)) {
      if (!membership.stand(address, standing)) return false;
    } else {
      const before = this.#awaited.get(address);
      if (before !== undefined && before.sinceMs >= standing.sinceMs) return false;
      this.#await(address, standing);
    }
    this.#candidates.delete(address);
    const writer = new Writer();
    writeStanding(writer, standing);
    host.store.put(STANDING_PREFIX + address, writer.finish());
    return true;
  }

  /** Who stands somewhere here although nobody has shown its record yet. */
  get awaited(): readonly Id[] {
    return [...this.#awaited.keys()];
  }

  standing(address: Id): Standing | undefined {
    return this.#context.membership.standing(address) ?? this.#awaited.get(address);
  }

  /** Would this peer have it registered now? Judged against the clock and the size that it sees. */
  mayRegister(address: Id): boolean {
    const { host, membership, parameters, self } = this.#context;
    const record = membership.get(address)?.record;
    if (record === undefined) return false;
    // One more than are looked at: then it is no small ring, which is counted.
    const around = membership.counted.around(self, SAMPLE_EACH_SIDE + 1);
    const seen = { nowMs: host.now(), members: estimateSize(self, around) };
    return newcomerProblem(record, seen, parameters) === null;
  }

  #await(address: Id, standing: Standing): void {
    const [oldest] = this.#awaited.keys();
    if (oldest !== undefined && this.#awaited.size >= MAX_AWAITED) {
      this.#awaited.delete(oldest);
      this.#context.host.store.delete(STANDING_PREFIX + oldest);
    }
    this.#awaited.set(address, standing);
  }

  #enter(member: Member): void {
    const { host, membership, self } = this.#context;
    const { address } = member;
    const standing = this.#awaited.get(address) ?? membership.standing(address) ?? CANDIDATE;
    this.#awaited.delete(address);
    membership.add(member, standing);
    this.#events.learn(member);
    if (standing !== CANDIDATE) return;
    this.#candidates.add(address);
    if (this.#candidates.size <= MAX_CANDIDATES) return;
    const farthest = farthestFrom(self, this.#candidates);
    this.#candidates.delete(farthest);
    membership.remove(farthest, host.now());
    host.store.delete(MEMBER_PREFIX + farthest);
    this.#events.forget(farthest);
  }

  #store({ address, record, endpoint }: Member): void {
    const writer = new Writer().raw(encodeRecord(record));
    writeEndpoint(writer, endpoint);
    this.#context.host.store.put(MEMBER_PREFIX + address, writer.finish());
  }
}

function isSameRecord(a: IdentityRecord, b: IdentityRecord): boolean {
  return Buffer.compare(encodeRecord(a), encodeRecord(b)) === 0;
}
