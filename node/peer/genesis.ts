/**
 * The genesis (PROTOCOL.md 1): the founding members, each with an identity token whose id is its
 * address and whose owner is the hash of its identity key, as if made by one transaction.
 */
import { decode } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { hash } from '../crypto/hash.ts';
import type { Endpoint, Store } from '../host.ts';
import { type Id, idToBytes, ZERO_ID } from '../id.ts';
import { checkRecord, encodeRecord, type IdentityRecord, readRecord } from '../identity/record.ts';
import type { Member } from '../ledger/membership.ts';
import { keyHash } from '../ledger/transaction.ts';
import type { Mapping } from '../ledger/types.ts';
import type { ProtocolParameters } from '../parameters.ts';

const PREFIX = 'genesis/';
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

/** The identity token of a founding member. */
export function foundingMapping(network: Id, { address, record }: Member): Mapping {
  return {
    token: address,
    owner: keyHash(record.identityKey),
    tx: genesisTransaction(network),
    previous: ZERO_ID,
  };
}

/** Checks each record with its work; throws an Error naming the first that is wrong. */
export function membersOf(
  founders: readonly Founder[],
  network: Id,
  pow: ProtocolParameters['pow'],
): readonly Member[] {
  return founders.map(({ record, endpoint }, index) => {
    const check = checkRecord(record, network, pow);
    if (!check.ok) throw new Error(`founding member ${index} is refused: ${check.reason}`);
    return { address: check.address, record, endpoint };
  });
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

/** `genesis/` + address → record ‖ four bytes of IPv4 ‖ port. */
export function storeMembers(store: Store, members: readonly Member[]): void {
  for (const { address, record, endpoint } of members) {
    const ip = Uint8Array.from(endpoint.ip.split('.'), Number);
    const bytes = new Writer().raw(encodeRecord(record)).raw(ip).u16(endpoint.port).finish();
    store.put(PREFIX + address, bytes);
  }
}

/** Empty before the genesis. Throws an Error on damage. */
export function storedMembers(store: Store): readonly Member[] {
  return [...store.entries(PREFIX)].map(([key, bytes]) => {
    const stored = decode(bytes, (reader) => ({
      record: readRecord(reader),
      endpoint: { ip: reader.raw(4).join('.'), port: reader.u16() },
    }));
    if (!stored.ok) throw new Error(`the stored genesis is damaged at ${key}: ${stored.reason}`);
    return { address: key.slice(PREFIX.length), ...stored.value };
  });
}
