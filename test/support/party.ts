/** Members, clients and strangers of a small virtual network, for tests of the transport. */
import { expect } from 'vitest';
import type { Endpoint } from '../../node/host.ts';
import { RecordChecker } from '../../node/identity/checker.ts';
import { mint, type Identity } from '../../node/identity/mint.ts';
import {
  type MemoryStore,
  VirtualNetwork,
  seededRandom,
  virtualEndpoint,
  type LinkFunction,
  type VirtualHost,
} from './network.ts';
import { type MessageKind, Transport } from '../../node/transport/transport.ts';

export const NETWORK = '5a'.repeat(32);
export const POW = { memoryKiB: 64, passes: 1, bits: 2 };
const identities: Identity[] = [];

{
  const random = seededRandom(11);
  const bytes = (n: number): Uint8Array =>
    Uint8Array.from({ length: n }, () => Math.floor(random() * 256));
  for (let i = 0; i < 4; i += 1) {
    identities.push(mint(NETWORK, POW, { now: () => 1_690_000_000_000, random: bytes }));
  }
}

export function identity(index: number): Identity {
  const found = identities[index];
  if (found === undefined) throw new Error(`only ${identities.length} identities`);
  return found;
}

/** Every message is a note, worth what its first byte says. */
export const noteKind = ([first = 0]: Uint8Array): MessageKind => {
  const values = [0, 1, 2, 3, 4] as const;
  return { type: 'note', value: values[first] ?? 4 };
};

export interface Party {
  readonly transport: Transport;
  readonly host: VirtualHost;
  readonly endpoint: Endpoint;
  readonly heard: string[];
  readonly changes: boolean[];
  readonly observed: (Endpoint | null)[];
}

export function start(
  network: VirtualNetwork,
  index: number,
  options: {
    store?: MemoryStore;
    client?: boolean;
    identity?: Identity;
    checker?: RecordChecker;
  } = {},
): Party {
  const endpoint = virtualEndpoint(index);
  const host = network.host(endpoint, options.store === undefined ? {} : { store: options.store });
  const heard: string[] = [];
  const changes: boolean[] = [];
  const observed: (Endpoint | null)[] = [];
  const self = options.client
    ? { kind: 'client' as const, privateKey: host.random(32) }
    : { kind: 'peer' as const, identity: options.identity ?? identity(index) };
  const checker = options.checker ?? new RecordChecker(NETWORK, POW, () => host.now());
  const transport = new Transport({ network: NETWORK, self, checker, batchWindowMs: 5 }, host, {
    kind: noteKind,
    message: (from, bytes) => {
      heard.push(`${from.kind}:${from.id.slice(0, 4)}:${bytes.toHex()}`);
      return true;
    },
    connectedChanged: (id) => changes.push(transport.connected(id)),
    observedChanged: (seenAt) => observed.push(seenAt),
  });
  network.attach(endpoint, (from, datagram) => transport.receive(from, datagram));
  return { transport, host, endpoint, heard, changes, observed };
}

export function learn(party: Party, index: number): void {
  const { address, record } = identity(index);
  party.transport.learn({ address, record, endpoint: virtualEndpoint(index) });
}

/** Two members that know each other. */
export function pair(
  link?: LinkFunction,
  seed = 1,
): { network: VirtualNetwork; a: Party; b: Party } {
  const network = new VirtualNetwork({ seed, ...(link === undefined ? {} : { link }) });
  const [a, b] = [start(network, 0), start(network, 1)];
  learn(a, 1);
  learn(b, 0);
  return { network, a, b };
}

export function connectedPair(link?: LinkFunction): ReturnType<typeof pair> {
  const all = pair(link);
  all.a.transport.connect(all.b.transport.id);
  all.network.run(2000);
  expect([all.a.changes, all.b.changes]).toEqual([[true], [true]]);
  return all;
}

export const note = (value: number): Uint8Array => Uint8Array.of(value);
