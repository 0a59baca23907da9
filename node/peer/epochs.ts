/**
 * Epochs (PROTOCOL.md 7): each start of a peer opens a higher one than was ever opened, also when
 * its disk was put back to an earlier state and it has forgotten.
 *
 * A restarted peer asks those nearest to itself for the highest epoch they saw of it, waits for more
 * than two thirds of them, opens the next one by a signed reset block, and says nothing else before
 * more than two thirds have written that down: two such sets share honest members, so a second life
 * from one snapshot is told of the first. Answers carry the peer's own signature and so can't be
 * made up. A fresh identity has no past and opens epoch 1 at once. While too few answer, it asks on:
 * silence is never fraud.
 *
 * Stored: `epoch` → u64; `epoch-seen/` + address → highest time u64 ‖ signed header of the highest
 * epoch.
 */
import { decode } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { farthestFrom, type Id } from '../id.ts';
import type { Identity } from '../identity/mint.ts';
import { readSignedHeader, verifySignedHeader, writeSignedHeader } from '../ledger/block.ts';
import type { Mapping } from '../ledger/types.ts';
import type { SignedHeader } from '../minefield/types.ts';
import { scaledMs } from '../parameters.ts';
import type { EpochMessage } from '../wire/epochs.ts';
import { Allowance } from './allowance.ts';
import type { PeerContext } from './context.ts';
import { sessionOf } from './lampposts.ts';

const OWN_KEY = 'epoch';
const SEEN_PREFIX = 'epoch-seen/';

/** A far round trip and a lost datagram; asked again after this. */
const ASK_MS = 1000;
/** Who does not acknowledge is told again, later and later up to this. */
const ANNOUNCE_MAX_MS = 30_000;
/** Members whose epochs are remembered, about 600 bytes each: far more than are ever near. */
const MAX_SEEN = 256;
/** Highest times are written down in steps: the rule that needs them leaves a margin of as much. */
export const TIME_STEP_MS = 10_000;
/** Resets acknowledged per member and paper hour: nobody restarts that often for long, */
const RESETS_PER_HOUR = 4;
/** and who does it within so short a time, as a test does, is not made to wait. */
const MIN_RESET_WINDOW_MS = 10_000;
/**
 * After this long nothing is pending anywhere that was so before (committer.ts): what a peer that
 * lost its memory voted on then can't meet a second vote of it.
 */
const FORGOTTEN_VOTES_MS = 20_000;

/** Highest epoch of a member with its proof, and the highest time that it was seen to state. */
interface Seen {
  readonly reset: SignedHeader;
  time: number;
  storedTime: number;
}

export interface EpochEvents {
  /** Nothing that this disk knows of was said later by this peer. */
  spokenUntil(): number;
  /** A member has opened another epoch. Who does so often is trusted less. */
  reset(member: Id): void;
}

export class Epochs {
  readonly #context: PeerContext;
  readonly #identity: Identity;
  readonly #events: EpochEvents;
  readonly #isFresh: boolean;
  readonly #resets: Allowance;
  readonly #seen = new Map<Id, Seen>();
  /** What those near have answered: the highest time each has seen. */
  readonly #told = new Map<Id, number>();
  readonly #acknowledged = new Set<Id>();
  /** Highest epoch that this disk has opened; 0 for a fresh identity. */
  #stored: number;
  #toldEpoch = 0;
  #reset: SignedHeader | null = null;
  #founding: readonly Mapping[] | null = null;
  #opened = false;
  #nextAt = 0;
  #waitMs = ASK_MS;
  #votesFromMs = 0;

  /** `isFresh`: the identity was minted just now and has never said anything. */
  constructor(context: PeerContext, identity: Identity, isFresh: boolean, events: EpochEvents) {
    const { host, parameters } = context;
    this.#context = context;
    this.#identity = identity;
    this.#events = events;
    const hourMs = scaledMs(1, parameters);
    this.#resets = new Allowance(RESETS_PER_HOUR, Math.max(MIN_RESET_WINDOW_MS, hourMs));
    const stored = host.store.get(OWN_KEY);
    this.#stored = stored === undefined ? 0 : readNumber(stored);
    this.#isFresh = isFresh;
  }

  /** May it state, vote and commit? */
  get opened(): boolean {
    return this.#opened;
  }

  /** Of the present life; before it is opened, the last one known. */
  get epoch(): number {
    return this.#stored;
  }

  /**
   * May it vote on what it first saw then? Who was told of an epoch, or of a time in it, that its disk
   * does not know has forgotten votes too, and stays out until those have lost their meaning.
   */
  mayVote(firstSeenMs: number): boolean {
    return this.#opened && firstSeenMs >= this.#votesFromMs;
  }

  /** The genesis is known. `founding` are the mappings that a first epoch begins with. */
  begin(founding: readonly Mapping[]): void {
    this.#founding = founding;
    for (const [key, bytes] of this.#context.host.store.entries(SEEN_PREFIX)) {
      const stored = decode(bytes, (reader) => ({
        time: reader.u64(),
        reset: readSignedHeader(reader),
      }));
      if (!stored.ok) throw new Error(`a stored epoch is damaged at ${key}: ${stored.reason}`);
      const { time, reset } = stored.value;
      this.#seen.set(key.slice(SEEN_PREFIX.length), { reset, time, storedTime: time });
    }
    if (this.#isFresh) this.#open();
  }

  /** Several times a second. */
  tick(): void {
    const now = this.#context.host.now();
    // A clock that was set back must not make it wait for ever.
    const isDue = now >= this.#nextAt || now < this.#nextAt - ANNOUNCE_MAX_MS;
    if (this.#founding === null) return;
    if (this.#reset === null) {
      if (this.#isEnough(this.#told)) this.#open();
      else if (isDue) this.#askAround(now);
    } else {
      this.#opened ||= this.#isEnough(this.#acknowledged);
      if (isDue) this.#announce(now, this.#reset);
    }
  }

  onMessage(from: Id, message: EpochMessage): void {
    switch (message.type) {
      case 'ask-epoch':
        this.#answer(from);
        return;
      case 'epoch':
        this.#hearAnswer(from, message);
        return;
      case 'announce-epoch':
        this.#note(from, message.reset);
        return;
      default:
        if (message.epoch === this.#reset?.header.epoch && this.#near().includes(from)) {
          this.#acknowledged.add(from);
        }
    }
  }

  /** A member has signed something of that time. */
  hearTime(member: Id, time: number): void {
    const seen = this.#seen.get(member);
    if (seen === undefined || time <= seen.time) return;
    seen.time = time;
    if (time >= seen.storedTime + TIME_STEP_MS) this.#store(member, seen);
  }

  /** It is no member any more. */
  forget(member: Id): void {
    if (this.#seen.delete(member)) this.#context.host.store.delete(SEEN_PREFIX + member);
  }

  /** The k members nearest to this peer. */
  #near(): readonly Id[] {
    const { membership, parameters, self } = this.#context;
    const near = membership.near(self, parameters.k + 1).filter((id) => id !== self);
    return near.slice(0, parameters.k);
  }

  #isEnough(heard: { has(id: Id): boolean }): boolean {
    const near = this.#near();
    return near.length === 0 || 3 * near.filter((id) => heard.has(id)).length > 2 * near.length;
  }

  #askAround(now: number): void {
    this.#nextAt = now + ASK_MS;
    for (const id of this.#near()) {
      if (!this.#told.has(id)) this.#context.send(id, { type: 'ask-epoch' });
    }
  }

  #announce(now: number, reset: SignedHeader): void {
    const silent = this.#near().filter((id) => !this.#acknowledged.has(id));
    for (const id of silent) this.#context.send(id, { type: 'announce-epoch', reset });
    this.#nextAt = now + this.#waitMs;
    // As long as it may not speak it is in a hurry.
    if (this.#opened) this.#waitMs = Math.min(2 * this.#waitMs, ANNOUNCE_MAX_MS);
  }

  #open(): void {
    const { holdings, host } = this.#context;
    const epoch = Math.max(this.#stored, this.#toldEpoch) + 1;
    // The highest time that more than a third have seen: fewer may be lying.
    const times = [...this.#told.values()].sort((a, b) => b - a);
    const toldTime = times[Math.floor(this.#near().length / 3)] ?? 0;
    const spokenUntil = this.#events.spokenUntil();
    const hasForgotten = this.#toldEpoch > this.#stored || toldTime > spokenUntil;
    const fromMs = Math.max(host.now(), toldTime + 1, spokenUntil);
    this.#stored = epoch;
    host.store.put(OWN_KEY, new Writer().u64(epoch).finish());
    const { lamppost, identityKey } = this.#identity;
    const session = sessionOf(this.#context, identityKey, { epoch, lamppost, fromMs });
    const height = holdings.chain.height + 1;
    holdings.open(session, this.#founding ?? [], fromMs);
    const reset = holdings.chain.blockAt(height);
    if (reset === undefined) throw new Error('an epoch was opened without a block');
    const { header, certificate, signature } = reset;
    this.#reset = { header, certificate, signature };
    this.#nextAt = 0;
    this.#opened = this.#isFresh;
    if (hasForgotten) this.#votesFromMs = host.now() + FORGOTTEN_VOTES_MS;
  }

  #answer(from: Id): void {
    if (!this.#context.membership.has(from)) return;
    const seen = this.#seen.get(from);
    const answer = { reset: seen?.reset ?? null, time: seen?.time ?? 0 };
    this.#context.send(from, { type: 'epoch', ...answer });
  }

  #hearAnswer(from: Id, { reset, time }: Extract<EpochMessage, { type: 'epoch' }>): void {
    if (this.#reset !== null || !this.#near().includes(from)) return;
    if (reset !== null) {
      if (!this.#isSignedBy(this.#context.self, this.#identity.record.identityKey, reset)) return;
      this.#toldEpoch = Math.max(this.#toldEpoch, reset.header.epoch);
    }
    this.#told.set(from, time);
  }

  /** Writes a member's new epoch down and says so. */
  #note(from: Id, reset: SignedHeader): void {
    const { host, membership, parameters, self, send } = this.#context;
    const member = membership.get(from);
    if (member === undefined || !membership.near(from, 2 * parameters.k).includes(self)) return;
    const { epoch, time } = reset.header;
    const known = this.#seen.get(from);
    const knownEpoch = known?.reset.header.epoch ?? 0;
    if (epoch > knownEpoch) {
      if (!this.#resets.take(from, host.now())) return;
      if (!this.#isSignedBy(from, member.record.identityKey, reset)) return;
      this.#store(from, { reset, time: Math.max(time, known?.time ?? 0), storedTime: 0 });
      if (known !== undefined) this.#events.reset(from);
    }
    if (epoch >= knownEpoch) send(from, { type: 'epoch-noted', epoch });
  }

  #isSignedBy(address: Id, identityKey: Uint8Array, signed: SignedHeader): boolean {
    const { network, peer } = signed.header;
    if (network !== this.#context.network || peer !== address) return false;
    return verifySignedHeader(signed, identityKey);
  }

  #store(member: Id, seen: Seen): void {
    this.#seen.set(member, seen);
    seen.storedTime = seen.time;
    const writer = new Writer().u64(seen.time);
    writeSignedHeader(writer, seen.reset);
    this.#context.host.store.put(SEEN_PREFIX + member, writer.finish());
    if (this.#seen.size <= MAX_SEEN) return;
    // Whoever makes up identities near this peer must not have it forget the epochs of members.
    const { membership, self } = this.#context;
    const all = [...this.#seen.keys()];
    const others = all.filter((id) => !membership.counts(id));
    this.forget(farthestFrom(self, others.length > 0 ? others : all));
  }
}

function readNumber(bytes: Uint8Array): number {
  const stored = decode(bytes, (reader) => reader.u64());
  if (!stored.ok) throw new Error(`the stored epoch is damaged: ${stored.reason}`);
  return stored.value;
}
