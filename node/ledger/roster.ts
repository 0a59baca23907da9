/**
 * The members of a genesis as one sorted list that never changes: many peers of one process share it.
 * It stays packed, and each member is read when it is first asked for: of a million members, a few
 * thousand ever are.
 *
 * Layout: count u32, then for each member, by address: address 32 ‖ record ‖ four bytes of IPv4 ‖ port.
 */
import { decode } from '../codec/reader.ts';
import { ID_BYTES, type Id, idFromBytes } from '../id.ts';
import { encodeRecord, readRecord, RECORD_BYTES } from '../identity/record.ts';
import { Writer } from '../codec/writer.ts';
import { ENDPOINT_BYTES, readEndpoint, writeEndpoint } from '../transport/endpoint.ts';
import type { Member } from './membership.ts';
import { count, type Sorted } from './ring.ts';

const COUNT_BYTES = 4;
const MEMBER_BYTES = ID_BYTES + RECORD_BYTES + ENDPOINT_BYTES;

export class Roster implements Sorted {
  readonly size: number;
  /** As stored. */
  readonly bytes: Uint8Array;
  readonly #addresses: (Id | undefined)[];
  readonly #members: (Member | undefined)[];
  /** Where those stand that were asked for and found. */
  readonly #indices = new Map<Id, number>();

  private constructor(bytes: Uint8Array, size: number) {
    this.bytes = bytes;
    this.size = size;
    this.#addresses = Array.from({ length: size });
    this.#members = Array.from({ length: size });
  }

  /** Of one address, the last member holds. */
  static of(members: Iterable<Member>): Roster {
    const byAddress = new Map<Id, Uint8Array>();
    for (const { address, record, endpoint } of members) {
      const writer = new Writer().id(address).raw(encodeRecord(record));
      writeEndpoint(writer, endpoint);
      byAddress.set(address, writer.finish());
    }
    const bytes = new Uint8Array(COUNT_BYTES + byAddress.size * MEMBER_BYTES);
    new DataView(bytes.buffer).setUint32(0, byAddress.size);
    const sorted = [...byAddress.keys()].sort();
    for (const [index, address] of sorted.entries()) {
      bytes.set(byAddress.get(address) ?? [], COUNT_BYTES + index * MEMBER_BYTES);
    }
    return new Roster(bytes, byAddress.size);
  }

  /** What `bytes` gave; null: these are not such bytes. Who wrote them checked the members. */
  static read(bytes: Uint8Array): Roster | null {
    if (bytes.length < COUNT_BYTES) return null;
    const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    return bytes.length === COUNT_BYTES + size * MEMBER_BYTES ? new Roster(bytes, size) : null;
  }

  at(index: number): Id {
    let address = this.#addresses[index];
    if (address === undefined) {
      const from = COUNT_BYTES + index * MEMBER_BYTES;
      address = idFromBytes(this.bytes.subarray(from, from + ID_BYTES));
      this.#addresses[index] = address;
    }
    return address;
  }

  position(point: Id): number {
    return count(this.size, (index) => this.at(index) < point);
  }

  has(address: Id): boolean {
    return this.#indexOf(address) !== null;
  }

  /** Throws an Error when its bytes are damaged. */
  get(address: Id): Member | undefined {
    const index = this.#indexOf(address);
    if (index === null) return undefined;
    let member = this.#members[index];
    if (member === undefined) {
      const from = COUNT_BYTES + index * MEMBER_BYTES + ID_BYTES;
      const packed = this.bytes.subarray(from, from + RECORD_BYTES + ENDPOINT_BYTES);
      const read = decode(packed, (reader) => ({
        record: readRecord(reader),
        endpoint: readEndpoint(reader),
      }));
      if (!read.ok) throw new Error(`the genesis is damaged at ${address}: ${read.reason}`);
      member = { address, ...read.value };
      this.#members[index] = member;
    }
    return member;
  }

  *members(): Generator<Member, void> {
    for (let index = 0; index < this.size; index += 1) {
      const member = this.get(this.at(index));
      if (member !== undefined) yield member;
    }
  }

  /** Null: no member. Asked with every message: of those found the search is done once. */
  #indexOf(address: Id): number | null {
    const known = this.#indices.get(address);
    if (known !== undefined) return known;
    const index = this.position(address);
    if (index === this.size || this.at(index) !== address) return null;
    this.#indices.set(address, index);
    return index;
  }
}

/** Of a network that nobody founded. */
export const EMPTY_ROSTER = Roster.of([]);
