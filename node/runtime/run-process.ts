/** A real peer or client in a process: what main.ts and attacks/main.ts start. */
import type { AttackOrder, ClientLoad, GenesisMember, Seat } from '../control.ts';
import { Client } from '../client/client.ts';
import { deciding, type Decisions } from '../decisions.ts';
import type { Host } from '../host.ts';
import { decode } from '../codec/reader.ts';
import type { Identity } from '../identity/mint.ts';
import { encodeRecord, readRecord } from '../identity/record.ts';
import { openPeer, type Peer } from '../peer.ts';
import type { Founder, Genesis } from '../peer/genesis.ts';
import type { Mind, MindContext, Role } from './adversarial.ts';
import { inhabit, type Inhabitant, type Open } from './inhabit.ts';

/** Of the runtime's own entry in a client's store. */
const CLIENT_KEY = 'runtime/client-key';

/** Runs the seat's peer or client until it is stopped. */
export function runProcess(seat: Seat, role?: Role): Promise<void> {
  const open: Open = (host, conspire, minted) =>
    seat.kind === 'client' ? clientIn(seat, host) : peerIn(seat, { host, conspire, minted, role });
  return inhabit(seat, open, role);
}

/** What a peer needs beside its seat; `minted` as for `Open`. */
export interface PeerNeeds {
  readonly host: Host;
  conspire(this: void, message: unknown): void;
  readonly minted: Identity | null;
  /** Absent for the honest. */
  readonly role: Role | undefined;
  /** As for `PeerOptions`. */
  readonly genesis?: Genesis | undefined;
}

/** A peer of this seat on `host`, bent by its adversary if it has one. Does not start it. */
export function peerIn(seat: Seat, needs: PeerNeeds): Inhabitant {
  const { host, conspire, minted, role, genesis } = needs;
  // The peer exists before the mind that bends it: what it decides is looked up at each decision.
  let bent: Partial<Decisions> = {};
  const decisions = deciding(() => bent);
  const { network, parameters, bind: endpoint } = seat;
  const peer = openPeer({ network, parameters, endpoint, decisions, minted, genesis }, host);
  const mind = role === undefined ? undefined : mindOf(role, peer, host, conspire);
  if (mind !== undefined) bent = mind.decisions;
  return {
    record: encodeRecord(peer.identity.record).toHex(),
    address: peer.identity.address,
    get founded() {
      return peer.founded;
    },
    found: (members) => peer.found(foundersOf(members)),
    join: (shared) => peer.join(shared),
    start: () => peer.start(),
    receive: (from, datagram) => peer.receive(from, datagram),
    health: () => peer.health(),
    stop: () => peer.stop(),
    ...(mind === undefined
      ? {}
      : {
          attack: (order: AttackOrder) => mind.order(order),
          conspire: (from: string, message: unknown) => mind.heard(from, message),
        }),
  };
}

function mindOf(
  { module, part }: Role,
  peer: Peer,
  host: Host,
  conspire: PeerNeeds['conspire'],
): Mind {
  const say: MindContext['say'] = (event, details = {}) =>
    host.report({ table: 'asides', event, details: JSON.stringify(details) });
  return module.create({ peer, host, knobs: part.knobs, conspire, say });
}

/** A client of this seat on `host`, not started. `genesis` as for `ClientOptions`. */
export function clientIn(seat: Seat, host: Host, genesis?: Genesis): Inhabitant {
  const { network, parameters, bind: endpoint } = seat;
  const privateKey = host.store.get(CLIENT_KEY) ?? host.random(32);
  host.store.put(CLIENT_KEY, privateKey);
  const client = new Client({ network, parameters, privateKey, endpoint, genesis }, host);
  const { address } = client;
  return {
    record: address,
    address,
    get founded() {
      return client.founded;
    },
    found: (members) => client.found(foundersOf(members)),
    join: (shared) => client.join(shared),
    start: () => client.start(),
    receive: (from, datagram) => client.receive(from, datagram),
    health: () => client.health(),
    stop: () => client.stop(),
    load: (load: ClientLoad | null) => client.load(load),
  };
}

/** Throws for a record that cannot be read: the lab made the list, so this is its error to hear. */
export function foundersOf(members: readonly GenesisMember[]): Founder[] {
  return members.map(({ record, endpoint }) => {
    const read = decode(Uint8Array.fromHex(record), readRecord);
    if (!read.ok) throw new Error(`a founder's record is malformed: ${read.reason}`);
    return { record: read.value, endpoint };
  });
}
