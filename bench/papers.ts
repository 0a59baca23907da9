/**
 * The papers' own scenario (testnets/papers-2000.yaml) in their units, beside their figures
 * (consensus-performance 1 and appendix A). Members sleep until something reaches them and then only
 * answer: the papers count no upkeep either. Scored by the lab's own queries.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { score } from '../lab/analysis/score.ts';
import { classesFor } from '../lab/links/classes.ts';
import { loadTestnet } from '../lab/manifest/load.ts';
import type { Testnet } from '../lab/manifest/testnet.ts';
import { SimHost } from '../lab/simulator/host.ts';
import { LazyMembers } from '../lab/simulator/lazy.ts';
import { SimNetwork } from '../lab/simulator/links.ts';
import { Streams } from '../lab/simulator/random.ts';
import { Recorder } from '../lab/simulator/recorder.ts';
import { Scheduler } from '../lab/simulator/scheduler.ts';
import { clientLoad } from '../lab/supervisor/network.ts';
import { openStore } from '../lab/telemetry/open.ts';
import { Client } from '../node/client/client.ts';
import { useCryptography } from '../node/crypto/cryptography.ts';
import { hash } from '../node/crypto/hash.ts';
import { ROUND_MS } from '../node/peer.ts';
import type { Benchmark } from './run.ts';

const MANIFEST =
  process.env['MANIFEST'] ?? path.join(import.meta.dirname, '../testnets/papers-2000.yaml');
/** Virtual time between two insertions of rows. */
const STRETCH_MS = 1000;
/** A transaction is given up after less. */
const DRAIN_MS = 25_000;

/** Appendix A of the papers, of 2025-12-02. `rounds per commit` is rounds over commits, no latency. */
const PAPERS = {
  peers: 2000,
  rounds: 2000,
  commits: 63,
  messages: 331_089,
  messagesPerCommit: 5255,
  messagesPerPeerPerCommit: 2.6,
  messagesPerRound: 165.5,
  roundsPerCommit: 31.7,
  latencyRounds: null,
  share: { votes: 0.962, questions: 0.019, blocks: 0.019, answers: 0 },
} as const;

/** Whose words the papers count under which name; all others are not in their count. */
const KINDS: Readonly<Record<string, keyof typeof PAPERS.share>> = {
  vote: 'votes',
  'signed-vote': 'votes',
  'ask-votes': 'questions',
  'get-transaction': 'questions',
  'ask-mapping': 'questions',
  submit: 'blocks',
  transaction: 'blocks',
  statement: 'answers',
};

export const benchmark: Benchmark = {
  name: 'papers',
  description: 'the papers’ scenario of 2,000 peers, beside the papers’ figures',
  async run() {
    const directory = await mkdtemp(path.join(tmpdir(), 'lab-bench-'));
    useCryptography('ideal');
    try {
      return { papers: PAPERS, ...(await measure(loadTestnet(MANIFEST), directory)) };
    } finally {
      useCryptography('real');
      await rm(directory, { recursive: true, force: true });
    }
  },
};

async function measure(testnet: Testnet, directory: string) {
  const startedMs = performance.now();
  const store = await openStore(path.join(directory, 'telemetry'), null);
  try {
    const recorder = new Recorder(store, testnet.name);
    const world = worldOf(testnet, recorder);
    const played = await play(world, testnet, recorder);
    const result = await score(store, {
      run: testnet.name,
      testnet,
      driver: 'sim',
      shaping: 'simulated',
      shapingOk: true,
      links: [],
      fidelityReasons: [],
      seed: testnet.seed,
      version: '',
      wallMs: Math.round(performance.now() - startedMs),
      attacks: [],
      reportPath: null,
      cryptography: 'ideal',
      ...played,
    });
    return { seconds: round(result.wallMs / 1000), ours: figures(result, testnet, world) };
  } finally {
    await store.close();
  }
}

type World = ReturnType<typeof worldOf>;

function worldOf(testnet: Testnet, recorder: Recorder) {
  const { protocol: parameters, seed } = testnet;
  const scheduler = new Scheduler();
  const streams = new Streams(seed);
  const networkId = hash('network', new TextEncoder().encode(testnet.name));
  const [region = ''] = testnet.regions;
  const classes = classesFor(region, testnet.links, { [region]: '0.0.0.0/0' }, []);
  const peers = testnet.members.filter(({ kind }) => kind === 'peer');
  const network: SimNetwork = new SimNetwork({
    scheduler,
    streams,
    onStranger: (to) => lazy.reached(to),
  });
  const parts = { scheduler, streams, networkId, parameters, members: peers.length, classes };
  const lazy = new LazyMembers(
    {
      ...parts,
      report: (index, row) =>
        recorder.report(peers[index]?.name ?? '', row, scheduler.now, (shownMs) => shownMs),
    },
    () => network,
  );
  for (const { name, group } of testnet.members) {
    // All are honest; scoring asks who is.
    const role = { member: name, group, kind: 'peer', region, address: '', adversary: '' };
    recorder.truth('roles', { ...role, join_at_ms: null });
  }
  const clients = testnet.members
    .filter(({ kind }) => kind === 'client')
    .map(({ name }, index) => {
      const endpoint = { ip: `172.16.${index >> 8}.${index & 255}`, port: 4000 };
      const random = streams.stream('client', name);
      network.setClasses(endpoint, region, classes);
      const report: SimHost['report'] = (row) =>
        recorder.report(name, row, scheduler.now, (shownMs) => shownMs);
      const host = new SimHost({ scheduler, random, endpoint, network, report });
      const privateKey = random.bytes(32);
      const client = new Client({ network: networkId, parameters, privateKey, endpoint }, host);
      host.listen((from, datagram) => client.receive(from, datagram));
      host.order('start', () => {
        client.start();
        client.join(lazy.genesis);
      });
      return { client, host, name };
    });
  return { scheduler, network, lazy, clients };
}

/**
 * Load, then the end of every transaction; from when to when, ms since the epoch. The end is that of
 * the last transaction: nobody says anything but for one, so all that is said belongs to commits.
 */
async function play({ scheduler, clients }: World, testnet: Testnet, recorder: Recorder) {
  const until = async (untilMs: number, isDone = () => false): Promise<void> => {
    while (scheduler.now < untilMs && !isDone()) {
      scheduler.runUntil(Math.min(untilMs, scheduler.now + STRETCH_MS));
      await recorder.flush();
    }
  };
  await until(scheduler.now + STRETCH_MS);
  const loadStartedAtMs = scheduler.now;
  for (const { client, host, name } of clients) {
    const load = clientLoad(testnet.load, clients.length, `${testnet.seed}/${name}`);
    host.order('load', () => client.load(load));
  }
  await until(loadStartedAtMs + testnet.durationMs);
  for (const { client, host } of clients) host.order('load', () => client.load(null));
  const isDone = () => clients.every(({ client }) => client.health().pending === 0);
  await until(scheduler.now + DRAIN_MS, isDone);
  // Rows of the last second.
  await until(scheduler.now + 2 * STRETCH_MS);
  return { loadStartedAtMs, loadEndedAtMs: scheduler.now };
}

/** In the papers' units. */
function figures(
  result: Awaited<ReturnType<typeof score>>,
  testnet: Testnet,
  { lazy, network }: World,
) {
  const { transactions, messages, finality } = result;
  const commits = Math.max(1, transactions.committed);
  const peers = lazy.genesis.members.size;
  const rounds = testnet.durationMs / ROUND_MS;
  const counts = Object.entries(messages.byType).map(([type, { count }]) => [type, count] as const);
  const counted = counts.filter(([type]) => KINDS[type] !== undefined);
  const total = counted.reduce((sum, [, count]) => sum + count, 0);
  const share = (kind: string) => {
    const own = counted.filter(([type]) => KINDS[type] === kind);
    return round(own.reduce((sum, [, count]) => sum + count, 0) / Math.max(1, total));
  };
  const inRounds = (ms: number | null) => (ms === null ? null : round(ms / ROUND_MS));
  return {
    peers,
    rounds,
    submitted: transactions.submitted,
    commits: transactions.committed,
    messages: total,
    messagesPerCommit: round(total / commits),
    messagesPerPeerPerCommit: round(total / commits / peers),
    messagesPerRound: round(total / rounds),
    /** Inverse throughput: what the load asks for, since transactions overlap. */
    roundsPerCommit: round(rounds / commits),
    /** From the client's submission: to the first keeper of each token, to ⌈2k/3⌉, to all. */
    latencyRounds: {
      first: inRounds(finality.atFirst.p50),
      final: inRounds(finality.p50),
      finalP99: inRounds(finality.p99),
      all: inRounds(finality.atAll.p50),
    },
    share: {
      votes: share('votes'),
      questions: share('questions'),
      blocks: share('blocks'),
      answers: share('answers'),
    },
    /** What the papers' simulation has no message for: commits told, witnesses, blocks of the chain. */
    othersPerCommit: round(
      counts.reduce((sum, [type, count]) => sum + (KINDS[type] === undefined ? count : 0), 0) /
        commits,
    ),
    perCommit: Object.fromEntries(counts.map(([type, count]) => [type, round(count / commits)])),
    datagramsPerCommit: round(network.sent / commits),
    awake: lazy.awake.size,
    safetyViolations: transactions.safetyViolations,
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
