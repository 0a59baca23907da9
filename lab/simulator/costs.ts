/**
 * What handling costs the processes of a real run, measured from its telemetry, so that members of
 * the simulator are as slow as those. Two things are told apart: processor time per datagram, during
 * which a member handles no other; and how late any datagram is on its way beyond what its link was
 * asked for (sockets, timers, waking up), which probes measure without any protocol.
 */
import type { LinkMeasurement } from '../analysis/result.ts';
import { medianOf } from '../analysis/statistics.ts';
import { ask, IN_WINDOW, type NamedQuery, type WindowParameters } from '../telemetry/queries.ts';
import type { TelemetryStore } from '../telemetry/store.ts';

/** Microseconds, each. */
export interface ProcessingCosts {
  /** Processor time from the arrival of one datagram to all that it caused. */
  readonly peerUs: number;
  readonly clientUs: number;
  /** Added to the delay of every link, one way. */
  readonly hopUs: number;
  /** Processors that all members share, as on one host; null: each has its own, as in the world. */
  readonly cores: number | null;
}

/** Members answer in the instant. */
export const NO_COSTS: ProcessingCosts = { peerUs: 0, clientUs: 0, hopUs: 0, cores: null };

/**
 * What runs are simulated with that bring no measurement of their own: `lab calibrate` prints these.
 * A network of 24 peers and 6 clients in containers on two cores (`npm run demo`, the 36 s of load,
 * 2026-11-21, version 513a3c3). Most of it is not the protocol but a process that is woken for each
 * datagram: in one busy thread (`npm run bench -- peer`) a message costs a tenth.
 */
export const MEASURED_COSTS: ProcessingCosts = {
  peerUs: 630,
  clientUs: 550,
  hopUs: 800,
  cores: null,
};

/** The processors of a host: who comes first is served first, by the one that is free first. */
export class Processors {
  /** When each is free, virtual ms; null when nobody waits for any. */
  readonly #freeAtMs: Float64Array | null;

  constructor({ cores }: ProcessingCosts) {
    this.#freeAtMs = cores === null ? null : new Float64Array(cores);
  }

  /** Work of `us` asked for at `nowMs`: µs until it is done, waiting included. */
  carryOut(nowMs: number, us: number): number {
    const freeAtMs = this.#freeAtMs;
    if (freeAtMs === null) return us;
    const first = freeAtMs.reduce(
      (best, at, core) => (at < (freeAtMs[best] ?? 0) ? core : best),
      0,
    );
    const beginsMs = Math.max(nowMs, freeAtMs[first] ?? 0);
    freeAtMs[first] = beginsMs + us / 1000;
    return 1000 * (beginsMs - nowMs) + us;
  }
}

/** How a member's processor time depends on what it received. */
export interface CostFit {
  readonly us: number;
  /** Processor time a second that no datagram explains, µs. */
  readonly idleUsPerSecond: number;
  /** Pieces of telemetry behind it, and the correlation of the two in them, −1 to 1. */
  readonly n: number;
  readonly correlation: number | null;
  /** `ratio`: no line could be laid through them; all processor time over all datagrams, so too much. */
  readonly by: 'line' | 'ratio';
}

/** What one run's telemetry says of its processes; null where nothing of the kind was in it. */
export interface MeasuredCosts {
  readonly peer: CostFit | null;
  readonly client: CostFit | null;
  readonly hopUs: number | null;
  /** Messages in a datagram on average: `us` over this is the cost of one message. */
  readonly messagesPerDatagram: number | null;
}

/** What one member did in a few seconds. */
export interface WorkSample {
  readonly peer: string;
  readonly seconds: number;
  readonly cpu_ms: number;
  readonly datagrams: number;
  readonly messages: number;
}

/**
 * Both tables are written about once a second, not at the same moment: over so many seconds the ends
 * weigh a fifth at most.
 */
const BUCKET_MS = 5000;
/** A line through fewer is drawn by chance. */
const MIN_SAMPLES = 10;

export const WORK_SAMPLES: NamedQuery<WorkSample> = {
  name: 'work_samples',
  meaning:
    'What each member did in each five seconds of the window: processor time of its process, and what ' +
    'it received. Only where the process reported its processor time in every second.',
  columns: {
    peer: 'member',
    seconds: 'seconds covered',
    cpu_ms: 'processor time',
    datagrams: 'datagrams received',
    messages: 'messages received',
  },
  sql: `SELECT r.peer AS peer, r.seconds AS seconds, r.cpu_ms AS cpu_ms, m.datagrams AS datagrams,
      m.messages AS messages
    FROM (SELECT peer, intDiv(toUnixTimestamp64Milli(ts), ${BUCKET_MS}) AS bucket,
        count() AS seconds, sum(cpu_ms) AS cpu_ms
      FROM lab.resources WHERE ${IN_WINDOW} GROUP BY peer, bucket
      HAVING seconds >= ${BUCKET_MS / 1000}) AS r
    INNER JOIN (SELECT peer, intDiv(toUnixTimestamp64Milli(ts), ${BUCKET_MS}) AS bucket,
        sumIf(count, type = '(datagram)') AS datagrams, sumIf(count, type != '(datagram)') AS messages
      FROM lab.messages WHERE ${IN_WINDOW} AND direction = 'in' GROUP BY peer, bucket) AS m
    ON m.peer = r.peer AND m.bucket = r.bucket ORDER BY peer, r.bucket`,
};

/** Measures a run. `window` is the time of its load; `clients` are the names of those that are no peers. */
export async function measureCosts(
  store: TelemetryStore,
  window: WindowParameters,
  clients: ReadonlySet<string>,
  links: readonly LinkMeasurement[],
): Promise<MeasuredCosts> {
  const samples = await ask(store, WORK_SAMPLES, { ...window });
  const datagrams = sum(samples, (sample) => sample.datagrams);
  return {
    peer: fitCost(samples.filter(({ peer }) => !clients.has(peer))),
    client: fitCost(samples.filter(({ peer }) => clients.has(peer))),
    hopUs: hopCost(links),
    messagesPerDatagram:
      datagrams === 0 ? null : sum(samples, (sample) => sample.messages) / datagrams,
  };
}

/**
 * The least-squares line of processor time over datagrams, both per second: its slope is what one
 * datagram costs, free of what the process does anyway. Null when nothing was received.
 */
export function fitCost(samples: readonly WorkSample[]): CostFit | null {
  const datagrams = sum(samples, (sample) => sample.datagrams);
  const seconds = sum(samples, (sample) => sample.seconds);
  if (datagrams === 0 || seconds === 0) return null;
  const cpuMs = sum(samples, (sample) => sample.cpu_ms);
  const n = samples.length;
  const points = samples.map((sample) => ({
    x: sample.datagrams / sample.seconds,
    y: sample.cpu_ms / sample.seconds,
  }));
  const meanX = sum(points, ({ x }) => x) / n;
  const meanY = sum(points, ({ y }) => y) / n;
  const xx = sum(points, ({ x }) => (x - meanX) ** 2);
  const yy = sum(points, ({ y }) => (y - meanY) ** 2);
  const xy = sum(points, ({ x, y }) => (x - meanX) * (y - meanY));
  const slope = xx === 0 ? 0 : xy / xx;
  const correlation = xx === 0 || yy === 0 ? null : xy / Math.sqrt(xx * yy);
  if (n < MIN_SAMPLES || slope <= 0 || slope * meanX > meanY) {
    return { us: (1000 * cpuMs) / datagrams, idleUsPerSecond: 0, n, correlation, by: 'ratio' };
  }
  const idleUsPerSecond = 1000 * (meanY - slope * meanX);
  return { us: 1000 * slope, idleUsPerSecond, n, correlation, by: 'line' };
}

/** Half of what the probes' round trips were longer than asked, the median over the region pairs. */
function hopCost(links: readonly LinkMeasurement[]): number | null {
  const lateMs = links.flatMap(({ askedRttMs, measuredRttMs }) =>
    measuredRttMs === null ? [] : [(measuredRttMs - askedRttMs) / 2],
  );
  const median = medianOf(lateMs);
  return median === null ? null : 1000 * Math.max(0, median);
}

/** For the simulator: what was not measured is as in `MEASURED_COSTS`; all shared `cores` processors. */
export function asCosts(measured: MeasuredCosts, cores: number | null): ProcessingCosts {
  return {
    peerUs: measured.peer?.us ?? MEASURED_COSTS.peerUs,
    clientUs: measured.client?.us ?? MEASURED_COSTS.clientUs,
    hopUs: measured.hopUs ?? MEASURED_COSTS.hopUs,
    cores,
  };
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
