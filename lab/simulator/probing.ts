/**
 * Holds the simulated links against what was asked, as the supervisor does with living ones: probes
 * between sampled pairs of members, through the same link models as their datagrams, judged alike.
 */
import type { ProbeResult } from '../../node/control.ts';
import type { LinkMeasurement } from '../analysis/result.ts';
import {
  askedRoundTrip,
  type AskedRoundTrip,
  judge,
  planProbes,
  type PlannedProbe,
  type Probed,
  probeRequest,
} from '../links/measure.ts';
import type { Testnet } from '../manifest/testnet.ts';
import type { SimNetwork } from './links.ts';
import type { Scheduler } from './scheduler.ts';

/** As of the runtime's probes. */
const PROBE_BYTES = 33;
/** Above the members' own. */
const FIRST_PORT = 20_000;
/** One measurement, and two more of pairs that look off: what chance did, chance undoes. */
const MAX_ROUNDS = 3;

export interface ProbingNeeds {
  readonly scheduler: Scheduler;
  readonly network: SimNetwork;
  readonly testnet: Pick<Testnet, 'links' | 'regions'>;
  readonly members: readonly Probed[];
  /** Called once with each member that is going to send or answer probes. */
  prepare?(this: void, member: Probed): void;
}

interface Pair {
  readonly from: string;
  readonly to: string;
  readonly pairs: readonly PlannedProbe[];
  readonly asked: AskedRoundTrip;
  readonly results: ProbeResult[];
}

export class Probing {
  readonly #needs: ProbingNeeds;
  readonly #pairs: readonly Pair[];
  #rounds = 0;
  #port = FIRST_PORT;

  constructor(needs: ProbingNeeds) {
    this.#needs = needs;
    const { links, regions } = needs.testnet;
    const directed = new Map(
      links.map((link) => [`${link.from} ${link.to}`, { ...link, cut: false }]),
    );
    this.#pairs = planProbes(needs.members, regions, null).flatMap((plan) => {
      const there = directed.get(`${plan.from} ${plan.to}`);
      const back = directed.get(`${plan.to} ${plan.from}`);
      if (there === undefined || back === undefined) return [];
      return [{ ...plan, asked: askedRoundTrip(there, back), results: [] }];
    });
    const probed = this.#pairs.flatMap(({ pairs }) => pairs.flatMap(({ from, to }) => [from, to]));
    for (const member of new Set(probed)) needs.prepare?.(member);
  }

  /** Sends the probes of the next round; when all of it is over, or null when none is needed. */
  begin(): number | null {
    const doubtful = this.#pairs.filter((pair) => !this.#judged(pair).ok);
    if (doubtful.length === 0 || this.#rounds === MAX_ROUNDS) return null;
    this.#rounds += 1;
    const ends = doubtful.flatMap((pair) => pair.pairs.map((probe) => this.#send(probe, pair)));
    return Math.max(...ends);
  }

  get measured(): LinkMeasurement[] {
    return this.#pairs.map((pair) => this.#judged(pair));
  }

  #judged({ from, to, asked, results }: Pair): LinkMeasurement {
    return judge({ from, to }, asked, results, this.#pairs.length);
  }

  /** One series of probes, on a port of its own at both ends; when it ends. */
  #send({ from, to }: PlannedProbe, { asked, results }: Pair): number {
    const { scheduler, network } = this.#needs;
    const { count, intervalMs, timeoutMs } = probeRequest(to.endpoint, asked);
    this.#port += 1;
    const here = { ip: from.endpoint.ip, port: this.#port };
    const there = { ip: to.endpoint.ip, port: this.#port };
    const sentMs = new Map<number, number>();
    const rttMs: number[] = [];
    network.attach(there, (_from, probe) => {
      network.send(to.endpoint, here, probe, scheduler.now);
    });
    network.attach(here, (_from, probe) => {
      const at = sentMs.get(numberOf(probe));
      if (at !== undefined) rttMs.push(scheduler.now - at);
      // Duplicates count once.
      sentMs.delete(numberOf(probe));
    });
    const startMs = scheduler.now;
    for (let index = 0; index < count; index += 1) {
      scheduler.at(startMs + index * intervalMs, () => {
        sentMs.set(index, scheduler.now);
        network.send(from.endpoint, there, numbered(index), scheduler.now);
      });
    }
    const endMs = startMs + count * intervalMs + timeoutMs;
    scheduler.at(endMs, () => {
      network.detach(here);
      network.detach(there);
      results.push({ sent: count, received: rttMs.length, rttMs });
    });
    return endMs;
  }
}

function numbered(index: number): Uint8Array {
  const probe = new Uint8Array(PROBE_BYTES);
  new DataView(probe.buffer).setUint32(0, index);
  return probe;
}

function numberOf(probe: Uint8Array): number {
  return new DataView(probe.buffer, probe.byteOffset, probe.byteLength).getUint32(0);
}
