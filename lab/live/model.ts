/**
 * What a person sees of one run, and how it is put together from answers of its supervisor. Plain,
 * immutable data and pure functions: whatever the order in which events and answers come, the same
 * ones give the same model. `open.ts` asks, and hands over.
 *
 * Times are ms since the epoch by the run's own clock, which is virtual in a simulated run.
 */
import type { LinkMeasurement } from '../analysis/result.ts';
import type { Health } from '../../node/control.ts';
import type { LiveFigures, MemberStatus, RunStatus } from '../supervisor/api.ts';

/** Entries kept: some screens of scrolling back; what is older is in the telemetry. */
export const FEED_LIMIT = 2000;
/** Points kept: a sparkline on the widest terminal, three steps a column. */
export const SERIES_LIMIT = 600;

/** What a person sees of one run, folded from status, events and named queries. */
export interface LiveModel {
  readonly status: RunStatus;
  /** The run's clock at the newest answer. */
  readonly atMs: number;
  readonly series: LiveSeries;
  /** Null until the first ones came. */
  readonly figures: LiveFigures | null;
  /** Oldest first, at most FEED_LIMIT. */
  readonly feed: readonly FeedEntry[];
  /** Sorted by address; those without one last, by name. */
  readonly ring: readonly RingPeer[];
  /** Asked and measured. */
  readonly links: readonly LinkMeasurement[];
  /** Why nothing comes, and what to do; null while all is well. */
  readonly notice: string | null;
}

/** How a run went, in steps of equal length; at most SERIES_LIMIT points, oldest first. */
export interface LiveSeries {
  readonly stepMs: number;
  readonly points: readonly LivePoint[];
}

/** One step, which begins at `atMs`. Finality is that of transactions submitted in it. */
export interface LivePoint {
  readonly atMs: number;
  readonly submitted: number;
  readonly committed: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Sent by anyone. */
  readonly messages: number;
  readonly bytes: number;
  readonly flags: number;
  /** Packages seen for the first time. */
  readonly evidence: number;
  /** Identities banned for the first time by anyone. */
  readonly bans: number;
  readonly slashings: number;
}

/** One peer on the ring of addresses. */
export interface RingPeer {
  readonly name: string;
  readonly group: string;
  readonly kind: MemberStatus['kind'];
  readonly region: string;
  /** 64 hex digits; null before it has minted its identity, and for clients. */
  readonly address: string | null;
  /** 0 to 1: the first 48 bits of the address. */
  readonly position: number;
  readonly state: MemberStatus['state'];
  readonly phase: string | null;
  /** As the operator declared it; null for the honest. */
  readonly adversary: string | null;
  /** An attack that it takes part in goes on. */
  readonly active: boolean;
  /** Peers that banned it. */
  readonly bannedBy: number;
  readonly health: Health | null;
}

export type FeedKind =
  | 'commit'
  | 'conflict'
  | 'statement'
  | 'evidence'
  | 'flag'
  | 'ban'
  | 'slash'
  | 'attack'
  | 'fault'
  | 'phase'
  | 'note';

/** Something that happened. Entries of the same key are the same one. */
export interface FeedEntry {
  readonly key: string;
  readonly atMs: number;
  readonly kind: FeedKind;
  /** Name of the member that reported it. */
  readonly peer: string | null;
  /** What can be opened: a transaction, an address, an evidence package, an attack, a fault. */
  readonly subject: string | null;
  readonly text: string;
}

/** What is known of one peer or client. Lists are newest first and bounded. */
export interface PeerDetail {
  readonly name: string;
  readonly member: MemberStatus | null;
  /** Statements it made, as others received them. */
  readonly statements: readonly {
    readonly atMs: number;
    readonly heardBy: string;
    readonly token: string;
    readonly owner: string;
    readonly tx: string;
    readonly height: number;
    readonly epoch: number;
    readonly disagreed: boolean;
  }[];
  /** Flags that others raised about it. */
  readonly flags: readonly {
    readonly atMs: number;
    readonly by: string;
    readonly layer: string;
    readonly reason: string;
    readonly score: number | null;
  }[];
  /** Packages that accuse it. */
  readonly evidence: readonly {
    readonly atMs: number;
    readonly package: string;
    readonly rule: string;
    /** Members that hold it to be true. */
    readonly heldBy: number;
  }[];
  /** Who excluded it, and when; steps of the vote about it have other events. */
  readonly bans: readonly {
    readonly atMs: number;
    readonly by: string;
    readonly event: string;
  }[];
  /** Its life and the phases of its membership, oldest first. */
  readonly phases: readonly { readonly atMs: number; readonly phase: string }[];
}

/** What is known of one transaction. */
export interface TransactionDetail {
  readonly id: string;
  readonly kind: string | null;
  readonly valueClass: string | null;
  readonly submittedBy: string | null;
  readonly submittedAtMs: number | null;
  /** committed, timed-out, conflicting, pending: scored against the truth; null when not a client's. */
  readonly fate: string | null;
  /** Finality as the result has it: scored against the truth. */
  readonly finalityMs: number | null;
  readonly tokens: readonly {
    readonly token: string;
    /** Key hash of who owns it then; 64 zeros destroy it. */
    readonly owner: string;
    readonly previous: string;
  }[];
  /** Each keeper's vote and commit for each of its tokens, by token and time. */
  readonly keepers: readonly {
    readonly peer: string;
    readonly token: string;
    readonly verdict: string | null;
    readonly votedAtMs: number | null;
    readonly outcome: string | null;
    readonly committedAtMs: number | null;
  }[];
}

/** What is known of one evidence package. */
export interface EvidenceDetail {
  readonly id: string;
  readonly accused: string;
  /** Its name in the lab. */
  readonly accusedName: string | null;
  readonly rule: string;
  readonly bytes: number;
  /** What happened to it, oldest first. */
  readonly steps: readonly {
    readonly atMs: number;
    readonly peer: string;
    readonly event: string;
    readonly reason: string;
  }[];
  /** The package as `lab evidence verify` takes it: JSON text; null when no one reported its content. */
  readonly document: string | null;
}

type Knobs = Readonly<Record<string, number | string | boolean>>;

/** A run that somebody watches and drives. Its promises are rejected with a LabError. */
export interface LiveRun {
  readonly run: string;
  /** Calls back with the present model, if there is one, then with every new one. Returns the end of it. */
  subscribe(this: void, listener: (model: LiveModel) => void): () => void;
  /** Starts an attack; its id. */
  attack(this: void, name: string, knobs: Knobs): Promise<string>;
  steer(
    this: void,
    id: string,
    action: 'stop' | 'pause' | 'resume' | 'set',
    knobs: Knobs,
  ): Promise<void>;
  /** `fault` in the form of the manifest's faults, without `at` and `for`; its id. */
  fault(this: void, fault: object, forMs: number | null): Promise<string>;
  clearFault(this: void, id: string): Promise<void>;
  /** Measures the links anew. */
  measureLinks(this: void): Promise<readonly LinkMeasurement[]>;
  stop(this: void): Promise<void>;
  start(this: void): Promise<void>;
  /** Scores what there is so far, and writes the report of it. */
  score(this: void): Promise<void>;
  /** Removes the run; what was removed. */
  down(this: void): Promise<readonly string[]>;
  peer(this: void, name: string): Promise<PeerDetail>;
  transaction(this: void, id: string): Promise<TransactionDetail>;
  evidence(this: void, id: string): Promise<EvidenceDetail>;
  /** Stops watching; the run goes on. */
  close(this: void): void;
}

/**
 * `feed` with `entries` in it: in order of time, the newest FEED_LIMIT. Of entries of the same key the
 * earliest counts: a later report of the same thing is no news.
 */
export function foldFeed(
  feed: readonly FeedEntry[],
  entries: readonly FeedEntry[],
): readonly FeedEntry[] {
  const known = new Map(feed.map((entry) => [entry.key, entry]));
  let isChanged = false;
  for (const entry of entries) {
    const before = known.get(entry.key);
    if (before !== undefined && inOrder(before, entry) <= 0) continue;
    known.set(entry.key, entry);
    isChanged = true;
  }
  return isChanged ? [...known.values()].sort(inOrder).slice(-FEED_LIMIT) : feed;
}

function inOrder(a: FeedEntry, b: FeedEntry): number {
  if (a.atMs !== b.atMs) return a.atMs - b.atMs;
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  if (a.text === b.text) return 0;
  return a.text < b.text ? -1 : 1;
}

/** `series` with its newest points taken anew; those of another step are forgotten. */
export function foldSeries(
  series: LiveSeries,
  stepMs: number,
  points: readonly LivePoint[],
): LiveSeries {
  const kept = series.stepMs === stepMs ? series.points : [];
  const byTime = new Map([...kept, ...points].map((point) => [point.atMs, point]));
  const sorted = [...byTime.values()].sort((a, b) => a.atMs - b.atMs);
  return { stepMs, points: sorted.slice(-SERIES_LIMIT) };
}

/** Everyone of `status` that has or will have an address, where it lies on the ring. */
export function ringOf(
  status: Pick<RunStatus, 'members' | 'attacks'>,
  bannedBy: ReadonlyMap<string, number>,
): readonly RingPeer[] {
  const active = new Set(
    status.attacks.flatMap(({ state, members }) => (state === 'running' ? members : [])),
  );
  const peers = status.members
    .filter(({ kind }) => kind === 'peer')
    .map((member): RingPeer => {
      const { name, group, kind, region, address, state, adversary, health } = member;
      return {
        name,
        group,
        kind,
        region,
        address,
        position: address === null ? 0 : positionOf(address),
        state,
        phase: health?.phase ?? null,
        adversary,
        active: active.has(name),
        bannedBy: address === null ? 0 : (bannedBy.get(address) ?? 0),
        health,
      };
    });
  return peers.sort((a, b) => {
    const [left, right] = [a.address ?? `~${a.name}`, b.address ?? `~${b.name}`];
    return left === right ? 0 : left < right ? -1 : 1;
  });
}

/** Where an address, 64 hex digits, lies on the ring: from 0, below 1. */
export function positionOf(address: string): number {
  return Number.parseInt(address.slice(0, 12), 16) / 2 ** 48;
}
