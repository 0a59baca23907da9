/** A run as a person might see it, made up: the same arguments give the same model. */
import { createHash } from 'node:crypto';
import type { LinkMeasurement } from '../../lab/analysis/result.ts';
import {
  ringOf,
  type FeedEntry,
  type FeedKind,
  type LiveModel,
  type LivePoint,
} from '../../lab/live/model.ts';
import type { MemberStatus, RunStatus } from '../../lab/supervisor/api.ts';

export const REGIONS = ['virginia', 'oregon', 'frankfurt', 'tokyo', 'singapore'] as const;
const START_MS = Date.UTC(2026, 10, 21, 22, 0, 0);

/** 64 hex digits that follow from a text. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export interface FixtureOptions {
  readonly peers?: number;
  readonly liars?: number;
  readonly clients?: number;
  /** Ms since the load began; null: it has not. */
  readonly elapsedMs?: number | null;
  readonly phase?: RunStatus['phase'];
  /** Events in the feed. */
  readonly events?: number;
}

function member(
  name: string,
  kind: MemberStatus['kind'],
  index: number,
  liar: boolean,
): MemberStatus {
  return {
    name,
    group: liar ? 'liars' : kind === 'client' ? 'clients' : 'honest',
    kind,
    region: REGIONS[index % REGIONS.length] ?? 'virginia',
    address: kind === 'client' ? null : hashOf(name),
    endpoint: { ip: `10.7.${index % REGIONS.length}.${2 + (index % 250)}`, port: 7000 },
    state: 'running',
    connected: true,
    joined: null,
    adversary: liar ? 'colluding-liars' : null,
    health: {
      meshed: true,
      connected: 16,
      wanted: 16,
      members: 20,
      banned: 0,
      phase: 'trusted',
      epoch: 1,
      height: 140 + (index % 7),
      tokens: 60 + (index % 11),
      pending: index % 3,
      frozen: 0,
    },
  };
}

function members(options: FixtureOptions): MemberStatus[] {
  const { peers = 20, liars = 4, clients = 5 } = options;
  const name = (group: string, at: number) => `${group}-${String(at + 1).padStart(2, '0')}`;
  return [
    ...Array.from({ length: peers - liars }, (_, at) =>
      member(name('honest', at), 'peer', at, false),
    ),
    ...Array.from({ length: liars }, (_, at) => member(name('liars', at), 'peer', at * 3, true)),
    ...Array.from({ length: clients }, (_, at) => member(name('client', at), 'client', at, false)),
  ];
}

export function fixtureStatus(options: FixtureOptions = {}): RunStatus {
  const { elapsedMs = 37_400, phase = 'running' } = options;
  return {
    run: 'demo-3f9a2c',
    testnet: 'demo',
    driver: 'process',
    shaping: 'userspace',
    phase,
    since: new Date(START_MS).toISOString(),
    supervisorPid: 4242,
    nowMs: START_MS + (elapsedMs ?? 0),
    pace: null,
    elapsedMs,
    durationMs: 75_000,
    members: members(options),
    attacks: [],
    faults: [],
  };
}

export function fixtureLinks(): LinkMeasurement[] {
  return REGIONS.flatMap((from, at) =>
    REGIONS.slice(at + 1).map((to, other) => {
      const askedRttMs = 60 + 30 * at + 17 * other;
      return {
        from,
        to,
        askedRttMs,
        measuredRttMs: askedRttMs + 1.3,
        askedLoss: 0.002,
        measuredLoss: 0,
        n: 40,
        ok: true,
      };
    }),
  );
}

function point(at: number): LivePoint {
  const wave = Math.sin(at / 5);
  return {
    atMs: START_MS + at * 1000,
    submitted: 3,
    committed: 2 + (at % 3),
    p50Ms: at % 9 === 4 ? null : Math.round(320 + 60 * wave),
    p99Ms: at % 9 === 4 ? null : Math.round(700 + 200 * wave),
    messages: Math.round(900 + 300 * wave),
    bytes: Math.round(180_000 + 60_000 * wave),
    flags: at === 20 ? 1 : 0,
    evidence: at === 22 || at === 25 ? 1 : 0,
    bans: at === 23 || at === 26 ? 1 : 0,
    slashings: at === 28 ? 1 : 0,
  };
}

const KINDS: readonly FeedKind[] = ['commit', 'commit', 'statement', 'commit', 'evidence', 'ban'];

/** The n-th event; kinds take turns. */
export function fixtureEntry(at: number): FeedEntry {
  const kind = KINDS[at % KINDS.length] ?? 'note';
  const subject = hashOf(`${kind}${at}`);
  const texts: Partial<Record<FeedKind, string>> = {
    commit: `transaction ${subject.slice(0, 10)} committed in 312 ms`,
    statement: `told client-02 an owner that others deny`,
    evidence: `package ${subject.slice(0, 10)} accuses liars-01: two owners of one token`,
    ban: 'liars-01 is banned',
  };
  return {
    key: `${kind}-${at}`,
    atMs: START_MS + at * 400,
    kind,
    peer: `honest-${String((at % 16) + 1).padStart(2, '0')}`,
    subject: kind === 'ban' ? hashOf('liars-01') : subject,
    text: texts[kind] ?? '',
  };
}

export function fixtureModel(options: FixtureOptions = {}): LiveModel {
  const status = fixtureStatus(options);
  const { elapsedMs = 37_400, events = 90 } = options;
  return {
    status,
    atMs: START_MS + (elapsedMs ?? 0),
    series: { stepMs: 1000, points: Array.from({ length: 38 }, (_, at) => point(at)) },
    figures: {
      committed: 88,
      submitted: 93,
      finalityP50Ms: 312,
      statements: 205,
      evidence: 2,
      banned: 2,
      slashed: 1,
    },
    feed: Array.from({ length: events }, (_, at) => fixtureEntry(at)),
    ring: ringOf(status, new Map([[hashOf('liars-01'), 12]])),
    links: fixtureLinks(),
    notice: null,
  };
}
