/**
 * What is asked of a supervisor while somebody watches, and how often. Each question is asked at
 * most once a second, one at a time, and the less often the longer its answer takes: whatever the
 * network's size, watching takes no more than a quarter of one thread of the engine.
 */
import { finalityThreshold } from '../analysis/queries.ts';
import {
  DETECTION_OVER_TIME,
  FINALITY_OVER_TIME,
  THROUGHPUT_OVER_TIME,
} from '../analysis/series.ts';
import type { LinkMeasurement } from '../analysis/result.ts';
import type { RunStatus } from '../supervisor/api.ts';
import type { RunClient } from '../supervisor/client.ts';
import { FEED, LINKS_MEASURED } from '../telemetry/feed.ts';
import { SLASHING_VOTES } from '../telemetry/members.ts';
import { DATAGRAMS_OVER_TIME } from '../telemetry/series.ts';
import { askClient } from './details.ts';
import { entriesOfRows, pointsOf, stepFor } from './entries.ts';
import { type FeedEntry, type LivePoint, SERIES_LIMIT } from './model.ts';

/** Least time between two of the same question. */
const EVERY_MS = 1000;
/** After an answer that took long: so many times as long passes before it is asked again. */
const REST = 3;
/** Links change with faults, not by themselves. */
const LINKS_EVERY_MS = 5000;
/** Rows come late, up to a few seconds after what they tell; so far back is asked again. */
const LATE_MS = 10_000;
/** A transaction's fate is known this long after its submission, or seldom later. */
const SETTLING_MS = 30_000;
/** Of each kind, at once: a person reads fewer. */
const FEED_ROWS = 200;

/** What came of one round of questions; absent: not asked this time. */
export interface Answers {
  readonly status: RunStatus;
  readonly entries?: readonly FeedEntry[];
  readonly series?: { readonly stepMs: number; readonly points: readonly LivePoint[] };
  readonly bannedBy?: ReadonlyMap<string, number>;
  readonly links?: readonly LinkMeasurement[];
}

export interface WatchOptions {
  /** Size of a neighbourhood, for finality. */
  readonly k: number;
  /** Monotonic, ms. */
  now(this: void): number;
}

/** Asks, and remembers how far it has come. */
export class Watch {
  readonly #options: WatchOptions;
  /** When each question may be asked again. */
  readonly #dueMs = new Map<string, number>();
  /** Of the newest row of the feed, by the run's clock. */
  #newestMs = 0;
  #stepMs = 0;
  /** Up to where the series is settled. */
  #settledMs: number | null = null;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Links are to be asked for at once: a fault may have changed them. */
  linksChanged(): void {
    this.#dueMs.delete('links');
  }

  /** One round. Throws what the client throws. */
  async ask(client: RunClient): Promise<Answers> {
    const status = await client.status();
    if (status.elapsedMs === null) return { status };
    const names = new Map(status.members.map(({ address, name }) => [address ?? '', name]));
    const entries = await this.#when('feed', EVERY_MS, () => this.#feed(client, status, names));
    const series = await this.#when('series', EVERY_MS, () => this.#series(client, status));
    const bannedBy = await this.#when('bans', EVERY_MS, () => bannedByOf(client));
    const links = await this.#when('links', LINKS_EVERY_MS, () => linksOf(client));
    // They were measured before the load began, but their rows may come after it.
    if (links?.length === 0) this.linksChanged();
    return {
      status,
      ...(entries === undefined ? {} : { entries }),
      ...(series === undefined ? {} : { series }),
      ...(bannedBy === undefined ? {} : { bannedBy }),
      ...(links === undefined ? {} : { links }),
    };
  }

  async #when<T>(what: string, everyMs: number, ask: () => Promise<T>): Promise<T | undefined> {
    const { now } = this.#options;
    const beganMs = now();
    if (beganMs < (this.#dueMs.get(what) ?? 0)) return undefined;
    const answer = await ask();
    const endedMs = now();
    const restMs = (endedMs - beganMs) * REST;
    this.#dueMs.set(what, Math.max(beganMs + everyMs, endedMs + restMs));
    return answer;
  }

  async #feed(
    client: RunClient,
    status: RunStatus,
    names: ReadonlyMap<string, string>,
  ): Promise<FeedEntry[]> {
    const from = Math.max(0, Math.floor(this.#newestMs - LATE_MS * speedOf(status)));
    const rows = await askClient(client, FEED, { from, rows: FEED_ROWS });
    for (const row of rows) this.#newestMs = Math.max(this.#newestMs, row.at_ms);
    return entriesOfRows(rows, names);
  }

  async #series(client: RunClient, status: RunStatus): Promise<Answers['series']> {
    const { nowMs, elapsedMs } = status;
    const beganMs = nowMs - (elapsedMs ?? 0);
    const stepMs = stepFor(Math.max(status.durationMs, elapsedMs ?? 0), SERIES_LIMIT);
    if (stepMs !== this.#stepMs) this.#settledMs = null;
    this.#stepMs = stepMs;
    const from = Math.floor((this.#settledMs ?? beganMs) / stepMs) * stepMs;
    const window = { from, to: Math.ceil(nowMs) + 1, step: stepMs };
    const need = finalityThreshold(this.#options.k);
    const points = pointsOf({
      throughput: await askClient(client, THROUGHPUT_OVER_TIME, { ...window, need }),
      finality: await askClient(client, FINALITY_OVER_TIME, { ...window, need }),
      datagrams: await askClient(client, DATAGRAMS_OVER_TIME, window),
      detection: await askClient(client, DETECTION_OVER_TIME, window),
    });
    this.#settledMs = Math.max(beganMs, nowMs - SETTLING_MS * speedOf(status));
    return { stepMs, points };
  }
}

/** Rows are late by wall time; the run's clock may be faster. */
function speedOf({ pace }: RunStatus): number {
  return Math.max(1, pace?.times ?? 1);
}

/** How many members banned each address. */
async function bannedByOf(client: RunClient): Promise<ReadonlyMap<string, number>> {
  const rows = await askClient(client, SLASHING_VOTES);
  return new Map(rows.map(({ accused, banned_by }) => [accused, banned_by]));
}

async function linksOf(client: RunClient): Promise<LinkMeasurement[]> {
  const rows = await askClient(client, LINKS_MEASURED);
  return rows.map(({ from, to, n, ok, ...row }) => ({
    from,
    to,
    askedRttMs: row.asked_rtt_ms,
    measuredRttMs: row.measured_rtt_ms,
    askedLoss: row.asked_loss,
    measuredLoss: row.measured_loss,
    n,
    ok,
  }));
}
