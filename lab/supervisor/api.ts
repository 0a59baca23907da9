/**
 * What a run's supervisor offers on its control socket: HTTP/1.1 on the unix socket
 * LAB_HOME/runs/RUN/control.sock (mode 0600), header `authorization: Bearer <token>` from
 * LAB_HOME/runs/RUN/token (mode 0600). JSON in, JSON out; errors are {error, remedy?, exitCode}.
 *
 *   GET  /status                → RunStatus
 *   GET  /events?since=N        → NDJSON stream of RunEvent until the run ends or the client leaves
 *   POST /attack  AttackRequest → {id}
 *   POST /attack/ID {action: 'stop'|'pause'|'resume'|'set', knobs?}
 *   POST /fault   Fault & {forMs?} → {id}        DELETE /fault/ID
 *   POST /links   {}            → {links: LinkMeasurement[]}   (measures anew)
 *   POST /query   {sql, parameters?} → {rows}     (`{name:Type}` in the SQL stands for parameters.name)
 *   POST /stop · POST /start    → RunStatus       (halt keeping state · bring back)
 *   GET  /logs?member=M&lines=N → text
 *   POST /result  {}            → RunResult        (score what there is so far)
 *   POST /down    {}            → {removed: string[]}  (removes everything, then the supervisor exits)
 */
import type { Health } from '../../node/control.ts';
import type { DriverName, MemberState } from '../drivers/driver.ts';

/** Names of a run's files, relative to LAB_HOME/runs/RUN. */
export const RUN_FILES = {
  journal: 'journal.ndjson',
  token: 'token',
  socket: 'control.sock',
  plan: 'plan.json',
  manifest: 'testnet.yaml',
  telemetry: 'telemetry',
  result: 'result.json',
  report: 'report.html',
  supervisorLog: 'supervisor.log',
  members: 'members',
  /** Of a paced simulated run: the testnet with all that was ordered by hand, to be run again. */
  replay: 'replay.yaml',
} as const;

/** What a supervisor is asked to carry out, written to `plan.json` before it starts. */
export interface RunPlan {
  readonly run: string;
  /** Path of the testnet file copied into the run's folder. */
  readonly manifest: string;
  /** `sim`: in virtual time within the command itself, without a supervisor, unless it is paced. */
  readonly driver: DriverName | 'sim';
  /** Why this driver, in words, when it was chosen automatically. */
  readonly driverReason: string;
  readonly seed: number;
  /** The same network without its adversaries. */
  readonly honest: boolean;
  /** `up`: launch and stay. `run`: whole timeline, score, report, remove, exit. */
  readonly mode: 'up' | 'run';
  /** Version of the package and commit, for the result. */
  readonly version: string;
  /** Of a simulated run: with real signatures and work, or ideal ones. Others are real. */
  readonly cryptography?: 'real' | 'ideal' | undefined;
  /** `PATH=VALUE`: what `--set` gave instead of values of the file. */
  readonly settings?: readonly string[] | undefined;
  /** Of a simulated run beside wall time: virtual ms per wall ms. It has a supervisor as others do. */
  readonly pace?: number | undefined;
}

export type RunPhase =
  | 'preparing'
  | 'launching'
  | 'meshing'
  | 'measuring'
  | 'running'
  | 'draining'
  | 'scoring'
  | 'stopped'
  | 'removing'
  | 'ended'
  | 'failed';

export interface MemberStatus {
  readonly name: string;
  readonly group: string;
  readonly kind: 'peer' | 'client';
  readonly region: string;
  readonly address: string | null;
  readonly endpoint: { readonly ip: string; readonly port: number };
  readonly state: MemberState;
  readonly connected: boolean;
  /** Has its time come? Null for who was there from the start. */
  readonly joined: boolean | null;
  /** As the operator's testnet file declares it: the truth, not telemetry. Null for the honest. */
  readonly adversary: string | null;
  readonly health: Health | null;
}

/** How virtual time goes beside wall time. */
export interface Pace {
  /** Virtual ms per wall ms, as asked. */
  readonly times: number;
  /** By how much virtual time is behind what was asked, in virtual ms. */
  readonly lagMs: number;
}

export interface RunStatus {
  readonly run: string;
  readonly testnet: string;
  readonly driver: RunPlan['driver'];
  readonly shaping: 'netem' | 'userspace' | 'simulated' | 'none';
  readonly phase: RunPhase;
  /** ISO time of the start. */
  readonly since: string;
  readonly supervisorPid: number;
  /** The run's own clock, ms since the epoch: virtual in a simulated run. */
  readonly nowMs: number;
  /** Of a paced simulated run; null for others. */
  readonly pace: Pace | null;
  readonly elapsedMs: number | null;
  readonly durationMs: number;
  readonly members: readonly MemberStatus[];
  readonly attacks: readonly {
    readonly id: string;
    readonly name: string;
    readonly state: string;
    /** Names of those that take part. */
    readonly members: readonly string[];
    readonly knobs: Readonly<Record<string, number | string | boolean>>;
  }[];
  readonly faults: readonly {
    readonly id: string;
    readonly kind: string;
    readonly state: string;
  }[];
}

/**
 * Progress, in order, numbered from 0; kept for the whole run so that a late client sees all of it.
 * Figures come in between with the number of the event before them, and are not kept over a restart.
 */
export type RunEvent = { readonly n: number; readonly atMs: number } & (
  | { readonly type: 'phase'; readonly phase: RunPhase; readonly text: string }
  | {
      readonly type: 'progress';
      readonly phase: RunPhase;
      readonly done: number;
      readonly of: number;
    }
  | { readonly type: 'figures'; readonly figures: LiveFigures }
  | { readonly type: 'note'; readonly level: 'info' | 'warning'; readonly text: string }
  | {
      readonly type: 'attack' | 'fault';
      readonly id: string;
      readonly name: string;
      readonly state: string;
    }
  | {
      readonly type: 'ended';
      readonly exitCode: number;
      readonly resultPath: string | null;
      readonly error?: string;
      readonly remedy?: string;
    }
);

/** What a person watches while a run goes on. */
export interface LiveFigures {
  readonly committed: number;
  readonly submitted: number;
  readonly finalityP50Ms: number | null;
  readonly statements: number;
  readonly evidence: number;
  readonly banned: number;
  readonly slashed: number;
}
