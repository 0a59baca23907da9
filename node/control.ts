/**
 * The control network: every peer and client dials the lab's WebSocket (`LAB_CONTROL`, with its own
 * token) and keeps redialling, so that a restarted supervisor finds the network as it was, and a
 * volunteer behind NAT needs no open port. JSON, one object per message. This is the operator's
 * channel; no protocol message ever takes it.
 */
import type { Endpoint } from './host.ts';
import type { Phase } from './ledger/standing.ts';
import type { ProtocolParameters } from './parameters.ts';

/** What the process is told when it is started, as JSON in the environment variable `PEER_SEAT`. */
export interface Seat {
  readonly run: string;
  /** The lab's name of this peer or client, `honest-03`; says where it is, never how it behaves. */
  readonly name: string;
  readonly kind: 'peer' | 'client';
  readonly region: string;
  /** Network id, 32 bytes hex: in every key, address and signature. */
  readonly network: string;
  readonly parameters: ProtocolParameters;
  /** How many peers the network is said to have: with adaptive difficulty it sets a newcomer's work. */
  readonly members?: number;
  /** Where the data socket binds; the probe socket takes the next port. */
  readonly bind: Endpoint;
  /** Directory for the state, kept over restarts. */
  readonly stateDirectory: string;
  /** ws:// address of the lab, and the token that opens it to this peer alone. */
  readonly control: { readonly url: string; readonly token: string };
  /** ClickHouse HTTP endpoint that takes this peer's rows. */
  readonly telemetry: {
    readonly url: string;
    readonly user: string;
    readonly password: string;
  };
  /** 32 bytes hex shared by the run's processes: strangers cannot use its probes as a reflector. */
  readonly probeKey: string;
}

/** A founding member as everyone is told about it. */
export interface GenesisMember {
  /** Encoded identity record, hex. */
  readonly record: string;
  readonly endpoint: Endpoint;
}

/** What happens to datagrams in one direction between two regions, in netem's terms. */
export interface LinkShape {
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly distribution: 'uniform' | 'normal' | 'pareto';
  /** Correlation of successive delays, 0–1. */
  readonly correlation: number;
  /** Independent loss probability, 0–1. */
  readonly loss: number;
  /** Gilbert–Elliott burst loss: P(good→bad), P(bad→good), loss in bad, loss in good. */
  readonly burst?: {
    readonly enter: number;
    readonly leave: number;
    readonly lossBad: number;
    readonly lossGood: number;
  };
  readonly duplicate: number;
  readonly reorder: number;
  /** Bits per second; 0 is unlimited. */
  readonly rateBitsPerSecond: number;
}

/** Nothing asked: datagrams pass as they are. */
export const UNSHAPED: LinkShape = {
  delayMs: 0,
  jitterMs: 0,
  distribution: 'normal',
  correlation: 0,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  rateBitsPerSecond: 0,
};

/** The shape of datagrams that leave for `subnet`. */
export interface LinkClass extends LinkShape {
  /** Destination region, for people. */
  readonly region: string;
  /** CIDR of that region's addresses. */
  readonly subnet: string;
  /** True while a partition cuts this direction. */
  readonly cut: boolean;
}

/** What one client asks of the network, open loop. */
export interface ClientLoad {
  readonly transactionsPerSecond: number;
  readonly queryRatePerSecond: number;
  /** Probability of each number of tokens per transaction, 1–6. */
  readonly tokensPerTransaction: Readonly<Record<string, number>>;
  /** Share of transactions that move an existing token; of the rest most create. */
  readonly transferShare: number;
  readonly destroyShare: number;
  readonly highValueShare: number;
  /** Zipf exponent of token popularity; 0 is uniform. */
  readonly popularityZipf: number;
  /** How many neighbours each question goes to. */
  readonly askPeers: number;
  /** Seed of this client's own random stream. */
  readonly seed: string;
}

/** Probe `count` times from here to `target`'s probe socket, after a few that warm up and don't count. */
export interface ProbeRequest {
  readonly target: Endpoint;
  readonly count: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

export interface ProbeResult {
  readonly sent: number;
  readonly received: number;
  /** Round trips in ms, in order of return. */
  readonly rttMs: readonly number[];
}

/** How a peer stands; `meshed` is the health that launch waits for. */
export interface Health {
  /** Holds live tickets from and for all of its reachable nearest members (a client: from enough). */
  readonly meshed: boolean;
  readonly connected: number;
  readonly wanted: number;
  readonly members: number;
  readonly banned: number;
  /** Of its membership (PROTOCOL.md 5); a client has none. */
  readonly phase?: Phase | undefined;
  readonly epoch: number;
  readonly height: number;
  readonly tokens: number;
  readonly pending: number;
  /** Tokens kept here that two signed rivals have frozen. */
  readonly frozen: number;
  /** While it learns what its neighbourhood holds: tokens held, and their share of what it should. */
  readonly synchronisation?: { readonly tokens: number; readonly density: number } | undefined;
}

/** Lab → peer. Each has an `id` that the reply carries. */
export type ControlRequest =
  | { readonly method: 'genesis'; readonly members: readonly GenesisMember[] }
  | { readonly method: 'links'; readonly classes: readonly LinkClass[] }
  | ({ readonly method: 'probe' } & ProbeRequest)
  /** Its own clock from now on: ms ahead of true time, and millionths by which it runs fast. */
  | { readonly method: 'clock'; readonly skewMs: number; readonly driftPpm: number }
  | { readonly method: 'load'; readonly load: ClientLoad | null }
  | { readonly method: 'attack'; readonly attack: AttackOrder }
  | { readonly method: 'conspire'; readonly from: string; readonly message: unknown }
  /** Hand over all rows of telemetry reported so far; answered when they are acknowledged. */
  | { readonly method: 'flush' }
  /** Finish what is under way, flush telemetry, exit 0. */
  | { readonly method: 'stop' };

/** What the lab tells an adversary's process. Honest images answer `no such method`. */
export interface AttackOrder {
  readonly id: string;
  readonly name: string;
  readonly action: 'start' | 'stop' | 'pause' | 'resume' | 'set';
  readonly knobs: Readonly<Record<string, number | string | boolean>>;
  /** Addresses of all adversaries of this attack, sorted: common knowledge. */
  readonly members: readonly string[];
}

export type LabMessage = { readonly id: number } & ControlRequest;

/** Peer → lab. */
export type PeerMessage =
  | {
      readonly type: 'hello';
      readonly name: string;
      readonly pid: number;
      readonly version: string;
      /** A peer's encoded identity record (hex), a client's ephemeral public key. */
      readonly record: string;
      readonly address: string;
      readonly endpoint: Endpoint;
      /** Whether it already has a genesis from its state, as after a restart. */
      readonly founded: boolean;
    }
  /** Instead of the hello while it searches for its identity: Argon2 evaluations done and expected. */
  | { readonly type: 'minting'; readonly attempts: number; readonly expected: number }
  | { readonly type: 'health'; readonly health: Health }
  | {
      readonly type: 'reply';
      readonly id: number;
      readonly result?: unknown;
      readonly error?: string;
    }
  /** To the other adversaries of the same attack; the lab only passes it on. */
  | { readonly type: 'conspire'; readonly message: unknown };
