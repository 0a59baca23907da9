/**
 * The genesis (PROTOCOL.md 1): the founding members, each with an identity token whose id is its
 * address and whose owner is the hash of its identity key, as if made by one transaction.
 */
import { decode } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { hash } from '../crypto/hash.ts';
import type { Endpoint, Store } from '../host.ts';
import { type Id, idToBytes, ZERO_ID } from '../id.ts';
import { checkRecord, type IdentityRecord } from '../identity/record.ts';
import type { Member } from '../ledger/membership.ts';
import { Roster } from '../ledger/roster.ts';
import { keyHash } from '../ledger/transaction.ts';
import type { Mapping } from '../ledger/types.ts';
import type { ProtocolParameters } from '../parameters.ts';

const MEMBERS_KEY = 'genesis/members';
const FOUNDED_KEY = 'founded';

/** A founding member as the lab names it. */
export interface Founder {
  readonly record: IdentityRecord;
  readonly endpoint: Endpoint;
}

/** What stands for the transaction that made the founding identity tokens. */
export function genesisTransaction(network: Id): Id {
  return hash('network', idToBytes(network));
}

/**
 * What a network begins with, checked once. It never changes, so that peers of one process may share
 * it: what each of them keeps does not grow with the network.
 */
export class Genesis {
  readonly network: Id;
  readonly members: Roster;
  readonly #transaction: Id;

  private constructor(network: Id, members: Roster) {
    this.network = network;
    this.members = members;
    this.#transaction = genesisTransaction(network);
  }

  /** Checks each record with its work; throws an Error naming the first that is wrong. */
  static of(founders: Iterable<Founder>, network: Id, pow: ProtocolParameters['pow']): Genesis {
    return new Genesis(network, Roster.of(membersOf(founders, network, pow)));
  }

  /** Of members that the caller has minted itself, or checked: none is checked again. */
  static trusted(members: Iterable<Member>, network: Id): Genesis {
    return new Genesis(network, Roster.of(members));
  }

  /** What `store` wrote; null before. Throws an Error on damage. */
  static stored(store: Store, network: Id): Genesis | null {
    const bytes = store.get(MEMBERS_KEY);
    if (bytes === undefined) return null;
    const members = Roster.read(bytes);
    if (members === null) throw new Error('the stored genesis is cut short');
    // Each is read once at the start: a peer must not find out later.
    for (const { record } of members.members()) {
      if (record.network !== network) throw new Error('the stored genesis is of another network');
    }
    return new Genesis(network, members);
  }

  /** `genesis/members` → the roster (ledger/roster.ts). */
  store(store: Store): void {
    store.put(MEMBERS_KEY, this.members.bytes);
  }

  /** The identity token of a founding member. */
  mapping(token: Id): Mapping | undefined {
    const member = this.members.get(token);
    if (member === undefined) return undefined;
    return {
      token,
      owner: keyHash(member.record.identityKey),
      tx: this.#transaction,
      previous: ZERO_ID,
    };
  }
}

function* membersOf(
  founders: Iterable<Founder>,
  network: Id,
  pow: ProtocolParameters['pow'],
): Generator<Member, void> {
  let index = 0;
  for (const { record, endpoint } of founders) {
    const check = checkRecord(record, network, pow);
    if (!check.ok) throw new Error(`founding member ${index} is refused: ${check.reason}`);
    yield { address: check.address, record, endpoint };
    index += 1;
  }
}

/**
 * When this peer was told of the genesis, ms, by its own clock: `founded` → u64. Leases of the
 * founding members begin then: what the records say of time is older than the network.
 */
export function storeFoundedAt(store: Store, nowMs: number): void {
  store.put(FOUNDED_KEY, new Writer().u64(nowMs).finish());
}

export function foundedAt(store: Store): number | null {
  const bytes = store.get(FOUNDED_KEY);
  const stored = bytes === undefined ? null : decode(bytes, (reader) => reader.u64());
  return stored?.ok === true ? stored.value : null;
}
