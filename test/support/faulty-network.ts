/**
 * A network for storms: the simulator's own hosts and links, behind what tests of whole peers use of
 * `VirtualNetwork`. Each endpoint is a region of its own, so that each path has its class.
 */
import { SimHost, type SimHostParts } from '../../lab/simulator/host.ts';
import { SimNetwork } from '../../lab/simulator/links.ts';
import { Streams } from '../../lab/simulator/random.ts';
import type { Scheduler } from '../../lab/simulator/scheduler.ts';
import { Trace } from '../../lab/simulator/trace.ts';
import { type LinkShape, UNSHAPED } from '../../node/control.ts';
import type { Endpoint } from '../../node/host.ts';
import { endpointText, type MemoryStore, type Receive, VirtualNetwork } from './network.ts';

/** What happens to datagrams from one endpoint to another. */
export type Path = LinkShape & { readonly cut: boolean };

export type PathFunction = (from: Endpoint, to: Endpoint) => Path;

/** A simulated host that can stand still for a time. */
export class FaultyHost extends SimHost {
  readonly #scheduler: Scheduler;
  #pausedUntilMs = 0;

  constructor(parts: SimHostParts) {
    super(parts);
    this.#scheduler = parts.scheduler;
  }

  override pause(forMs = Number.POSITIVE_INFINITY): void {
    super.pause();
    const untilMs = Math.max(this.#pausedUntilMs, this.#scheduler.now + forMs);
    this.#pausedUntilMs = untilMs;
    if (untilMs === Number.POSITIVE_INFINITY) return;
    this.#scheduler.post(untilMs, () => {
      if (this.#pausedUntilMs === untilMs) this.resume();
    });
  }
}

export class FaultyNetwork extends VirtualNetwork {
  /** Of every event that reached a host. */
  readonly trace = new Trace();
  readonly #sim: SimNetwork;
  readonly #streams: Streams;
  readonly #hosts = new Map<string, FaultyHost>();
  #paths: PathFunction = () => ({ ...UNSHAPED, delayMs: 1, cut: false });
  #opened = 0;

  constructor({ seed }: { readonly seed: number }) {
    super({ seed });
    this.#streams = new Streams(seed);
    this.#sim = new SimNetwork({ scheduler: this.scheduler, streams: this.#streams });
  }

  override host(
    endpoint: Endpoint,
    { store, skewMs = 0 }: { store?: MemoryStore; skewMs?: number } = {},
  ): FaultyHost {
    this.#opened += 1;
    const host = new FaultyHost({
      scheduler: this.scheduler,
      random: this.#streams.stream('host', endpointText(endpoint), this.#opened),
      endpoint,
      network: this.#sim,
      skewMs,
      trace: this.trace,
      report: (row) => this.rows.push({ endpoint, at: this.now, row }),
      ...(store === undefined ? {} : { store }),
    });
    const isNew = !this.#hosts.has(endpointText(endpoint));
    this.#hosts.set(endpointText(endpoint), host);
    if (isNew) this.#relink();
    return host;
  }

  override attach(endpoint: Endpoint, receive: Receive): void {
    this.hostAt(endpoint).listen(receive);
  }

  override send(from: Endpoint, to: Endpoint, datagram: Uint8Array): void {
    this.#sim.send(from, to, new Uint8Array(datagram), this.now);
  }

  /** The newest of each endpoint. */
  get hosts(): readonly FaultyHost[] {
    return [...this.#hosts.values()];
  }

  hostAt(endpoint: Endpoint): FaultyHost {
    const host = this.#hosts.get(endpointText(endpoint));
    if (host === undefined) throw new Error(`no host at ${endpointText(endpoint)}`);
    return host;
  }

  /** What paths are like from now on. */
  setPaths(paths: PathFunction): void {
    this.#paths = paths;
    this.#relink();
  }

  /** Whatever leaves `from` for `to` before `untilMs` is held until then. */
  clog(from: Endpoint, to: Endpoint, untilMs: number): void {
    this.#sim.clog(from, to.ip, untilMs);
  }

  /** Tests give each endpoint an address of its own. */
  #relink(): void {
    const endpoints = [...this.#hosts.values()].map(({ endpoint }) => endpoint);
    for (const from of endpoints) {
      const classes = endpoints.map((to) => {
        return { ...this.#paths(from, to), region: to.ip, subnet: `${to.ip}/32` };
      });
      this.#sim.setClasses(from, from.ip, classes);
    }
  }
}
