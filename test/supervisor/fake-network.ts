/** A driver whose members are WebSocket clients in this process, for tests of the supervisor. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { WebSocket } from 'ws';
import { DEFAULT_PARAMETERS } from '../../node/parameters.ts';
import type { LabMessage, Seat } from '../../node/control.ts';
import type { RunResult } from '../../lab/analysis/result.ts';
import type { CreatedObject, Driver, MemberState } from '../../lab/drivers/driver.ts';
import { classesFor } from '../../lab/links/classes.ts';
import type { LinkProfile, Member, Testnet } from '../../lab/manifest/testnet.ts';
import type { RunPlan } from '../../lab/supervisor/api.ts';
import type { Parts } from '../../lab/supervisor/run-context.ts';

export function link(from: string, to: string, delayMs: number): LinkProfile {
  const none = { jitterMs: 0, correlation: 0, loss: 0, duplicate: 0, reorder: 0 };
  return { from, to, delayMs, ...none, distribution: 'uniform', rateBitsPerSecond: 0 };
}

function member(name: string, kind: 'peer' | 'client', region: string, adversary?: string): Member {
  const base = { name, group: name.split('-')[0] ?? name, kind, region, active: false };
  return adversary === undefined ? base : { ...base, adversary };
}

export function testnet(changes: Partial<Testnet> = {}): Testnet {
  return {
    name: 'small',
    file: 'small.yaml',
    source: '',
    seed: 1,
    durationMs: 300,
    protocol: DEFAULT_PARAMETERS,
    regions: ['a', 'b'],
    links: [link('a', 'a', 1), link('a', 'b', 20), link('b', 'a', 20), link('b', 'b', 1)],
    members: [
      member('honest-1', 'peer', 'a'),
      member('honest-2', 'peer', 'b'),
      member('liars-1', 'peer', 'a', 'liars'),
      member('client-1', 'client', 'b'),
    ],
    load: {
      transactionsPerSecond: 4,
      tokensPerTransaction: { 1: 1 },
      transferShare: 0,
      destroyShare: 0,
      highValueShare: 0,
      popularityZipf: 0,
      queryRatePerSecond: 1,
      askPeers: 1,
    },
    attacks: [],
    faults: [],
    expect: [],
    allow: { shapingOff: false, lowFidelity: true },
    ...changes,
  };
}

/** One member: dials, says hello, answers; remembers what it was told. */
class FakeMember {
  readonly seat: Seat;
  readonly heard: LabMessage[] = [];
  pid: number;
  private socket: WebSocket | null = null;
  private stopped = false;
  private readonly network: FakeNetwork;

  constructor(seat: Seat, pid: number, network: FakeNetwork) {
    this.seat = seat;
    this.pid = pid;
    this.network = network;
    this.dial();
  }

  stop(): void {
    this.stopped = true;
    this.socket?.terminate();
  }

  private dial(): void {
    if (this.stopped || this.network.silent.has(this.seat.name)) return;
    const { url, token } = this.seat.control;
    const headers = { authorization: `Bearer ${token}` };
    const socket = new WebSocket(`${url}?member=${this.seat.name}`, { headers });
    this.socket = socket;
    socket.on('error', () => socket.terminate());
    socket.on('close', () => setTimeout(() => this.dial(), 20));
    socket.on('open', () => {
      const { name, bind: endpoint } = this.seat;
      const founded = this.heard.some((message) => message.method === 'genesis');
      const about = { version: 'test', record: `record ${name}`, address: `address ${name}` };
      this.send({ type: 'hello', name, pid: this.pid, endpoint, founded, ...about });
      if (founded) this.meshed();
    });
    socket.on('message', (data) => {
      if (Buffer.isBuffer(data)) this.answer(JSON.parse(data.toString('utf8')));
    });
  }

  private answer(message: LabMessage): void {
    this.heard.push(message);
    if (message.method === 'genesis') this.meshed();
    const { id } = message;
    if (message.method !== 'probe') this.send({ type: 'reply', id, result: null });
    else {
      const result = this.network.probe(message.count);
      void this.network.probing.then(() => this.send({ type: 'reply', id, result }));
    }
  }

  private meshed(): void {
    const counts = { connected: 1, wanted: 1, members: 3, banned: 0, epoch: 0, height: 0 };
    this.send({
      type: 'health',
      health: { meshed: true, ...counts, tokens: 0, pending: 0, frozen: 0 },
    });
  }

  private send(message: object): void {
    this.socket?.send(JSON.stringify(message));
  }
}

export class FakeNetwork {
  readonly members = new Map<string, FakeMember>();
  readonly states = new Map<string, MemberState>();
  readonly calls: string[] = [];
  readonly rows: { table: string; row: Readonly<Record<string, unknown>> }[] = [];
  /** Members that start and never dial. */
  readonly silent = new Set<string>();
  measuredRttMs = 2;
  /** Probes are answered once this resolves. */
  probing: Promise<void> = Promise.resolve();
  removed: readonly CreatedObject[] | null = null;
  private nextPid = 1000;

  probe(count: number): object {
    return {
      sent: count,
      received: count,
      rttMs: Array.from({ length: count }, () => this.measuredRttMs),
    };
  }

  orders(name: string): string[] {
    return this.members.get(name)?.heard.map((message) => message.method) ?? [];
  }

  parts(of: Testnet, result: Partial<RunResult> = {}): Parts {
    const figures = { submitted: 0, finalityP50Ms: null, statements: 0, evidence: 0 };
    return {
      loadTestnet: () => of,
      makeDriver: (_name, context) => this.driver((object) => context.journal(object)),
      openStore: () => Promise.resolve(this.store()),
      makeTelemetry: () => ({ handle: (_q, r) => void r.end(), flush: () => Promise.resolve() }),
      classesFor,
      score: (_store, facts) => Promise.resolve({ ...blankResult(facts.shapingOk), ...result }),
      liveFigures: () => Promise.resolve({ ...figures, committed: 0, banned: 0, slashed: 0 }),
      writeReport: () => Promise.resolve(),
    };
  }

  private store(): Awaited<ReturnType<Parts['openStore']>> {
    return {
      migrate: () => Promise.resolve(),
      insertLines: () => Promise.resolve(),
      insert: (table, rows) => {
        this.rows.push(...rows.map((row) => ({ table, row })));
        return Promise.resolve();
      },
      query: () => Promise.resolve([]),
      readOnly: () => Promise.resolve([]),
      close: () => Promise.resolve(),
    };
  }

  private halt(name: string, state: MemberState): Promise<void> {
    this.members.get(name)?.stop();
    this.states.set(name, state);
    return Promise.resolve();
  }

  private begin(seat: Seat): Promise<void> {
    this.nextPid += 1;
    this.states.set(seat.name, 'running');
    this.members.set(seat.name, new FakeMember(seat, this.nextPid, this));
    return Promise.resolve();
  }

  private driver(journal: (object: CreatedObject) => void): Driver {
    const note = (what: string, name: string): void => void this.calls.push(`${what} ${name}`);
    return {
      name: 'process',
      shaping: 'userspace',
      prepare: () =>
        Promise.resolve({
          subnets: { a: '127.1.0.0/16', b: '127.2.0.0/16' },
          labHost: '127.0.0.1',
          endpoint: (region, index) => ({
            ip: `127.${region === 'a' ? 1 : 2}.0.${index + 1}`,
            port: 4000,
          }),
        }),
      launch: ({ seat }) => {
        journal({ type: 'container', name: seat.name });
        note('launch', seat.name);
        return this.begin(seat);
      },
      stop: (name) => (note('stop', name), this.halt(name, 'exited')),
      start: (name) => {
        note('start', name);
        const seat = this.members.get(name)?.seat;
        return seat === undefined ? Promise.reject(new Error('no such member')) : this.begin(seat);
      },
      kill: (name) => (note('kill', name), this.halt(name, 'exited')),
      pause: (name) => (
        note('pause', name), void this.states.set(name, 'paused'), Promise.resolve()
      ),
      resume: (name) => (
        note('resume', name), void this.states.set(name, 'running'), Promise.resolve()
      ),
      states: () => Promise.resolve(new Map(this.states)),
      shape: () => Promise.resolve(),
      logs: (name) => Promise.resolve(`last words of ${name}`),
      memory: () => Promise.resolve(null),
      remove: (objects) => {
        this.removed = objects;
        for (const one of this.members.values()) one.stop();
        return Promise.resolve(objects.map((o) => ('name' in o ? o.name : o.type)));
      },
    };
  }
}

function blankResult(shapingOk: boolean): RunResult {
  const none = { n: 0, p50: null, p90: null, p99: null, max: null };
  return {
    run: 'r',
    testnet: 'small',
    driver: 'process',
    shaping: 'userspace',
    shapingOk,
    fidelity: { ok: true, reasons: [] },
    seed: 1,
    honestControl: false,
    version: '0',
    traceHash: null,
    cryptography: 'real',
    timeScale: 1,
    commitRule: 'quorum',
    conflictRule: 'chain',
    durationMs: 1,
    wallMs: 1,
    peers: { honest: 2, adversarial: 1, clients: 1, newcomers: 0 },
    transactions: { submitted: 0, committed: 0, timedOut: 0, conflicting: 0, safetyViolations: 0 },
    finality: {
      unit: 'ms',
      ...none,
      atFirst: none,
      atAll: none,
      unreached: { tooFewHonestKeepers: 0, notInTime: 0 },
    },
    messages: {
      perCommit: null,
      datagramsPerCommit: null,
      perPeerPerCommit: null,
      bytesPerPeerPerSecond: null,
      byType: {},
    },
    views: { n: 0, meanOverlap: null, p10: null },
    links: [],
    attacks: [],
    detection: {
      unit: 'identity',
      observerQueriesPerSecond: null,
      offenders: 0,
      truePositives: 0,
      falsePositives: 0,
      falseNegatives: 0,
      rate: null,
      rateInterval: null,
      falseSlashes: 0,
      byLayer: null,
    },
    expectations: [],
    reportPath: null,
    telemetry: { rows: 0, dropped: 0 },
  };
}

export function newRun(mode: 'up' | 'run'): { plan: RunPlan; runDirectory: string } {
  const runDirectory = mkdtempSync(path.join(os.tmpdir(), 'lab-supervisor-'));
  const plan: RunPlan = {
    run: 'r',
    manifest: 'testnet.yaml',
    driver: 'process',
    driverReason: 'asked for',
    seed: 1,
    honest: false,
    mode,
    version: '0',
  };
  writeFileSync(path.join(runDirectory, 'plan.json'), JSON.stringify(plan));
  return { plan, runDirectory };
}
