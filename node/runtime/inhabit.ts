/**
 * The process around one peer or client: opens store, sockets, telemetry and control, hands them
 * to the inhabitant as its host, and takes everything down again in order.
 *
 * Exit codes: 0 after SIGTERM, SIGINT or the lab's stop; 2 when it could not start for a reason the
 * operator can mend; 4 for anything unforeseen.
 */
import type {
  AttackOrder,
  ClientLoad,
  GenesisMember,
  Health,
  LabMessage,
  LinkClass,
  Seat,
} from '../control.ts';
import type { Endpoint, Host, Store } from '../host.ts';
import type { Identity } from '../identity/mint.ts';
import { Control } from './control.ts';
import { areLinkClasses } from './control-messages.ts';
import { RuntimeError } from './errors.ts';
import { logToStdout, reasonOf } from './log.ts';
import type { Role } from './adversarial.ts';
import { mintIfNeeded } from './minting.ts';
import { Metrics } from './metrics.ts';
import type { Genesis } from '../peer/genesis.ts';
import { openOperations, operationsEndpoint } from './operations.ts';
import { Prober } from './probe.ts';
import { ProcessHost } from './process-host.ts';
import { reportResources } from './resources.ts';
import { lineFor } from './row-log.ts';
import { Shaper } from './shaper.ts';
import { UdpSocket } from './socket.ts';
import { SqliteStore } from './store.ts';
import { Telemetry } from './telemetry.ts';
import { VERSION } from './version.ts';

/** How long a stopping process tries to hand over its last rows. */
const FLUSH_TIMEOUT_MS = 3000;
/** How long a living one tries when the lab asks for its rows. */
const FLUSH_ON_REQUEST_MS = 10_000;

/** Where the link classes are kept, so that a restarted member never sends unshaped. */
const LINKS_KEY = 'runtime/links';

/** What lives in the process: a peer, a client, or a stand-in in tests. */
export interface Inhabitant {
  /** As told to the lab: encoded identity record or ephemeral public key, hex. */
  readonly record: string;
  readonly address: string;
  /** Whether its state held a genesis. */
  readonly founded: boolean;
  found(members: readonly GenesisMember[]): void;
  /** The same, shared with others of this process. */
  join?(genesis: Genesis): void;
  start(): void;
  receive(from: Endpoint, datagram: Uint8Array): void;
  health(): Health;
  stop(): void;
  load?(load: ClientLoad | null): void;
  attack?(order: AttackOrder): void;
  conspire?(from: string, message: unknown): void;
}

/** `minted`: the identity that was just found for this process's empty store. */
export type Open = (
  host: Host,
  conspire: (message: unknown) => void,
  minted: Identity | null,
) => Inhabitant;

/** Starts the process's inhabitant; resolves when it runs. Sets the handlers that end the process. */
export async function inhabit(seat: Seat, open: Open, role?: Role): Promise<void> {
  const log = logToStdout;
  process.on('uncaughtException', (error) => {
    log('error', 'crashed', { reason: error.message, stack: error.stack });
    process.exit(4);
  });
  try {
    await run(seat, open, role);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    log('error', 'cannot start', { reason: error.message, remedy: error.remedy });
    process.exit(2);
  }
}

async function run(seat: Seat, open: Open, role: Role | undefined): Promise<void> {
  const log = logToStdout;
  const store = new SqliteStore(seat.stateDirectory);
  const shaper = new Shaper();
  shaper.setClasses(storedClasses(store));
  let inhabitant: Inhabitant | null = null;
  const socket = await UdpSocket.open(seat.bind, shaper, (from, datagram) =>
    inhabitant?.receive(from, datagram),
  );
  const probeAt = { ip: seat.bind.ip, port: socket.local.port + 1 };
  const prober = await Prober.open(probeAt, Uint8Array.fromHex(seat.probeKey), shaper);
  const telemetry = new Telemetry({ run: seat.run, peer: seat.name, ...seat.telemetry }, log);
  const metrics = new Metrics();
  const host = new ProcessHost({
    store,
    transmit: (to, datagram) => socket.send(to, datagram),
    report: (row, trueTime) => {
      metrics.count(row);
      const line = lineFor(row);
      if (line !== null) log(line.level, line.event, line.details);
      telemetry.report(row, trueTime);
    },
  });
  host.report({ table: 'hosts', region: seat.region, version: VERSION });
  const minted = await mintIfNeeded(seat, { host, log, role, end: () => process.exit(0) });
  const living = open(host, (message) => control.send({ type: 'conspire', message }), minted);
  inhabitant = living;
  // The identity is durable before anyone hears of it.
  host.flush();
  living.start();
  const stopResources = reportResources({
    takeLateness: () => host.takeLateness(),
    socketDrops: () => socket.drops(),
    telemetryDropped: () => telemetry.dropped,
    report: (row) => host.report(row),
  });
  const operationsAt = operationsEndpoint(process.env['PEER_OPERATIONS']);
  const operations =
    operationsAt === null
      ? null
      : await openOperations(operationsAt, { health: () => living.health(), metrics });
  let stopping = false;
  const stop = async (why: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log('info', 'stopping', { why });
    living.stop();
    host.stop();
    host.flush();
    stopResources();
    await telemetry.close(FLUSH_TIMEOUT_MS);
    control.stop();
    operations?.close();
    prober.close();
    socket.close();
    shaper.stop();
    store.close();
    process.exit(0);
  };
  const control = new Control(
    seat,
    {
      hello: () => ({
        type: 'hello',
        name: seat.name,
        pid: process.pid,
        version: VERSION,
        record: living.record,
        address: living.address,
        endpoint: socket.local,
        founded: living.founded,
      }),
      health: () => living.health(),
      request: async (message) => {
        if (message.method === 'stop') {
          // Answered first; ends afterwards.
          setImmediate(() => void stop('asked by the lab'));
          return undefined;
        }
        return carryOut(message, { living, shaper, prober, host, telemetry });
      },
    },
    log,
  );
  process.on('SIGTERM', () => void stop('SIGTERM'));
  process.on('SIGINT', () => void stop('SIGINT'));
  log('info', 'started', { name: seat.name, kind: seat.kind, address: living.address });
}

interface Parts {
  readonly living: Inhabitant;
  readonly shaper: Shaper;
  readonly prober: Prober;
  readonly host: ProcessHost;
  readonly telemetry: Telemetry;
}

async function carryOut(message: LabMessage, parts: Parts): Promise<unknown> {
  const { living, shaper, prober, host, telemetry } = parts;
  switch (message.method) {
    case 'genesis':
      if (living.founded) return { already: true };
      living.found(message.members);
      host.flush();
      return undefined;
    case 'links':
      shaper.setClasses(message.classes);
      host.store.put(LINKS_KEY, new TextEncoder().encode(JSON.stringify(message.classes)));
      host.flush();
      return undefined;
    case 'probe':
      return prober.probe(message);
    case 'flush':
      await telemetry.flush(FLUSH_ON_REQUEST_MS);
      return undefined;
    case 'clock':
      host.setSkew(message.skewMs);
      host.setDrift(message.driftPpm);
      return undefined;
    case 'load':
      if (living.load === undefined) throw new Error('no such method');
      living.load(message.load);
      return undefined;
    case 'attack':
      if (living.attack === undefined) throw new Error('no such method');
      living.attack(message.attack);
      return undefined;
    case 'conspire':
      if (living.conspire === undefined) throw new Error('no such method');
      living.conspire(message.from, message.message);
      return undefined;
    default:
      throw new Error('no such method');
  }
}

function storedClasses(store: Store): readonly LinkClass[] {
  const bytes = store.get(LINKS_KEY);
  if (bytes === undefined) return [];
  const classes: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (areLinkClasses(classes)) return classes;
  throw new RuntimeError(`the state's ${LINKS_KEY} is malformed`, 'remove the state directory');
}

/** For entries that fail before anything is composed, as on a malformed seat. */
export function refuseToStart(error: unknown): never {
  logToStdout('error', 'cannot start', { reason: reasonOf(error) });
  process.exit(2);
}
