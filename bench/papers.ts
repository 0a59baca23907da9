/**
 * The papers' own scenario (testnets/papers-2000.yaml) in their units, beside their figures
 * (consensus-performance 1 and appendix A). What is played and scored is what `lab run` plays and
 * scores, but that messages are counted to the end of the last transaction, not of the load.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { score } from '../lab/analysis/score.ts';
import { loadTestnet } from '../lab/manifest/load.ts';
import type { Testnet } from '../lab/manifest/testnet.ts';
import { play } from '../lab/simulator/play.ts';
import { Recorder } from '../lab/simulator/recorder.ts';
import { Trace } from '../lab/simulator/trace.ts';
import type { World } from '../lab/simulator/world.ts';
import { openStore } from '../lab/telemetry/open.ts';
import { useCryptography } from '../node/crypto/cryptography.ts';
import { ROUND_MS } from '../node/peer.ts';
import type { Benchmark } from './run.ts';

const MANIFEST =
  process.env['MANIFEST'] ?? path.join(import.meta.dirname, '../testnets/papers-2000.yaml');
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
  const cpuMs = threadMs();
  const store = await openStore(path.join(directory, 'telemetry'), null);
  try {
    const worlds: World[] = [];
    const recorder = new Recorder(store, testnet.name);
    const played = await play(testnet, {
      run: testnet.name,
      recorder,
      trace: new Trace(),
      announce: () => {},
      opened: (world) => worlds.push(world),
      look: async () => {
        if (recorder.isFull) await recorder.flush();
      },
    });
    await recorder.flush();
    const simulatedMs = threadMs() - cpuMs;
    const [world] = worlds;
    if (world === undefined) throw new Error('no world was opened');
    const result = await score(store, {
      ...played,
      run: testnet.name,
      testnet,
      driver: 'sim',
      shaping: 'simulated',
      shapingOk: true,
      fidelityReasons: [],
      seed: testnet.seed,
      version: '',
      // Nobody says anything but for a transaction: all that is said until the last has ended belongs to them.
      loadEndedAtMs: world.now,
      wallMs: Math.round(performance.now() - startedMs),
      reportPath: null,
      cryptography: 'ideal',
    });
    return {
      seconds: round(result.wallMs / 1000),
      cpuSeconds: round(simulatedMs / 1000),
      ours: figures(result, testnet, world),
    };
  } finally {
    await store.close();
  }
}

/** Processor time of this thread: others on the machine don't count. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** In the papers' units. */
function figures(
  result: Awaited<ReturnType<typeof score>>,
  testnet: Testnet,
  { lazy, network }: World,
) {
  const { transactions, messages, finality } = result;
  const commits = Math.max(1, transactions.committed);
  const peers = testnet.members.filter(({ kind }) => kind === 'peer').length;
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
