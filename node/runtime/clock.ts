/** True time of this machine, for `ts` columns and for the peer's own clock before skew. */
import { performance } from 'node:perf_hooks';

/** Beyond this the monotonic clock has drifted from the wall clock, and the wall clock wins. */
const MAX_DRIFT_MS = 2;

/** Ms since the epoch with microseconds, as far as the wall clock agrees. */
export function trueNowMs(): number {
  const precise = performance.timeOrigin + performance.now();
  const wall = Date.now();
  return Math.abs(precise - wall) > MAX_DRIFT_MS ? wall : precise;
}

/** `YYYY-MM-DD hh:mm:ss.ffffff` in UTC: ClickHouse's DateTime64(6) as text. */
export function timestamp(ms: number): string {
  const micros = Math.round(ms * 1000);
  const wholeMs = Math.floor(micros / 1000);
  const text = new Date(wholeMs).toISOString().replace('T', ' ').slice(0, -1);
  return `${text}${String(micros - wholeMs * 1000).padStart(3, '0')}`;
}
