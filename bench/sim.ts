/**
 * The simulator on one core: delivered protocol messages per second with ideal cryptography, without
 * encoding and through the codec, and with real cryptography, beside the bare scheduler's events and
 * the bare codec's messages in the same run. All rates are per second of processor time of this
 * thread, of the faster of two turns: who else uses the machine only lengthens one.
 */
import { Session } from 'node:inspector/promises';
import { Client } from '../node/client/client.ts';
import { type LinkClass, UNSHAPED } from '../node/control.ts';
import { type Cryptography, type Encoding, useCryptography } from '../node/crypto/cryptography.ts';
import type { Endpoint } from '../node/host.ts';
import { DEFAULT_PARAMETERS, type ProtocolParameters } from '../node/parameters.ts';
import { openPeer } from '../node/peer.ts';
import type { Row } from '../node/telemetry.ts';
import { decodeMessage, encodeMessage } from '../node/wire/messages.ts';
import { SimHost } from '../lab/simulator/host.ts';
import { SimNetwork } from '../lab/simulator/links.ts';
import { Streams } from '../lab/simulator/random.ts';
import { Scheduler } from '../lab/simulator/scheduler.ts';
import { Trace } from '../lab/simulator/trace.ts';
import { EXAMPLES } from '../test/support/messages.ts';
import { LOAD, NETWORK } from '../test/support/swarm.ts';
import { shares } from './profile.ts';
import type { Benchmark } from './run.ts';

const PEERS = 24;
const CLIENTS = 6;
/** Each client's. */
const TRANSACTIONS_PER_SECOND = 10;
const WARM_UP_MS = 2000;
const MEASURED_MS = 4000;
/** After what is measured: the profiler costs time of its own. */
const PROFILED_MS = 2000;
const PENDING_EVENTS = [1000, 1_000_000];
/** Turns of a bare measurement, of which the fastest counts: others only lengthen one. */
const TURNS = 5;
/** Of a simulation. */
const SIMULATED_TURNS = 2;
const EVENTS_PER_TURN = 500_000;
const MESSAGES_PER_TURN = 100_000;
/** The farthest that an event of the bare scheduler lies ahead. */
const AHEAD_MS = 1e6;

export const benchmark: Benchmark = {
  name: 'sim',
  description: 'messages that simulated peers handle, against bare events and a bare codec',
  async run() {
    const bare = Object.fromEntries(
      PENDING_EVENTS.map((pending) => [`pending${pending}`, eventsPerSecond(pending)]),
    );
    // In turn, so that an hour of the machine that is worse meets all of them.
    const turns = [];
    for (let turn = 0; turn < SIMULATED_TURNS; turn += 1) {
      turns.push({
        unencoded: await simulated('ideal', 'none'),
        ideal: await simulated('ideal', 'written'),
        real: await simulated('real', 'written'),
      });
    }
    const unencoded = fastestOf(turns.map((turn) => turn.unencoded));
    const ideal = fastestOf(turns.map((turn) => turn.ideal));
    const real = fastestOf(turns.map((turn) => turn.real));
    const codec = codecPerSecond(ideal.types);
    return {
      eventsPerSecond: bare,
      /** Encoded and decoded again, of the types and in the shares that the run had. */
      codecMessagesPerSecond: codec,
      /** Whether leaving out the encoding changed anything but contents. */
      isSameRun: unencoded.skeleton === ideal.skeleton,
      unencodedOverIdeal: round(unencoded.messagesPerSecond / ideal.messagesPerSecond),
      /** Ideal cryptography; aims: 150,000 messages per second, and 80,000 through the codec. */
      unencoded: figures(unencoded, codec),
      ideal: figures(ideal, codec),
      real: figures(real, codec),
    };
  },
};

type Simulated = Awaited<ReturnType<typeof simulated>>;

function fastestOf(turns: readonly Simulated[]): Simulated {
  return turns.reduce((a, b) => (a.messagesPerSecond >= b.messagesPerSecond ? a : b));
}

function figures({ types: _types, skeleton: _skeleton, ...shown }: Simulated, codec: number) {
  return { ...shown, shareOfCodec: round(shown.messagesPerSecond / codec) };
}

/** Each event asks for the next one: as many stay pending. */
function eventsPerSecond(pending: number): number {
  const scheduler = new Scheduler();
  const random = new Streams('bench').stream('events');
  const run = (): void => scheduler.post(scheduler.now + AHEAD_MS * random.next(), run);
  for (let event = 0; event < pending; event += 1) run();
  return fastest(EVENTS_PER_TURN, () => {
    for (let event = 0; event < EVENTS_PER_TURN; event += 1) scheduler.next();
  });
}

function codecPerSecond(types: ReadonlyMap<string, number>): number {
  const known = EXAMPLES.filter(({ type }) => types.has(type));
  const all = known.reduce((sum, { type }) => sum + (types.get(type) ?? 0), 0);
  const mix = known.flatMap((message) => {
    const share = (types.get(message.type) ?? 0) / all;
    return Array.from({ length: Math.round(MESSAGES_PER_TURN * share) }, () => message);
  });
  return fastest(mix.length, () => {
    for (const message of mix) {
      if (!decodeMessage(encodeMessage(message)).ok) throw new Error(`${message.type} is refused`);
    }
  });
}

/** A network of peers under load, played so. */
async function simulated(kind: Cryptography, encoding: Encoding) {
  useCryptography(kind, kind, encoding);
  try {
    const world = open();
    world.scheduler.runUntil(world.scheduler.now + WARM_UP_MS);
    world.types.clear();
    const before = { events: world.trace.events, delivered: world.network.delivered };
    const cpuMs = measured(() => play(world.scheduler, MEASURED_MS));
    const types = new Map(world.types);
    const { skeleton } = world.trace;
    const messages = [...types.values()].reduce((sum, count) => sum + count, 0);
    const datagrams = world.network.delivered - before.delivered;
    return {
      types,
      skeleton,
      messagesPerSecond: perSecond(messages, cpuMs),
      datagramsPerSecond: perSecond(datagrams, cpuMs),
      microsecondsPerMessage: round((1000 * cpuMs) / messages),
      eventsPerSecond: perSecond(world.trace.events - before.events, cpuMs),
      transactionsPerSecond: perSecond(world.submitted(), cpuMs),
      /** Virtual time over processor time. */
      timesRealTime: round(MEASURED_MS / cpuMs),
      messagesPerDatagram: round(messages / datagrams),
      profile: await profiled(world.scheduler),
    };
  } finally {
    useCryptography('real');
  }
}

async function profiled(scheduler: Scheduler): Promise<Readonly<Record<string, number>>> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  play(scheduler, PROFILED_MS);
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return shares(profile, 'play');
}

/** The profile knows it by this name. */
function play(scheduler: Scheduler, forMs: number): void {
  scheduler.runUntil(scheduler.now + forMs);
}

interface BenchWorld {
  readonly scheduler: Scheduler;
  readonly network: SimNetwork;
  readonly trace: Trace;
  /** Messages handled, by type. */
  readonly types: Map<string, number>;
  /** Transactions since the warm-up. */
  submitted(): number;
}

function open(): BenchWorld {
  const scheduler = new Scheduler();
  const streams = new Streams('bench');
  const network = new SimNetwork({ scheduler, streams });
  const trace = new Trace();
  const types = new Map<string, number>();
  let submitted = 0;
  const startedMs = scheduler.now;
  const report = (row: Row): void => {
    if (row.table === 'messages' && row.direction === 'in' && row.type !== '(datagram)') {
      types.set(row.type, (types.get(row.type) ?? 0) + row.count);
    }
    const isNew = row.table === 'transactions' && row.outcome === 'submitted';
    if (isNew && scheduler.now - startedMs > WARM_UP_MS) submitted += 1;
  };
  const parameters: ProtocolParameters = {
    ...DEFAULT_PARAMETERS,
    pow: { memoryKiB: 8, passes: 1, bits: 1 },
  };
  const classes: readonly LinkClass[] = [
    { ...UNSHAPED, region: 'one', subnet: '10.0.0.0/8', delayMs: 25, jitterMs: 4, cut: false },
  ];
  const host = (index: number): SimHost => {
    const endpoint: Endpoint = { ip: `10.0.0.${index + 1}`, port: 7200 };
    network.setClasses(endpoint, 'one', classes);
    const random = streams.stream('member', index);
    return new SimHost({ scheduler, random, endpoint, network, report, trace });
  };
  const peers = Array.from({ length: PEERS }, (_, index) => {
    const own = host(index);
    const peer = openPeer({ network: NETWORK, parameters, endpoint: own.endpoint }, own);
    own.listen((from, datagram) => peer.receive(from, datagram));
    return { peer, endpoint: own.endpoint };
  });
  const clients = Array.from({ length: CLIENTS }, (_, index) => {
    const own = host(PEERS + index);
    const privateKey = own.random(32);
    const { endpoint } = own;
    const client = new Client({ network: NETWORK, parameters, privateKey, endpoint }, own);
    own.listen((from, datagram) => client.receive(from, datagram));
    return client;
  });
  const founders = peers.map(({ peer, endpoint }) => ({ record: peer.identity.record, endpoint }));
  for (const one of [...peers.map(({ peer }) => peer), ...clients]) {
    one.start();
    one.found(founders);
  }
  scheduler.runUntil(scheduler.now + 3000);
  for (const [index, client] of clients.entries()) {
    client.load({
      ...LOAD,
      transactionsPerSecond: TRANSACTIONS_PER_SECOND,
      seed: `${LOAD.seed}/${index}`,
    });
  }
  return { scheduler, network, trace, types, submitted: () => submitted };
}

/** Things per second of the fastest turn. */
function fastest(things: number, turn: () => void): number {
  const cpuMs = Math.min(...Array.from({ length: TURNS }, () => measured(turn)));
  return perSecond(things, cpuMs);
}

/** Processor time of this thread, ms. */
function measured(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

function perSecond(things: number, cpuMs: number): number {
  return Math.round((1000 * things) / cpuMs);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
