/**
 * What one peer costs: a whole network in this thread on virtual time, of which one peer is metered.
 * It writes to a real SQLite store and does all its cryptography; only the kernel's part of sending
 * and receiving is missing. What the kernel does for the store is told apart. Beside it the pure cost of
 * the cryptography that the same messages need, with the same functions, in the same run: what no
 * peer can be faster than. Both are processor time of this thread, so a busy machine blurs them little.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from '../node/client/client.ts';
import { BoxKey, NONCE_BYTES } from '../node/crypto/box.ts';
import { signingKey, verifySignature } from '../node/crypto/ed25519.ts';
import { hashBytes } from '../node/crypto/hash.ts';
import type { Host } from '../node/host.ts';
import { DEFAULT_PARAMETERS, type ProtocolParameters } from '../node/parameters.ts';
import { openPeer } from '../node/peer.ts';
import { SqliteStore } from '../node/runtime/store.ts';
import type { Row, TransactionRow } from '../node/telemetry.ts';
import { virtualEndpoint, VirtualNetwork } from '../test/support/network.ts';
import { LOAD, NETWORK } from '../test/support/swarm.ts';
import { shares } from './profile.ts';
import type { Benchmark } from './run.ts';

const PEERS = 9;
const CLIENTS = 4;
const DELAY_MS = 20;
/** Each client's; together what a peer of nine bears without queueing. */
const TRANSACTIONS_PER_SECOND = 25;
const WARM_UP_MS = 5000;
const MEASURED_MS = 20_000;

export const benchmark: Benchmark = {
  name: 'peer',
  description: 'one peer on one core, against the cryptography that its messages need',
  async run() {
    return { mac: await measure('mac'), signed: await measure('signed') };
  },
};

/** What the metered peer did and needed. */
class Meter {
  running = false;
  /** Without what reading the clock costs. */
  cpuMs = 0;
  /** Of that, what the kernel needed: pages of the store, memory. */
  systemMs = 0;
  /** Of both, what making writes durable needed. */
  storeMs = 0;
  readonly sealed: number[] = [];
  readonly opened: number[] = [];
  readonly rows: Row[] = [];

  /** Everything of the metered peer happens in here: the profile knows it by this name. */
  meteredPeer(work: () => void, store: SqliteStore): void {
    const started = process.threadCpuUsage();
    work();
    const worked = threadMs();
    store.commit();
    if (!this.running) return;
    const { user, system } = process.threadCpuUsage();
    this.storeMs += (user + system) / 1000 - worked - CLOCK_MS;
    this.cpuMs += (user + system - started.user - started.system) / 1000 - 2 * CLOCK_MS;
    this.systemMs += (system - started.system) / 1000;
  }
}

async function measure(votes: ProtocolParameters['votes']) {
  const directory = mkdtempSync(path.join(tmpdir(), 'lab-bench-'));
  const store = new SqliteStore(directory);
  try {
    const meter = new Meter();
    const network = networkAround(meter, store, votes);
    network.run(WARM_UP_MS);
    const session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    meter.running = true;
    network.run(MEASURED_MS);
    meter.running = false;
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    return figures(meter, votes, shares(profile, 'meteredPeer'));
  } finally {
    store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Nine peers, of which the first is metered, and their clients under load. */
function networkAround(
  meter: Meter,
  store: SqliteStore,
  votes: ProtocolParameters['votes'],
): VirtualNetwork {
  const network = new VirtualNetwork({ seed: 5, link: () => ({ delayMs: DELAY_MS }) });
  const parameters: ProtocolParameters = {
    ...DEFAULT_PARAMETERS,
    votes,
    pow: { memoryKiB: 8, passes: 1, bits: 1 },
  };
  const peers = Array.from({ length: PEERS }, (_, index) => {
    const endpoint = virtualEndpoint(index + 1);
    const isMetered = index === 0;
    const plain = network.host(endpoint);
    const host = isMetered ? meteredHost(plain, store, meter) : plain;
    const peer = openPeer({ network: NETWORK, parameters, endpoint }, host);
    network.attach(endpoint, (from, datagram) => {
      if (!isMetered) peer.receive(from, datagram);
      else {
        if (meter.running) meter.opened.push(datagram.length);
        meter.meteredPeer(() => peer.receive(from, datagram), store);
      }
    });
    return { peer, endpoint };
  });
  const clients = Array.from({ length: CLIENTS }, (_, index) => {
    const endpoint = virtualEndpoint(PEERS + index + 1);
    const host = network.host(endpoint);
    const privateKey = host.random(32);
    const client = new Client({ network: NETWORK, parameters, privateKey, endpoint }, host);
    network.attach(endpoint, (from, datagram) => client.receive(from, datagram));
    return client;
  });
  const founders = peers.map(({ peer, endpoint }) => ({ record: peer.identity.record, endpoint }));
  for (const one of [...peers.map(({ peer }) => peer), ...clients]) {
    one.start();
    one.found(founders);
  }
  network.run(3000);
  for (const [index, client] of clients.entries()) {
    client.load({
      ...LOAD,
      transactionsPerSecond: TRANSACTIONS_PER_SECOND,
      seed: `${LOAD.seed}/${index}`,
    });
  }
  return network;
}

function meteredHost(plain: Host, store: SqliteStore, meter: Meter): Host {
  return {
    now: () => plain.now(),
    random: (length) => plain.random(length),
    after: (delayMs, callback) => plain.after(delayMs, () => meter.meteredPeer(callback, store)),
    send: (to, datagram) => {
      if (meter.running) meter.sealed.push(datagram.length);
      plain.send(to, datagram);
    },
    store,
    report: (row) => {
      if (meter.running) meter.rows.push(row);
    },
  };
}

function figures(
  meter: Meter,
  votes: ProtocolParameters['votes'],
  profile: Readonly<Record<string, number>>,
) {
  const messages = meter.rows.filter(
    (row): row is Extract<Row, { table: 'messages' }> =>
      row.table === 'messages' && row.type !== '(datagram)',
  );
  const count = (direction: 'in' | 'out', type?: string) =>
    messages
      .filter((row) => row.direction === direction && (type === undefined || row.type === type))
      .reduce((sum, row) => sum + row.count, 0);
  const transactions = meter.rows.filter(
    (row): row is Extract<Row, { table: 'transactions' }> => row.table === 'transactions',
  );
  const committed = transactions.filter(({ outcome }) => outcome === 'committed');
  const changesOf = (wanted: TransactionRow['outcome']) =>
    transactions
      .filter(({ outcome }) => outcome === wanted)
      .reduce((sum, { tokens }) => sum + tokens.length, 0);
  const voted = new Set(meter.rows.flatMap((row) => (row.table === 'votes' ? [row.tx] : [])));
  const needs = {
    opens: meter.opened.length,
    seals: meter.sealed.length,
    // One per change of each transaction, kept or only witnessed; with signed votes, one per vote; of
    // a statement or block that was asked for its own. Certificates are checked once each: nearly none.
    verifies:
      changesOf('committed') +
      changesOf('witnessed') +
      ['signed-vote', 'statement', 'block'].reduce((sum, type) => sum + count('in', type), 0),
    // A block per round, the own votes, the statements that others asked for.
    signs: MEASURED_MS / 500 + (votes === 'signed' ? voted.size : 0) + count('out', 'statement'),
    // What is signed is a hash: of each vote and each change; the id of each transaction; and for each
    // kept token the path of the state that its change makes anew, once a round.
    hashes:
      count('in', 'signed-vote') +
      2 * (changesOf('committed') + changesOf('witnessed')) +
      committed.reduce((sum, { kept }) => sum + kept.length * PATH_HASHES, 0),
  };
  const cryptoMs = pureCost(needs, mean(meter.opened), mean(meter.sealed));
  const total = count('in') + count('out');
  const userMs = meter.cpuMs - meter.systemMs;
  return {
    transactions: committed.length,
    transactionsPerCoreSecond: Math.round((1000 * committed.length) / meter.cpuMs),
    messages: total,
    datagrams: needs.opens + needs.seals,
    microsecondsPerMessage: round((1000 * meter.cpuMs) / total),
    /** Making writes durable, in the kernel and in SQLite. */
    storeShare: round(meter.storeMs / meter.cpuMs),
    /** Kernels tell their time from ours by looking at each tick: within a tenth over seconds. */
    kernelShare: round(meter.systemMs / meter.cpuMs),
    needs,
    pureCryptoMs: round(cryptoMs),
    peerMs: round(meter.cpuMs),
    cryptoShareWithKernel: round(cryptoMs / meter.cpuMs),
    /** Without the kernel's share. Aim with signed votes: at least 0.5. */
    cryptoShare: round(cryptoMs / userMs),
    /** Where the time goes, by the profile: share of the peer's samples by room. */
    profile,
  };
}

/** Steps of a state path in a trie of some thousand tokens. */
const PATH_HASHES = 12;

interface Needs {
  readonly opens: number;
  readonly seals: number;
  readonly verifies: number;
  readonly signs: number;
  readonly hashes: number;
}

/** The same operations with the same functions and lengths, and nothing around them. */
function pureCost(needs: Needs, openBytes: number, sealBytes: number): number {
  const key = new BoxKey(new Uint8Array(32).fill(7));
  const aad = new Uint8Array(74);
  const nonce = new Uint8Array(NONCE_BYTES);
  const overhead = aad.length + 16;
  const plain = new Uint8Array(Math.max(1, Math.round(sealBytes) - overhead));
  const sealed = key.seal(
    nonce,
    aad,
    new Uint8Array(Math.max(1, Math.round(openBytes) - overhead)),
  );
  const signer = signingKey(new Uint8Array(32).fill(9));
  const message = new Uint8Array(32).fill(1);
  const signature = signer.sign(message);
  const part = new Uint8Array(64);
  const costs: readonly (readonly [number, () => void])[] = [
    [needs.opens, () => key.open(nonce, aad, sealed)],
    [needs.seals, () => key.seal(nonce, aad, plain)],
    [needs.verifies, () => verifySignature(signer.publicKey, message, signature)],
    [needs.signs, () => signer.sign(message)],
    [needs.hashes, () => hashBytes('trieInner', part)],
  ];
  return costs.reduce((sum, [times, operation]) => sum + timed(times, operation), 0);
}

function timed(times: number, operation: () => void): number {
  const started = threadMs();
  for (let done = 0; done < times; done += 1) operation();
  return threadMs() - started;
}

/** Processor time of this thread: others on the machine don't count. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** What one look at that clock costs. */
const CLOCK_MS = clockMs();

function clockMs(): number {
  const LOOKS = 20_000;
  for (let look = 0; look < LOOKS; look += 1) threadMs();
  return timed(LOOKS, threadMs) / LOOKS;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
