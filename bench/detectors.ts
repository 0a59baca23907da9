/**
 * What detection costs as the network grows (D 7.5; claims N1, N3, N4), in processor time of this thread:
 * commitment checks per core and second beside a bare SHA-256, comparing speakers in three ways
 * beside whom each finds, registrations beside how many came before, reputation's bytes per member.
 */
import { createHash } from 'node:crypto';
import { Reputation } from '../node/peer/detection/reputation.ts';
import { blockMatchesHeader, MAX_ENTRIES } from '../node/ledger/block.ts';
import type { Block } from '../node/ledger/types.ts';
import { isFalsePath } from '../node/minefield/conflict.ts';
import { entryOf, idOf, Speaker } from '../node/minefield/speaker.fixture.ts';
import { verifyStatement } from '../node/minefield/statement.ts';
import {
  answersUntilCaught,
  measureAgreement,
  type PopulationKind,
  POPULATIONS,
  type Way,
} from '../lab/analysis/detection-scaling.ts';
import { MintingWindows } from '../lab/detectors/minting.ts';
import { Streams } from '../lab/simulator/random.ts';
import { VirtualNetwork, virtualEndpoint } from '../test/support/network.ts';
import type { Benchmark } from './run.ts';

/** Turns of which the fastest counts: others' use of the machine only lengthens one. */
const TURNS = 5;
const TURN_MS = 60;
/** A request of D 7.5.1 as a statement is long. */
const REQUEST_BYTES = 1024;
const SIZES = [100, 1000, 10_000] as const;
const KINDS: readonly PopulationKind[] = ['calm', 'noisy'];
const RINGS = [2, 3, 4, 6, 8, 10] as const;
/** Speakers among whom rings are looked for, and the seeds of thresholds and of judgement. */
const RING_SPEAKERS = 1000;
const TRAINING = [1, 2, 3, 4, 5];
const JUDGED = Array.from({ length: 10 }, (_, at) => 101 + at);
const FALSE_POSITIVES = 0.01;
const REGISTRATIONS = [1000, 10_000, 100_000] as const;
/** Newcomers a month of a network of 10,000 (D 7.5.4), which so many registrations stand for here. */
const MEMBERS = [100, 500, 1000] as const;

export const benchmark: Benchmark = {
  name: 'detectors',
  description: 'what detection costs and finds as the network grows',
  async run() {
    return {
      checksPerCoreSecond: checks(),
      samplingMedianAnswers: sampling(),
      agreementCost: agreementCost(),
      agreementRecall: agreementRecall(),
      registrations: REGISTRATIONS.map(registrations),
      reputation: MEMBERS.map(reputation),
    };
  },
};

/** Claim N1. The peer's own checks: a block against its root, an answer's path, an answer's signatures. */
function checks(): Readonly<Record<string, number>> {
  const speaker = new Speaker();
  const block: Block = speaker.append(
    ...Array.from({ length: MAX_ENTRIES }, (_, token) => entryOf(token)),
  );
  for (let token = MAX_ENTRIES; token < 2048; token += MAX_ENTRIES) {
    const entries = Array.from({ length: MAX_ENTRIES }, (_, at) => entryOf(token + at));
    speaker.append(...entries);
  }
  const statement = speaker.say(idOf(1));
  const key = speaker.identity.identityKey.publicKey;
  const request = new Uint8Array(REQUEST_BYTES);
  if (!blockMatchesHeader(block) || isFalsePath(statement)) throw new Error('a check is wrong');
  if (!verifyStatement(statement, key).ok) throw new Error('a statement is refused');
  return {
    sha256Of1KiB: perSecond(() => createHash('sha256').update(request).digest()),
    blockOf32Entries: perSecond(() => blockMatchesHeader(block)),
    pathAmong2048Tokens: perSecond(() => isFalsePath(statement)),
    statementWithCertificate: perSecond(() => verifyStatement(statement, key)),
    statementOfKnownCertificate: perSecond(() => verifyStatement(statement, key, () => true)),
  };
}

/** Claim N2: median answers until a cheat that lies once in five is caught. */
function sampling(): readonly object[] {
  return [0, 0.5].flatMap((colluders) =>
    [0.05, 0.1].map((sampleRate) => {
      const { n, events, medianMs, medianIntervalMs } = answersUntilCaught({
        sampleRate,
        lieRate: 0.2,
        colluders,
        cheats: 2000,
        maxAnswers: 2000,
        seed: 1,
      });
      return {
        sampleRate,
        colluders,
        n,
        caught: events,
        median: medianMs,
        interval: medianIntervalMs,
      };
    }),
  );
}

/** Claim N3, cost: one look at so many speakers. */
function agreementCost(): readonly object[] {
  const seeds = { training: [1], test: [101] };
  return KINDS.flatMap((kind) =>
    SIZES.flatMap((speakers) =>
      ways(kind, speakers, 4, seeds).map(({ way, comparisons, cpuMs }) => {
        return { kind, speakers, way, comparisons, cpuMs: round(cpuMs) };
      }),
    ),
  );
}

/** Claim N3, recall: rings of two to ten. */
function agreementRecall(): readonly object[] {
  return KINDS.flatMap((kind) =>
    RINGS.flatMap((ring) =>
      ways(kind, RING_SPEAKERS, ring, { training: TRAINING, test: JUDGED }).map((figures) => ({
        kind,
        ring,
        way: figures.way,
        recall: round(figures.recall),
        recallInterval: figures.recallInterval?.map(round),
        falsePositiveRate: figures.falsePositiveRate,
      })),
    ),
  );
}

function ways(
  kind: PopulationKind,
  speakers: number,
  ring: number,
  seeds: { readonly training: readonly number[]; readonly test: readonly number[] },
) {
  const all: readonly Way[] = ['exact', 'clustered', 'indexed'];
  const population = { ...POPULATIONS[kind], speakers, ring };
  return all.map((way) =>
    measureAgreement({ population, way, ...seeds, maxFalsePositiveRate: FALSE_POSITIVES }),
  );
}

/** Claim N4: counting a registration and scoring it, after so many others. */
function registrations(before: number): object {
  const random = new Streams(1).stream('registrations');
  const windows = new MintingWindows();
  // As many a second at every size: the network is larger, not older.
  for (let at = 0; at < before; at += 1) windows.add(random.next() * 86_400_000);
  let at = 0;
  const rate = perSecond(() => {
    at += 1;
    const createdMs = (at * 7919) % 86_400_000;
    windows.add(createdMs);
    return windows.score(createdMs, 86_400_000);
  });
  return { before, perSecond: rate, microseconds: round(1e6 / rate) };
}

/** Claim N4: what a peer keeps of so many members, and writes once an epoch. */
function reputation(members: number): object {
  const network = new VirtualNetwork({ seed: 1 });
  const host = network.host(virtualEndpoint(1));
  const kept = new Reputation(host, { timeScale: 3600 });
  const ids = Array.from({ length: members }, (_, at) => idOf(at));
  for (const id of ids) kept.judged(id, true);
  network.run(60_000);
  kept.tick();
  const bytes = host.store.get('reputation')?.length ?? 0;
  let at = 0;
  const rate = perSecond(() => {
    at = (at + 1) % members;
    kept.judged(ids[at] ?? '', true);
  });
  return {
    members,
    snapshotBytes: bytes,
    bytesPerMember: round(bytes / members),
    updatesPerSecond: rate,
  };
}

/** Of the fastest turn. */
function perSecond(operation: () => unknown): number {
  const turns = Array.from({ length: TURNS }, () => {
    let [count, spentMs] = [0, 0];
    const before = process.threadCpuUsage();
    while (spentMs < TURN_MS) {
      for (let each = 0; each < 16; each += 1) operation();
      count += 16;
      const { user, system } = process.threadCpuUsage(before);
      spentMs = (user + system) / 1000;
    }
    return (1000 * count) / spentMs;
  });
  return Math.round(Math.max(...turns));
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
