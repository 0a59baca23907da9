/**
 * Started by bench/scale.ts, once for each size, so that none inherits the memory of another: plays a
 * network of argv[2] sleeping members under argv[3] transactions and prints figures as JSON.
 */
import { parseTestnet } from '../../lab/manifest/load.ts';
import { play } from '../../lab/simulator/play.ts';
import { Recorder } from '../../lab/simulator/recorder.ts';
import { Trace } from '../../lab/simulator/trace.ts';
import type { World } from '../../lab/simulator/world.ts';
import { useCryptography } from '../../node/crypto/cryptography.ts';
import type { Row } from '../../node/telemetry.ts';

const TRANSACTIONS_PER_SECOND = 100;
/** Of a testnet file: so few transactions take no less. */
const LEAST_LOAD_MS = 1000;
const DELAY_MS = 40;
/** Members woken after the run to see what one costs. */
const WOKEN = 200;
const KIB = 1024;

export interface Figures {
  readonly members: number;
  /** Of a clock on the wall: from the start of the process to the end of the last transaction. */
  readonly seconds: number;
  /** Identities, genesis and the clients' first connections; processor seconds of this thread. */
  readonly foundingCpuSeconds: number;
  /** From the first transaction to the end of the last. */
  readonly loadCpuSeconds: number;
  readonly perTransaction: { readonly cpuMs: number; readonly datagrams: number };
  /** Of one that is woken by itself. */
  readonly perMember: { readonly cpuMs: number; readonly kib: number };
  readonly submitted: number;
  readonly committed: number;
  readonly finalityMs: number;
  readonly awake: number;
  /** All that the network holds after the run. */
  readonly heapMiB: number;
  readonly peakMiB: number;
  readonly traceHash: string;
}

/** Forgets all rows but what clients say of their transactions. */
class Outcomes extends Recorder {
  submitted = 0;
  readonly finalities: number[] = [];

  constructor() {
    super(null, 'scale');
  }

  override report(_peer: string, row: Row): void {
    if (row.table !== 'transactions' || row.part !== 'client') return;
    if (row.outcome === 'submitted') this.submitted += 1;
    if (row.committedAt === null) return;
    this.finalities.push(row.committedAt - (row.submittedAt ?? row.committedAt));
  }
}

function manifestOf(members: number, transactions: number): string {
  return `name: scale
durationMs: ${Math.max(LEAST_LOAD_MS, (1000 * transactions) / TRANSACTIONS_PER_SECOND)}
# Paper hours are hours: within minutes nobody has to renew anything.
timeScale: 1
protocol: {pow: {memoryKiB: 8, passes: 1, bits: 1}}
regions: [{name: world}]
links: [{default: {delayMs: ${DELAY_MS}}}]
peers: [{group: peer, count: ${members}, asleep: true}]
clients: {count: 16, queryRatePerSecond: 0}
load: {transactionsPerSecond: ${TRANSACTIONS_PER_SECOND}}
`;
}

async function measure(members: number, transactions: number): Promise<Figures> {
  const recorder = new Outcomes();
  const worlds: World[] = [];
  // Nothing that costs time: memory is looked at when all is over.
  const marks: { cpuMs: number; sent: number; awake: number }[] = [];
  const mark = (): void => {
    const sent = worlds[0]?.network.sent ?? 0;
    const awake = worlds[0]?.lazy.awake.size ?? 0;
    marks.push({ cpuMs: threadMs(), sent, awake });
  };
  const { traceHash } = await play(parseTestnet(manifestOf(members, transactions), 'scale.yaml'), {
    run: 'scale',
    recorder,
    trace: new Trace(),
    announce: (event) => {
      if (event.type === 'phase' && event.phase === 'running') mark();
    },
    opened: (world) => worlds.push(world),
    look: async () => {},
  });
  mark();
  const seconds = round(performance.now() / 1000);
  const [began, ended] = marks;
  const [world] = worlds;
  if (began === undefined || ended === undefined || world === undefined) throw new Error('no run');
  const committed = recorder.finalities.length;
  return {
    members,
    seconds,
    foundingCpuSeconds: round(began.cpuMs / 1000),
    loadCpuSeconds: round((ended.cpuMs - began.cpuMs) / 1000),
    perTransaction: {
      cpuMs: round((ended.cpuMs - began.cpuMs) / Math.max(1, committed)),
      datagrams: round((ended.sent - began.sent) / Math.max(1, committed)),
    },
    submitted: recorder.submitted,
    committed,
    finalityMs: Math.round(recorder.finalities.toSorted((a, b) => a - b)[committed >> 1] ?? 0),
    awake: ended.awake,
    peakMiB: Math.round(process.resourceUsage().maxRSS / KIB),
    heapMiB: Math.round(memory() / KIB / KIB),
    perMember: wake(world),
    traceHash,
  };
}

/** Members all over the list that nothing has reached yet. */
function wake({ lazy }: World): Figures['perMember'] {
  const step = Math.max(1, Math.floor(lazy.size / WOKEN));
  const asleep = Array.from({ length: lazy.size }, (_, place) => place)
    .filter((place) => place % step === 0 && !lazy.awake.has(place))
    .slice(0, WOKEN);
  const bytes = memory();
  const cpuMs = threadMs();
  for (const place of asleep) lazy.wake(place);
  const spentMs = threadMs() - cpuMs;
  return {
    cpuMs: round(spentMs / Math.max(1, asleep.length)),
    kib: round((memory() - bytes) / KIB / Math.max(1, asleep.length)),
  };
}

/** Bytes in use, after all that nobody holds was given back where that can be asked for. */
function memory(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Processor time of this thread: others on the machine don't count. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

useCryptography('ideal');
const [, , members, transactions] = process.argv;
console.log(JSON.stringify(await measure(Number(members), Number(transactions))));
