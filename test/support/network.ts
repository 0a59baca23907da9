/**
 * An in-memory network with virtual time for tests of whole peers: seeded, single-threaded, the
 * same run for the same seed. Nothing here waits; `run(ms)` plays what is due.
 *
 *     const network = new VirtualNetwork({ seed: 7, link: () => ({ delayMs: 40 }) });
 *     const host = network.host(endpoint);
 *     network.attach(endpoint, (from, datagram) => peer.receive(from, datagram));
 *     network.run(2000);
 */
import { Scheduler } from '../../lab/simulator/scheduler.ts';
import { MemoryStore } from '../../lab/simulator/store.ts';
import type { Endpoint, Host, Timer } from '../../node/host.ts';
import type { Row } from '../../node/telemetry.ts';

export { MemoryStore };

/** What happens to one datagram. Missing is none. */
export interface VirtualLink {
  readonly delayMs?: number;
  readonly lossProbability?: number;
  /** Probability that a second copy arrives, up to one more delay later. */
  readonly duplicate?: number;
}

export type LinkFunction = (from: Endpoint, to: Endpoint) => VirtualLink;

export type Receive = (from: Endpoint, datagram: Uint8Array) => void;

/** One row as it was reported. */
export interface ReportedRow {
  readonly endpoint: Endpoint;
  readonly at: number;
  readonly row: Row;
}

/** `ip:port`. */
export function endpointText(endpoint: Endpoint): string {
  return `${endpoint.ip}:${endpoint.port}`;
}

/** The n-th address of a test network. */
export function virtualEndpoint(index: number): Endpoint {
  return { ip: `10.0.${index >> 8}.${index & 255}`, port: 4000 };
}

/** Numbers in [0, 1) from a 32-bit seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface VirtualHost extends Host {
  readonly store: MemoryStore;
  /** As kill -9 and a closed socket: no timer of this host fires and nothing is sent any more. */
  kill(): void;
  /** As SIGSTOP and SIGCONT: what is due meanwhile, datagrams too, happens afterwards. */
  pause(forMs: number): void;
}

/** A home router: one public address, a port for each inside endpoint, nothing let in unasked. */
export interface VirtualNat {
  /** Where the inside endpoint is seen from outside now. */
  outside(): Endpoint;
  /** Forgets the port, as routers do when they restart: the next datagram gets another. */
  rebind(): void;
}

export class VirtualNetwork {
  readonly rows: ReportedRow[] = [];
  /** Change it at will: it is asked for each datagram. */
  link: LinkFunction;
  /** Sees each datagram as it is sent, before loss. */
  tap: ((from: Endpoint, to: Endpoint, datagram: Uint8Array) => void) | undefined;
  datagramsSent = 0;
  protected readonly scheduler: Scheduler;
  readonly #receivers = new Map<string, Receive>();
  /** Until when hosts stand still, by endpoint. */
  readonly #pauses = new Map<string, number>();
  readonly #nats = new Map<string, { outside: Endpoint; asked: Set<string> }>();
  readonly #random: () => number;
  #hosts = 0;
  readonly #seed: number;

  constructor(options: { seed?: number; startMs?: number; link?: LinkFunction } = {}) {
    this.#seed = options.seed ?? 1;
    this.#random = seededRandom(this.#seed);
    this.scheduler = new Scheduler(options.startMs ?? 1_700_000_000_000);
    this.link = options.link ?? (() => ({ delayMs: 1 }));
  }

  /** Virtual ms since the epoch. */
  get now(): number {
    return this.scheduler.now;
  }

  /** Set on, what was due meanwhile is late; set back, what was asked for comes that much later. */
  set now(ms: number) {
    this.scheduler.now = ms;
  }

  /** `skewMs` is added to the network's time in this host's clock. */
  host(endpoint: Endpoint, options: { store?: MemoryStore; skewMs?: number } = {}): VirtualHost {
    this.#hosts += 1;
    const random = seededRandom(this.#seed * 65_537 + this.#hosts);
    const skewMs = options.skewMs ?? 0;
    let alive = true;
    return {
      now: () => this.now + skewMs,
      random: (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)),
      after: (delayMs, callback) =>
        this.after(delayMs, () =>
          this.#awake(endpoint, () => {
            if (alive) callback();
          }),
        ),
      send: (to, datagram) => {
        if (alive) this.send(endpoint, to, datagram);
      },
      store: options.store ?? new MemoryStore(),
      report: (row) => {
        if (alive) this.rows.push({ endpoint, at: this.now, row });
      },
      kill: () => {
        alive = false;
        this.#receivers.delete(endpointText(endpoint));
        this.#pauses.delete(endpointText(endpoint));
      },
      pause: (ms) => {
        this.#pauses.set(endpointText(endpoint), this.now + ms);
      },
    };
  }

  /** Datagrams to `endpoint` go to `receive` from now on. */
  attach(endpoint: Endpoint, receive: Receive): void {
    this.#receivers.set(endpointText(endpoint), receive);
  }

  /**
   * From now on datagrams of `inside` come from a port of `publicIp`, the same towards all; what is
   * sent there arrives if `inside` has sent to that sender before. Nothing reaches `inside` directly.
   */
  putBehindNat(inside: Endpoint, publicIp: string): VirtualNat {
    let port = 20_000;
    const bind = (): { outside: Endpoint; asked: Set<string> } => {
      port += 1;
      const nat = { outside: { ip: publicIp, port }, asked: new Set<string>() };
      this.#nats.set(endpointText(inside), nat);
      this.#receivers.set(endpointText(nat.outside), (from, datagram) => {
        if (nat.asked.has(endpointText(from))) this.#receiver(inside)?.(from, datagram);
      });
      return nat;
    };
    let nat = bind();
    return {
      outside: () => nat.outside,
      rebind: () => {
        this.#receivers.delete(endpointText(nat.outside));
        nat = bind();
      },
    };
  }

  /** Now, or when the host goes on. */
  #awake(endpoint: Endpoint, run: () => void): void {
    const waitMs = (this.#pauses.get(endpointText(endpoint)) ?? this.now) - this.now;
    if (waitMs > 0) this.after(waitMs, run);
    else run();
  }

  #receiver(endpoint: Endpoint): Receive | undefined {
    return this.#receivers.get(endpointText(endpoint));
  }

  /** Sends as if from `from`, also for attackers that have no host (and may lie about `from`). */
  send(from: Endpoint, to: Endpoint, datagram: Uint8Array): void {
    this.datagramsSent += 1;
    const copy = new Uint8Array(datagram);
    this.tap?.(from, to, copy);
    const { delayMs = 0, lossProbability = 0, duplicate = 0 } = this.link(from, to);
    if (this.#random() < lossProbability) return;
    const nat = this.#nats.get(endpointText(from));
    nat?.asked.add(endpointText(to));
    const source = nat?.outside ?? from;
    const deliver = (): void => {
      if (this.#nats.has(endpointText(to))) return;
      this.#awake(to, () => this.#receiver(to)?.(source, copy.slice()));
    };
    this.after(delayMs, deliver);
    if (this.#random() < duplicate) this.after(delayMs * (1 + this.#random()), deliver);
  }

  /** Calls back in virtual time. */
  after(delayMs: number, run: () => void): Timer {
    return this.scheduler.at(this.now + Math.max(0, Math.ceil(delayMs)), run);
  }

  /** Plays all that is due within the next `ms`, in order of time and then of asking. */
  run(ms: number): void {
    this.scheduler.runUntil(this.now + ms);
  }

  /** Plays until `done`, at most `limitMs`; says whether it was. */
  runUntil(done: () => boolean, limitMs: number): boolean {
    const until = this.now + limitMs;
    while (!done() && this.now < until) this.run(Math.min(10, until - this.now));
    return done();
  }
}
