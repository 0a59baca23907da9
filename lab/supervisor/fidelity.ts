/**
 * The fidelity guard: whether the host had time enough for the run's timings to be believed. Looks
 * at the host's CPU, the event loops of the members and of the supervisor, and what was dropped.
 */
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { storeTime, type RunContext } from './run-context.ts';

export const FIDELITY_LIMITS = {
  /** Above this share of all cores busy during a second, somebody waited for a core. */
  cpuBusyShare: 0.95,
  /** Short bursts only shift single samples; a fifth of the run shifts medians and p90. */
  saturatedShare: 0.2,
  /** A member's loop delay (p99 of a second) above this is more than a WAN's jitter. */
  loopDelayP99Ms: 100,
  /** Share of the members' seconds that may be above it: p99 figures lose their meaning past 5 %. */
  slowLoopShare: 0.05,
  /** The supervisor's own p99: later than this, attacks and faults start visibly late. */
  supervisorLoopDelayP99Ms: 250,
  /** Datagrams that a socket's buffer lost are loss that nobody asked for. */
  socketDrops: 0,
  /** Rows that never arrived make counts wrong. */
  telemetryDropped: 0,
} as const;

/** Sampling of the supervisor's own event loop. */
const RESOLUTION_MS = 20;

export interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

/** First line of /proc/stat (proc(5)): ticks of all cores together. */
export function parseCpuTimes(stat: string): CpuTimes | null {
  const line = /^cpu +([\d ]+)/.exec(stat)?.[1];
  if (line === undefined) return null;
  // user nice system idle iowait irq softirq steal; guest times are within user already.
  const ticks = line.trim().split(/ +/).slice(0, 8).map(Number);
  const total = ticks.reduce((sum, value) => sum + value, 0);
  return { total, busy: total - (ticks[3] ?? 0) - (ticks[4] ?? 0) };
}

export function busyShare(before: CpuTimes, after: CpuTimes): number | null {
  const total = after.total - before.total;
  return total <= 0 ? null : (after.busy - before.busy) / total;
}

export interface FidelityFigures {
  readonly cpuSamples: number;
  readonly saturatedSamples: number;
  readonly memberSeconds: number;
  readonly slowMemberSeconds: number;
  readonly socketDrops: number;
  readonly telemetryDropped: number;
  readonly supervisorLoopDelayP99Ms: number;
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(0)} %`;
}

/** Why the run's timings are not to be trusted; empty when they are. */
export function fidelityReasons(figures: FidelityFigures): string[] {
  const limits = FIDELITY_LIMITS;
  const reasons: string[] = [];
  if (figures.saturatedSamples > limits.saturatedShare * figures.cpuSamples) {
    const share = percent(figures.saturatedSamples, figures.cpuSamples);
    reasons.push(
      `the host's CPU was over ${100 * limits.cpuBusyShare} % busy for ${share} of the run`,
    );
  }
  if (figures.slowMemberSeconds > limits.slowLoopShare * figures.memberSeconds) {
    const share = percent(figures.slowMemberSeconds, figures.memberSeconds);
    reasons.push(
      `members' event loops were over ${limits.loopDelayP99Ms} ms late in ${share} of seconds`,
    );
  }
  if (figures.supervisorLoopDelayP99Ms > limits.supervisorLoopDelayP99Ms) {
    const late = figures.supervisorLoopDelayP99Ms.toFixed(0);
    reasons.push(`the supervisor's event loop was ${late} ms late (p99)`);
  }
  if (figures.socketDrops > limits.socketDrops) {
    reasons.push(`members' sockets lost ${figures.socketDrops} datagrams to full buffers`);
  }
  if (figures.telemetryDropped > limits.telemetryDropped) {
    reasons.push(`members dropped ${figures.telemetryDropped} rows of telemetry`);
  }
  return reasons;
}

function readCpuTimes(): CpuTimes | null {
  try {
    return parseCpuTimes(readFileSync('/proc/stat', 'utf8'));
  } catch {
    return null;
  }
}

const RESOURCES_SQL = `
  SELECT count() AS seconds, countIf(loop_delay_p99_ms > {limit:Float64}) AS slow,
    (SELECT sum(drops) FROM (SELECT max(socket_drops) AS drops FROM lab.resources
      WHERE run = {run:String} GROUP BY peer)) AS drops,
    (SELECT sum(lost) FROM (SELECT max(telemetry_dropped) AS lost FROM lab.resources
      WHERE run = {run:String} GROUP BY peer)) AS lost
  FROM lab.resources WHERE run = {run:String} AND ts >= {since:String}`;

/** Watches from the start of the load to its end. */
export class FidelityGuard {
  private readonly histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private last: CpuTimes | null = null;
  private samples = 0;
  private saturated = 0;

  start(): void {
    this.histogram.enable();
    this.last = readCpuTimes();
  }

  /** One sample; called about once a second while the load runs. */
  sample(): void {
    const now = readCpuTimes();
    const share = this.last !== null && now !== null ? busyShare(this.last, now) : null;
    this.last = now;
    if (share === null) return;
    this.samples += 1;
    if (share > FIDELITY_LIMITS.cpuBusyShare) this.saturated += 1;
  }

  async reasons(context: RunContext): Promise<string[]> {
    const [row] = await context.store.query<{
      seconds: number;
      slow: number;
      drops: number | null;
      lost: number | null;
    }>(RESOURCES_SQL, {
      run: context.plan.run,
      limit: FIDELITY_LIMITS.loopDelayP99Ms,
      since: storeTime(context.journal.state.loadStartedAtMs ?? 0),
    });
    return fidelityReasons({
      cpuSamples: this.samples,
      saturatedSamples: this.saturated,
      memberSeconds: row?.seconds ?? 0,
      slowMemberSeconds: row?.slow ?? 0,
      socketDrops: row?.drops ?? 0,
      telemetryDropped: row?.lost ?? 0,
      // The histogram holds whole intervals: what exceeds the resolution is delay.
      supervisorLoopDelayP99Ms: Math.max(0, this.histogram.percentile(99) / 1e6 - RESOLUTION_MS),
    });
  }
}
