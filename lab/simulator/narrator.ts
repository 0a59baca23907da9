/**
 * Says events of a trace in words, with the members' names; and of datagrams what is inside, with the keys
 * that members of the run have.
 */
import type { Endpoint } from '../../node/host.ts';
import { idToBytes, type Id } from '../../node/id.ts';
import type { Identity } from '../../node/identity/mint.ts';
import { storedIdentity } from '../../node/identity/stored.ts';
import { insideOf } from '../../node/transport/channel.ts';
import { type Header, networkTag, readHeader } from '../../node/transport/datagram.ts';
import { linkKeys } from '../../node/transport/keys.ts';
import { kindOf } from '../../node/wire/messages.ts';
import type { Testnet } from '../manifest/testnet.ts';
import { assignEndpoints } from '../supervisor/run-context.ts';
import { simulatedAddresses } from './addresses.ts';
import { START_MS } from './scheduler.ts';
import type { Divergence, TraceEvent } from './trace.ts';
import { networkIdOf, type World } from './world.ts';

/** Events before the first that differs which are shown with it. */
export const SHOWN_BEFORE = 5;
/** Of an order's text; all of ours are shorter. */
const MAX_TEXT_BYTES = 40;
/** Message types named of one datagram. */
const MAX_NAMED = 8;

/** Where two runs part, in words, a line each; null for a run that had ended there. */
export interface Parting {
  readonly before: readonly string[];
  readonly was: string | null;
  readonly is: string | null;
}

export class Narrator {
  readonly #names: ReadonlyMap<string, string>;
  readonly #network: Id;
  readonly #tag: Uint8Array;
  readonly #world: World | null;

  /** `world`: as it stands at the event to be told; null where none came to be. */
  constructor({ members, regions, seed }: Testnet, world: World | null) {
    const endpoints = assignEndpoints(members, simulatedAddresses(regions));
    this.#names = new Map([...endpoints].map(([name, endpoint]) => [keyOf(endpoint), name]));
    this.#network = networkIdOf(seed);
    this.#tag = networkTag(this.#network);
    this.#world = world;
  }

  tell({ recorded, seen, content }: Divergence, last: readonly TraceEvent[]): Parting {
    const before = recorded === null ? last.slice(-SHOWN_BEFORE) : last.slice(0, -1);
    return {
      before: before.map((event) => this.#line(event)),
      was: recorded === null ? null : this.#line(recorded),
      is: seen === null ? null : this.#line(seen) + this.#inside(seen, content),
    };
  }

  #line({ timeMs, member, kind, from, lengthBytes, digest }: TraceEvent): string {
    const at = `${((timeMs - START_MS) / 1000).toFixed(6)} s`;
    const who = `${at}  ${this.#name(member)}`;
    if (kind === 'timer') return `${who}  timer`;
    const sender = from === null ? '' : ` from ${this.#name(from)}`;
    return `${who}  ${kind}${sender}, ${lengthBytes} bytes (${digest})`;
  }

  #inside({ kind, member }: TraceEvent, content: Uint8Array): string {
    if (kind === 'timer') return '';
    if (kind === 'order') {
      return `: ${new TextDecoder().decode(content.subarray(0, MAX_TEXT_BYTES))}`;
    }
    // Not a Buffer, whose slice() shares memory.
    const datagram = new Uint8Array(content);
    const header = readHeader(this.#tag, datagram);
    if (header === null) return '';
    const what = header.kind === 'data' ? this.#messages(member, header, datagram) : '';
    return `: ${header.kind}${what}, number ${header.counter} of its sender`;
  }

  /** Message types in brackets; nothing where no key is at hand: clients keep theirs in memory. */
  #messages(member: Endpoint, header: Header, datagram: Uint8Array): string {
    const receiver = this.#identityOf(this.#name(member));
    if (receiver === null) return '';
    const self = { id: receiver.address, privateKey: receiver.transportPrivateKey };
    // A client is called by its key.
    const transportKey =
      this.#senderOf(header.sender)?.record.transportKey ?? idToBytes(header.sender);
    const keys = linkKeys(this.#network, self, { id: header.sender, transportKey });
    const inside = keys === null ? null : insideOf(keys.open, header, datagram);
    if (inside === null) return '';
    if (typeof inside === 'string') return ` (${inside})`;
    const types = inside.slice(0, MAX_NAMED).map((bytes) => kindOf(bytes).type);
    const more = inside.length > types.length ? `, ${inside.length - types.length} more` : '';
    return ` (${types.join(', ') || 'no message'}${more})`;
  }

  #senderOf(address: Id): Identity | null {
    for (const member of this.#world?.members.values() ?? []) {
      if (member.address === address) return this.#identityOf(member.name);
    }
    return null;
  }

  #identityOf(name: string): Identity | null {
    const member = this.#world?.members.get(name);
    return member === undefined ? null : storedIdentity(member.snapshot());
  }

  #name(endpoint: Endpoint): string {
    return this.#names.get(keyOf(endpoint)) ?? keyOf(endpoint);
  }
}

function keyOf({ ip, port }: Endpoint): string {
  return `${ip}:${port}`;
}
