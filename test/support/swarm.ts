/** A whole network of peers and clients on virtual time, for tests. */
import { Client } from '../../node/client/client.ts';
import type { ClientLoad } from '../../node/control.ts';
import { hash } from '../../node/crypto/hash.ts';
import type { Decisions } from '../../node/decisions.ts';
import type { Endpoint } from '../../node/host.ts';
import type { Id } from '../../node/id.ts';
import { DEFAULT_PARAMETERS, type ProtocolParameters } from '../../node/parameters.ts';
import { openPeer, type Peer } from '../../node/peer.ts';
import type { Row } from '../../node/telemetry.ts';
import { MemoryStore, virtualEndpoint, type VirtualHost, VirtualNetwork } from './network.ts';

export const NETWORK: Id = hash('network', new TextEncoder().encode('test'));

export const LOAD: ClientLoad = {
  transactionsPerSecond: 2,
  queryRatePerSecond: 3,
  tokensPerTransaction: { '1': 0.6, '2': 0.3, '3': 0.1 },
  transferShare: 0.5,
  destroyShare: 0.05,
  highValueShare: 0.1,
  popularityZipf: 0.9,
  askPeers: 3,
  seed: 'load',
};

export interface Seated {
  readonly endpoint: Endpoint;
  readonly host: VirtualHost;
  readonly peer: Peer;
}

/** Endpoints of twins begin here. */
const TWINS = 200;

export interface SwarmOptions {
  readonly peers: number;
  readonly clients: number;
  readonly seed?: number;
  readonly delayMs?: number;
  readonly lossProbability?: number;
  readonly parameters?: Partial<ProtocolParameters>;
  /** What the clock of the peer with this index shows too much. */
  readonly skewMs?: (index: number) => number;
  /** Instead of an ordinary one; then `delayMs` and `lossProbability` say nothing. */
  readonly network?: VirtualNetwork;
  /** Replaced decisions of single peers, by index; may be filled in later. */
  readonly decisions?: Readonly<Record<number, Partial<Decisions>>>;
}

export class Swarm {
  readonly network: VirtualNetwork;
  readonly parameters: ProtocolParameters;
  readonly seated: Seated[] = [];
  readonly clients: Client[] = [];
  readonly #options: SwarmOptions;

  constructor(options: SwarmOptions) {
    this.#options = options;
    const { delayMs = 40, lossProbability = 0, seed = 1 } = options;
    const link = () => ({ delayMs, lossProbability });
    this.network = options.network ?? new VirtualNetwork({ seed, link });
    this.parameters = {
      ...DEFAULT_PARAMETERS,
      pow: { memoryKiB: 8, passes: 1, bits: 1 },
      ...options.parameters,
    };
    for (let index = 0; index < options.peers; index += 1)
      this.seated.push(this.#seat(index, new MemoryStore()));
    for (let index = 0; index < options.clients; index += 1) {
      this.clients.push(this.#client(options.peers + index));
    }
    const founders = this.seated.map(({ peer, endpoint }) => ({
      record: peer.identity.record,
      endpoint,
    }));
    for (const one of [...this.peers, ...this.clients]) {
      one.start();
      one.found(founders);
    }
  }

  get peers(): Peer[] {
    return this.seated.map(({ peer }) => peer);
  }

  /** Everyone connected; throws if not so after ten seconds. */
  mesh(): void {
    const meshed = () => [...this.peers, ...this.clients].every((one) => one.health().meshed);
    if (!this.network.runUntil(meshed, 10_000)) throw new Error('the network did not mesh');
  }

  load(load: Partial<ClientLoad> = {}): void {
    for (const [index, client] of this.clients.entries()) {
      client.load({ ...LOAD, ...load, seed: `${LOAD.seed}/${index}` });
    }
  }

  unload(): void {
    for (const client of this.clients) client.load(null);
  }

  /** As kill -9, and a start on what the disk holds; its clock may have been set meanwhile. */
  restart(index: number, downMs: number, { skewMs = 0 } = {}): void {
    const { host } = this.at(index);
    host.kill();
    this.network.run(downMs);
    this.seatAgain(index, host.store, skewMs);
  }

  /** All at once, as the lab stops and starts a network. */
  restartAll(downMs: number): void {
    for (const { host } of this.seated) host.kill();
    this.network.run(downMs);
    for (const [index, { host }] of this.seated.entries()) this.seatAgain(index, host.store);
  }

  /** A copy of what the disk holds. */
  snapshot(index: number): MemoryStore {
    return this.at(index).host.store.copy();
  }

  /** As kill -9, and a start on a disk that was put back to a snapshot, which stays as it is. */
  restore(index: number, snapshot: MemoryStore, downMs: number): void {
    this.at(index).host.kill();
    this.network.run(downMs);
    this.seatAgain(index, snapshot.copy());
  }

  at(index: number): Seated {
    const seated = this.seated[index];
    if (seated === undefined) throw new Error(`no peer ${index}`);
    return seated;
  }

  rows<T extends Row['table']>(table: T): Extract<Row, { table: T }>[] {
    return this.network.rows.flatMap(({ row }) => (isOf(row, table) ? [row] : []));
  }

  /** A start on that disk, of one that was killed. */
  seatAgain(index: number, store: MemoryStore, skewMs = 0): void {
    this.seated[index] = this.#seat(index, store, skewMs);
    this.at(index).peer.start();
  }

  /** The same identity once more, on another machine: a copy of the disk, while the first goes on. */
  twin(index: number): Seated {
    const elsewhere = virtualEndpoint(TWINS + index);
    const twin = this.#seat(index, this.snapshot(index), 0, elsewhere);
    twin.peer.start();
    return twin;
  }

  #seat(
    index: number,
    store: MemoryStore,
    setMs = 0,
    endpoint = virtualEndpoint(index + 1),
  ): Seated {
    const skewMs = (this.#options.skewMs?.(index) ?? 0) + setMs;
    const host = this.network.host(endpoint, { store, skewMs });
    const decisions = this.#options.decisions?.[index] ?? {};
    const { parameters } = this;
    const peer = openPeer({ network: NETWORK, parameters, endpoint, decisions }, host);
    this.network.attach(endpoint, (from, datagram) => peer.receive(from, datagram));
    return { endpoint, host, peer };
  }

  #client(index: number): Client {
    const endpoint = virtualEndpoint(index + 1);
    const host = this.network.host(endpoint);
    const { parameters } = this;
    const privateKey = host.random(32);
    const client = new Client({ network: NETWORK, parameters, privateKey, endpoint }, host);
    this.network.attach(endpoint, (from, datagram) => client.receive(from, datagram));
    return client;
  }
}

function isOf<T extends Row['table']>(row: Row, table: T): row is Extract<Row, { table: T }> {
  return row.table === table;
}
