/**
 * What network-level detectors look at: what members reported to database `lab`, and nothing else.
 * They are blind to the truth, so a reporter may be anybody: of what several members report about one
 * identity the median or the majority counts, and nobody's word about itself.
 */
import { ask, asMs, type NamedQuery } from '../telemetry/queries.ts';
import type { TelemetryStore } from '../telemetry/store.ts';

/** An identity as its neighbours first saw it. Times are ms since the epoch. */
export interface Registration {
  readonly address: string;
  /** Whether most of its neighbours know it from the genesis. */
  readonly founding: boolean;
  /** When its address was found, as its record says. */
  readonly createdMs: number;
  /** When the first neighbour saw it. */
  readonly seenMs: number;
  /** IPv4 address. */
  readonly ip: string;
}

/** How a newcomer came in: when its neighbours committed what it registered with. */
export interface Entry {
  readonly address: string;
  readonly registeredMs: number;
  /** When it had synchronised. */
  readonly synchronisedMs: number;
}

/** That a speaker was heard to say who owns a token, first and last. */
export interface Telling {
  readonly speaker: string;
  readonly token: string;
  readonly owner: string;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface Observations {
  readonly registrations: readonly Registration[];
  readonly entries: readonly Entry[];
  readonly tellings: readonly Telling[];
}

export const IDENTITIES_SEEN: NamedQuery<{
  address: string;
  founding: boolean;
  created_ms: number;
  seen_ms: number;
  ip: string;
}> = {
  name: 'identities_seen',
  meaning:
    'Identities as those near them first saw them (`lab.registrations`): of several reports the median ' +
    'and what most say.',
  columns: {
    address: 'identity',
    founding: 'most know it from the genesis',
    created_ms: 'when its address was found, as its record says',
    seen_ms: 'when the first of them saw it',
    ip: 'where it said that it can be reached',
  },
  sql: `SELECT address, (countIf(origin = 'genesis') * 2 > count())::Bool AS founding,
      quantileExactLow(0.5)(${asMs('created_at')}) AS created_ms, min(${asMs('ts')}) AS seen_ms,
      topK(1)(ip)[1] AS ip
    FROM lab.registrations WHERE run = {run:String} AND created_at IS NOT NULL
    GROUP BY address ORDER BY address`,
};

export const ENTRIES_SEEN: NamedQuery<{
  address: string;
  registered_ms: number;
  synchronised_ms: number;
}> = {
  name: 'entries_seen',
  meaning:
    'Newcomers whose registration and whose `synchronised` their neighbours committed: the median of ' +
    'their times for the first of each.',
  columns: {
    address: 'identity',
    registered_ms: 'when it was registered',
    synchronised_ms: 'when it was held to be synchronised',
  },
  sql: `SELECT address, minIf(at, kind = 'register') AS registered_ms,
      minIf(at, kind = 'synchronised') AS synchronised_ms
    FROM (SELECT tokens[1] AS address, kind, tx,
        quantileExactLow(0.5)(${asMs('committed_at')}) AS at
      FROM lab.transactions WHERE run = {run:String} AND outcome = 'committed'
        AND part = 'neighbour' AND kind IN ('register', 'synchronised')
        AND committed_at IS NOT NULL AND length(tokens) > 0
      GROUP BY address, kind, tx)
    GROUP BY address HAVING countIf(kind = 'register') > 0 AND countIf(kind = 'synchronised') > 0
      AND synchronised_ms >= registered_ms ORDER BY address`,
};

export const TELLINGS: NamedQuery<{
  speaker: string;
  token: string;
  owner: string;
  first_ms: number;
  last_ms: number;
}> = {
  name: 'tellings',
  meaning:
    'Who was heard to name which owner of which token (`lab.statements`). The transaction is left out: ' +
    'who keeps an identity token knows its renewals, others do not, and both are honest.',
  columns: {
    speaker: 'address that signed',
    token: 'token',
    owner: 'owner that it named',
    first_ms: 'when it was first heard to',
    last_ms: 'when it was last heard to',
  },
  sql: `SELECT speaker, token, owner, min(at) AS first_ms, max(at) AS last_ms
    FROM (SELECT speaker, token, owner,
        ${asMs('least(ifNull(received_at, ts), ts)')} AS at
      FROM lab.statements WHERE run = {run:String} AND tx != '')
    GROUP BY speaker, token, owner ORDER BY speaker, token, owner`,
};

export const DETECTOR_QUERIES = [IDENTITIES_SEEN, ENTRIES_SEEN, TELLINGS] as const;

/** Everything of a run, to its end. */
export async function observe(store: TelemetryStore, run: string): Promise<Observations> {
  const identities = await ask(store, IDENTITIES_SEEN, { run });
  const entries = await ask(store, ENTRIES_SEEN, { run });
  const tellings = await ask(store, TELLINGS, { run });
  return {
    registrations: identities.map((row) => ({
      address: row.address,
      founding: row.founding,
      createdMs: row.created_ms,
      seenMs: row.seen_ms,
      ip: row.ip,
    })),
    entries: entries.map((row) => ({
      address: row.address,
      registeredMs: row.registered_ms,
      synchronisedMs: row.synchronised_ms,
    })),
    tellings: tellings.map((row) => ({
      speaker: row.speaker,
      token: row.token,
      owner: row.owner,
      firstMs: row.first_ms,
      lastMs: row.last_ms,
    })),
  };
}

/** What was known of it by then. */
export function knownBy(seen: Observations, atMs: number): Observations {
  return {
    registrations: seen.registrations.filter(({ seenMs }) => seenMs <= atMs),
    entries: seen.entries.filter(({ synchronisedMs }) => synchronisedMs <= atMs),
    tellings: seen.tellings
      .filter(({ firstMs }) => firstMs <= atMs)
      .map((telling) => ({ ...telling, lastMs: Math.min(telling.lastMs, atMs) })),
  };
}

/** First and last time at which anything was seen; null of nothing. */
export function spanOf(seen: Observations): readonly [fromMs: number, toMs: number] | null {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const include = (firstMs: number, lastMs: number): void => {
    from = Math.min(from, firstMs);
    to = Math.max(to, lastMs);
  };
  for (const { seenMs } of seen.registrations) include(seenMs, seenMs);
  for (const { registeredMs, synchronisedMs } of seen.entries)
    include(registeredMs, synchronisedMs);
  for (const { firstMs, lastMs } of seen.tellings) include(firstMs, lastMs);
  return from <= to ? [from, to] : null;
}
