/**
 * What members of a simulated network stand on: an endpoint for each, the links between their
 * regions as they are now, hosts, and the processors that these share.
 */
import { VERSION } from '../../node/runtime/version.ts';
import type { LinkClass } from '../../node/control.ts';
import type { Endpoint } from '../../node/host.ts';
import { classesFor } from '../links/classes.ts';
import type { Fault, Member, Testnet } from '../manifest/testnet.ts';
import { cutsOf, profilesWith } from '../supervisor/link-control.ts';
import { assignEndpoints } from '../supervisor/run-context.ts';
import { simulatedAddresses } from './addresses.ts';
import { type ProcessingCosts, Processors } from './costs.ts';
import { SimHost } from './host.ts';
import { SimNetwork } from './links.ts';
import type { Streams } from './random.ts';
import type { Recorder } from './recorder.ts';
import type { Scheduler } from './scheduler.ts';
import type { MemoryStore } from './store.ts';
import type { Trace } from './trace.ts';

export interface GroundParts {
  readonly testnet: Testnet;
  readonly scheduler: Scheduler;
  readonly streams: Streams;
  readonly recorder: Recorder;
  readonly trace: Trace;
  readonly costs: ProcessingCosts;
  /** As for `SimNetwork`. */
  onStranger(this: void, to: Endpoint): void;
}

export class Ground {
  readonly network: SimNetwork;
  /** By name. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly #parts: GroundParts;
  readonly #processors: Processors;
  readonly #subnets: Readonly<Record<string, string>>;
  /** Link classes of each region, as they are now. */
  readonly #classes = new Map<string, readonly LinkClass[]>();

  constructor(parts: GroundParts) {
    const { testnet, scheduler, streams, costs, onStranger } = parts;
    this.#parts = parts;
    this.#processors = new Processors(costs);
    this.network = new SimNetwork({ scheduler, streams, onStranger });
    const addresses = simulatedAddresses(testnet.regions);
    this.#subnets = addresses.subnets;
    this.endpoints = assignEndpoints(testnet.members, addresses);
  }

  endpointOf({ name }: Pick<Member, 'name'>): Endpoint {
    const endpoint = this.endpoints.get(name);
    if (endpoint === undefined) throw new Error(`${name} has no endpoint`);
    return endpoint;
  }

  /** A host for the `life`-th process of this member, counted from 1, on its disk; else on a new one. */
  openHost(member: Member, life: number, store?: MemoryStore): SimHost {
    const { scheduler, streams, recorder, trace, costs } = this.#parts;
    const { name, kind } = member;
    const us = kind === 'peer' ? costs.peerUs : costs.clientUs;
    this.link(member);
    const home = { table: 'hosts', region: member.region, version: VERSION } as const;
    recorder.report(name, home, scheduler.now, (shownMs) => shownMs);
    return new SimHost({
      scheduler,
      random: streams.stream('member', name, life),
      endpoint: this.endpointOf(member),
      network: this.network,
      ...(store === undefined ? {} : { store }),
      report: (row, trueTime) => recorder.report(name, row, scheduler.now, trueTime),
      trace,
      ...(us === 0
        ? {}
        : {
            costUs: (work) =>
              work.kind === 'datagram' ? this.#processors.carryOut(scheduler.now, us) : 0,
          }),
    });
  }

  /** Puts what leaves this member on the links of its region. */
  link(member: Member): void {
    const { region } = member;
    const classes = this.#classes.get(region) ?? [];
    this.network.setClasses(this.endpointOf(member), region, classes);
  }

  /** Gives these regions the link classes that hold under these faults, and `there` who is in them. */
  relink(
    regions: ReadonlySet<string>,
    faults: readonly Fault[],
    there: () => Iterable<Member>,
  ): void {
    const { testnet, costs } = this.#parts;
    const profiles = profilesWith(testnet.links, faults).map((profile) => {
      return { ...profile, delayMs: profile.delayMs + costs.hopUs / 1000 };
    });
    for (const region of regions) {
      this.#classes.set(region, classesFor(region, profiles, this.#subnets, cutsOf(faults)));
    }
    for (const member of there()) if (regions.has(member.region)) this.link(member);
  }
}
