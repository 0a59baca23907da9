/**
 * Sixty peers in containers under more one-token transactions than a testnet of volunteers makes:
 * what they commit against what was submitted, and what each commit costs in messages.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dockerAvailable } from '../lab/drivers/docker.ts';
import type { Benchmark } from './run.ts';
import { runNetwork } from './run-network.ts';

const PEERS = 60;
const CLIENTS = 4;
const SECONDS = 40;
/** Transactions per second: the aims of the base protocol on two cores. */
const LOADS = { mac: 50, signed: 20 } as const;

export const benchmark: Benchmark = {
  name: 'throughput',
  description: `${PEERS} peers in containers, k = 12: committed against submitted`,
  async run() {
    const { ok, reason } = await dockerAvailable();
    if (!ok) return { skipped: reason };
    return { mac: await measure('mac'), signed: await measure('signed') };
  },
};

async function measure(votes: keyof typeof LOADS) {
  const home = await mkdtemp(path.join(tmpdir(), 'lab-bench-'));
  try {
    const file = path.join(home, 'throughput.yaml');
    await writeFile(file, manifest(votes));
    const result = await runNetwork(file, home, ['--driver', 'docker']);
    const { submitted, committed, timedOut } = result.transactions;
    return {
      asked: LOADS[votes],
      submittedPerSecond: submitted / SECONDS,
      committedPerSecond: committed / SECONDS,
      committedShare: committed / submitted,
      timedOut,
      fidelity: result.fidelity,
      finality: result.finality,
      messages: result.messages,
    };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** A lease longer than the run: it is transactions of clients that are counted. */
function manifest(votes: keyof typeof LOADS): string {
  return `name: throughput
seed: 1
durationMs: ${SECONDS * 1000}
timeScale: 3600
protocol: {k: 12, votes: ${votes}, leaseHours: 240}
regions: [{name: one}, {name: two}, {name: three}]
links: [{default: {delayMs: 10}}]
peers: [{group: honest, count: ${PEERS}, regions: even}]
clients: {count: ${CLIENTS}, regions: even, queryRatePerSecond: 0.2}
load: {transactionsPerSecond: ${LOADS[votes]}, tokensPerTransaction: {1: 1}}
allow: {shapingOff: true, lowFidelity: true}
`;
}
