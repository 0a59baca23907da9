/**
 * The links between simulated members: every datagram is given its fate by the link class of its
 * sender whose subnet holds its destination, with the model that shapes real processes.
 */
import type { LinkClass } from '../../node/control.ts';
import type { Endpoint } from '../../node/host.ts';
import { LinkModel } from '../../node/runtime/link-model.ts';
import { MAX_QUEUE_MS } from '../../node/runtime/shaper.ts';
import { addressNumber, endpointKey, endpointNumber, subnetNumber } from './address.ts';
import { DelayHistogram } from './delays.ts';
import type { Network, Receive } from './host.ts';
import type { Random, Streams } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/**
 * What every way takes beside its link's delay, ms: about two kernels on one machine. Without it a
 * link of no delay would let members answer one another for ever within one moment.
 */
const LEAST_DELAY_MS = 0.02;

/** What became of the datagrams of one ordered pair of regions. */
export interface PairCounts {
  readonly from: string;
  readonly to: string;
  /** Given to the link; duplicates not counted. */
  sent: number;
  lost: number;
  cut: number;
  overflowed: number;
  /** Copies that arrived beyond the first. */
  duplicated: number;
  /** One way, of each copy. */
  readonly delays: DelayHistogram;
}

interface Route {
  readonly base: number;
  readonly mask: number;
  readonly bits: number;
  readonly linkClass: LinkClass;
}

/** A sender's way to one region. */
interface Way {
  readonly model: LinkModel;
  readonly counts: PairCounts;
}

interface Sender {
  readonly key: number;
  region: string;
  routes: readonly Route[];
  /** By region, made at the first datagram; forgotten when the classes change. */
  ways: Map<string, Way>;
  /** By region, kept over changes of the classes. */
  readonly randoms: Map<string, Random>;
  /** Until when a path to a region is clogged. */
  readonly clogs: Map<string, number>;
}

export interface SimNetworkParts {
  readonly scheduler: Scheduler;
  readonly streams: Streams;
  /** Asked when a datagram arrives where nobody is attached: may attach someone. */
  readonly onStranger?: (to: Endpoint) => void;
}

export class SimNetwork implements Network {
  /** Datagrams that members sent, and copies that reached one. */
  sent = 0;
  delivered = 0;
  /** Copies that arrived where nobody is. */
  unreachable = 0;
  readonly #parts: SimNetworkParts;
  readonly #receivers = new Map<number, Receive>();
  readonly #senders = new Map<number, Sender>();
  readonly #pairs = new Map<string, PairCounts>();
  /** Routes of a list of classes that many members share. */
  readonly #routes = new WeakMap<readonly LinkClass[], readonly Route[]>();

  constructor(parts: SimNetworkParts) {
    this.#parts = parts;
  }

  /** Datagrams to `endpoint` go to `receive` from now on. RangeError for a bad address. */
  attach(endpoint: Endpoint, receive: Receive): void {
    this.#receivers.set(keyOf(endpoint), receive);
  }

  detach(endpoint: Endpoint): void {
    this.#receivers.delete(keyOf(endpoint));
  }

  /**
   * Replaces the classes of what leaves from `endpoint`, a member in `region`; what is under way
   * keeps its delay. Share one list among the members of a region. RangeError for a bad subnet.
   */
  setClasses(endpoint: Endpoint, region: string, classes: readonly LinkClass[]): void {
    const sender = this.#sender(keyOf(endpoint));
    sender.region = region;
    sender.routes = this.#routesOf(classes);
    sender.ways = new Map();
  }

  /** Whatever leaves from `endpoint` for `region` before `untilMs` is held until then. */
  clog(endpoint: Endpoint, region: string, untilMs: number): void {
    this.#sender(keyOf(endpoint)).clogs.set(region, untilMs);
  }

  send(from: Endpoint, to: Endpoint, datagram: Uint8Array, leavesMs: number): void {
    const address = addressNumber(to.ip);
    if (address === null) return;
    const toKey = endpointKey(address, to.port);
    this.sent += 1;
    const sender = this.#sender(keyOf(from));
    const route = routeTo(sender.routes, address);
    if (route === undefined) {
      this.#deliverAt(leavesMs + LEAST_DELAY_MS, from, to, toKey, datagram);
      return;
    }
    const { model, counts } = this.#way(sender, route.linkClass);
    const fate = model.draw(leavesMs, datagram.length);
    counts.sent += 1;
    if (fate.dropped === 'cut') counts.cut += 1;
    else if (fate.dropped === 'lost') counts.lost += 1;
    else if (fate.dropped === 'overflow') counts.overflowed += 1;
    const startMs = Math.max(leavesMs, sender.clogs.get(route.linkClass.region) ?? leavesMs);
    let copy = -1;
    for (const delayMs of fate.delaysMs) {
      copy += 1;
      const arrivesMs = startMs + delayMs + LEAST_DELAY_MS;
      if (copy > 0) counts.duplicated += 1;
      counts.delays.add(arrivesMs - leavesMs);
      this.#deliverAt(arrivesMs, from, to, toKey, datagram);
    }
  }

  /** What became of what was sent, by ordered pair of regions, in the order of first use. */
  get pairs(): readonly PairCounts[] {
    return [...this.#pairs.values()];
  }

  #deliverAt(
    arrivesMs: number,
    from: Endpoint,
    to: Endpoint,
    toKey: number,
    datagram: Uint8Array,
  ): void {
    this.#parts.scheduler.post(arrivesMs, () => {
      let receive = this.#receivers.get(toKey);
      if (receive === undefined) {
        this.#parts.onStranger?.(to);
        receive = this.#receivers.get(toKey);
      }
      if (receive === undefined) {
        this.unreachable += 1;
        return;
      }
      this.delivered += 1;
      receive(from, datagram);
    });
  }

  #sender(key: number): Sender {
    let sender = this.#senders.get(key);
    if (sender === undefined) {
      sender = {
        key,
        region: '',
        routes: [],
        ways: new Map(),
        randoms: new Map(),
        clogs: new Map(),
      };
      this.#senders.set(key, sender);
    }
    return sender;
  }

  #way(sender: Sender, linkClass: LinkClass): Way {
    const { region } = linkClass;
    let way = sender.ways.get(region);
    if (way === undefined) {
      const random =
        sender.randoms.get(region) ?? this.#parts.streams.stream('link', sender.key, region);
      sender.randoms.set(region, random);
      way = {
        model: new LinkModel(linkClass, () => random.next(), MAX_QUEUE_MS),
        counts: this.#countsOf(sender.region, region),
      };
      sender.ways.set(region, way);
    }
    return way;
  }

  #countsOf(from: string, to: string): PairCounts {
    const key = `${from}\n${to}`;
    let counts = this.#pairs.get(key);
    if (counts === undefined) {
      counts = {
        from,
        to,
        sent: 0,
        lost: 0,
        cut: 0,
        overflowed: 0,
        duplicated: 0,
        delays: new DelayHistogram(),
      };
      this.#pairs.set(key, counts);
    }
    return counts;
  }

  #routesOf(classes: readonly LinkClass[]): readonly Route[] {
    let routes = this.#routes.get(classes);
    if (routes === undefined) {
      // The most specific subnet first; the sort is stable, so of equal ones the first wins.
      routes = classes
        .map((linkClass) => ({ ...subnetNumber(linkClass.subnet), linkClass }))
        .sort((left, right) => right.bits - left.bits);
      this.#routes.set(classes, routes);
    }
    return routes;
  }
}

function routeTo(routes: readonly Route[], address: number): Route | undefined {
  for (const route of routes) {
    if ((address & route.mask) >>> 0 === route.base) return route;
  }
  return undefined;
}

function keyOf(endpoint: Endpoint): number {
  const key = endpointNumber(endpoint);
  if (key === null) throw new RangeError(`not an IPv4 address: ${endpoint.ip}`);
  return key;
}
