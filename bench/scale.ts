/**
 * What a member costs in networks of very different size, in one process on virtual time with ideal
 * cryptography: to come into being, and to take part in transactions of which nearly everybody hears
 * nothing. The yardstick is the smallest network: what grows with the network is no protocol cost.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SimHost } from '../lab/simulator/host.ts';
import { LazyMembers } from '../lab/simulator/lazy.ts';
import { SimNetwork } from '../lab/simulator/links.ts';
import { Streams } from '../lab/simulator/random.ts';
import { Scheduler } from '../lab/simulator/scheduler.ts';
import { Client } from '../node/client/client.ts';
import { type LinkClass, UNSHAPED } from '../node/control.ts';
import { useCryptography } from '../node/crypto/cryptography.ts';
import { hash } from '../node/crypto/hash.ts';
import { DEFAULT_PARAMETERS, type ProtocolParameters } from '../node/parameters.ts';
import type { Row } from '../node/telemetry.ts';
import type { Benchmark } from './run.ts';

/** `SIZES=24,1000000` and `TRANSACTIONS=100` in the environment say otherwise. */
const SIZES: readonly number[] = (process.env['SIZES'] ?? '24,2000,100000').split(',').map(Number);
const TRANSACTIONS = Number(process.env['TRANSACTIONS'] ?? 1000);
const CLIENTS = 16;
const TRANSACTIONS_PER_SECOND = 100;
const DELAY_MS = 40;
/** Members woken to see what one costs. */
const WOKEN = 200;
/** A client gives a transaction up after less. */
const DRAIN_MS = 25_000;
const MIB = 1024 * 1024;

export const benchmark: Benchmark = {
  name: 'scale',
  description: `${TRANSACTIONS} transactions among ${SIZES.join(', ')} members`,
  async run() {
    useCryptography('ideal');
    try {
      const figures = SIZES.map((members) => measure(members));
      const [base, ...others] = figures.filter(({ members }) => members > 1000);
      const slopes = others.map((other) => ({
        from: base?.members,
        to: other.members,
        cpuMsPerTransaction: slope(base, other, ({ perTransaction }) => perTransaction.cpuMs),
        datagramsPerTransaction: slope(
          base,
          other,
          ({ perTransaction }) => perTransaction.datagrams,
        ),
        cpuMsPerMember: slope(base, other, ({ perMember }) => perMember.cpuMs),
        kibPerMember: slope(base, other, ({ perMember }) => perMember.kib),
      }));
      return { figures, slopes };
    } finally {
      useCryptography('real');
    }
  },
};

interface Figures {
  readonly members: number;
  readonly perMember: { readonly cpuMs: number; readonly kib: number };
  readonly perTransaction: { readonly cpuMs: number; readonly datagrams: number };
}

/** Exponent of growth with the number of members: 0 is flat, 1 is proportional. */
function slope(from: Figures | undefined, to: Figures, of: (figures: Figures) => number): number {
  if (from === undefined) return 0;
  return round(Math.log(of(to) / of(from)) / Math.log(to.members / from.members));
}

const parameters: ProtocolParameters = {
  ...DEFAULT_PARAMETERS,
  pow: { memoryKiB: 8, passes: 1, bits: 1 },
  // Paper hours are hours: within minutes nobody has to renew anything.
  timeScale: 1,
};

const EVERYWHERE: readonly LinkClass[] = [
  { ...UNSHAPED, delayMs: DELAY_MS, region: 'lazy', subnet: '0.0.0.0/0', cut: false },
];

function measure(members: number) {
  const startedMs = performance.now();
  const before = memory();
  const scheduler = new Scheduler();
  const streams = new Streams(`scale/${members}`);
  const networkId = hash('network', new TextEncoder().encode('scale'));
  const network: SimNetwork = new SimNetwork({
    scheduler,
    streams,
    onStranger: (to) => void lazy.reached(to),
  });
  const parts = { scheduler, streams, networkId, parameters, members, classes: EVERYWHERE };
  const lazy = new LazyMembers({ ...parts, report: () => {} }, () => network);
  const foundedMs = performance.now();
  const founded = memory();
  const clients = clientsIn({ lazy, network, ...parts });
  const loaded = load(clients, scheduler, network);
  const awake = lazy.awake.size;
  const ended = memory();
  const woken = wake(lazy, members);
  return {
    members,
    genesis: {
      seconds: seconds(foundedMs - startedMs),
      bytesPerMember: Math.round((founded - before) / members),
    },
    perMember: woken,
    perTransaction: loaded.perTransaction,
    committed: loaded.committed,
    finalityMs: loaded.finalityMs,
    awake,
    kibPerAwakeMember: round((ended - founded) / 1024 / Math.max(1, awake)),
    residentMiB: Math.round(process.memoryUsage().rss / MIB),
    seconds: seconds(performance.now() - startedMs),
  };
}

interface Seats {
  readonly lazy: LazyMembers;
  readonly network: SimNetwork;
  readonly scheduler: Scheduler;
  readonly streams: Streams;
  readonly networkId: string;
}

interface Clients {
  readonly all: readonly Client[];
  readonly finalities: number[];
}

function clientsIn({ lazy, network, scheduler, streams, networkId }: Seats): Clients {
  const finalities: number[] = [];
  const report = (row: Row): void => {
    if (row.table !== 'transactions' || row.committedAt === null) return;
    finalities.push(row.committedAt - (row.submittedAt ?? row.committedAt));
  };
  const all = Array.from({ length: CLIENTS }, (_, index) => {
    const endpoint = { ip: `172.16.0.${index + 1}`, port: 4000 };
    const random = streams.stream('client', index);
    network.setClasses(endpoint, 'lazy', EVERYWHERE);
    const host = new SimHost({ scheduler, random, endpoint, network, report });
    const privateKey = random.bytes(32);
    const client = new Client({ network: networkId, parameters, privateKey, endpoint }, host);
    host.listen((from, datagram) => client.receive(from, datagram));
    host.order('start', () => {
      client.start();
      client.join(lazy.genesis);
    });
    return client;
  });
  return { all, finalities };
}

function load({ all, finalities }: Clients, scheduler: Scheduler, network: SimNetwork) {
  scheduler.runUntil(scheduler.now + 2000);
  const datagrams = network.sent;
  const cpuMs = threadMs();
  for (const [index, client] of all.entries()) {
    client.load({
      transactionsPerSecond: TRANSACTIONS_PER_SECOND / CLIENTS,
      queryRatePerSecond: 0,
      tokensPerTransaction: { '1': 0.6, '2': 0.3, '3': 0.1 },
      transferShare: 0.5,
      destroyShare: 0.05,
      highValueShare: 0,
      popularityZipf: 0.9,
      askPeers: 3,
      seed: `scale/${index}`,
    });
  }
  scheduler.runUntil(scheduler.now + (1000 * TRANSACTIONS) / TRANSACTIONS_PER_SECOND);
  for (const client of all) client.load(null);
  const untilMs = scheduler.now + DRAIN_MS;
  const pending = () => all.some((client) => client.health().pending > 0);
  while (pending() && scheduler.now < untilMs) scheduler.runUntil(scheduler.now + 500);
  const committed = finalities.length;
  return {
    committed,
    finalityMs: Math.round(finalities.toSorted((a, b) => a - b)[committed >> 1] ?? 0),
    perTransaction: {
      cpuMs: round((threadMs() - cpuMs) / Math.max(1, committed)),
      datagrams: round((network.sent - datagrams) / Math.max(1, committed)),
    },
  };
}

/** Of members all over the ring that nothing has reached yet; of a small network, of all of them. */
function wake(lazy: LazyMembers, members: number): { cpuMs: number; kib: number } {
  const step = Math.max(1, Math.floor(members / WOKEN));
  const asleep = Array.from({ length: members }, (_, index) => index)
    .filter((index) => index % step === 0 && !lazy.awake.has(index))
    .slice(0, WOKEN);
  if (asleep.length === 0) return { cpuMs: Number.NaN, kib: Number.NaN };
  const before = memory();
  const cpuMs = threadMs();
  for (const index of asleep) lazy.wake(index);
  const spentMs = threadMs() - cpuMs;
  return {
    cpuMs: round(spentMs / asleep.length),
    kib: round((memory() - before) / 1024 / asleep.length),
  };
}

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

/** Bytes in use, after all that nobody holds was given back. */
function memory(): number {
  if (typeof collect === 'function') collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Processor time of this thread: others on the machine don't count. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function seconds(ms: number): number {
  return round(ms / 1000);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
