/**
 * A place where peers run as real processes with real sockets. Everything above (supervisor,
 * telemetry, analysis) works on this interface and does not know which one it holds.
 *
 * What a driver creates carries the labels of CONTRACT.md where the place has labels, and is
 * announced to `journal` BEFORE it is created, so that `remove` finds it after any crash.
 */
import type { Endpoint } from '../../node/host.ts';
import type { LinkClass, Seat } from '../../node/control.ts';
import type { Part } from '../../node/runtime/adversarial.ts';

export type DriverName = 'docker' | 'process';

/** Something that exists, or is about to, because of this run. */
export type CreatedObject =
  | { readonly type: 'container' | 'network' | 'volume'; readonly name: string }
  /** A process is only ever signalled if pid and start time (ticks since boot) both match. */
  | { readonly type: 'process'; readonly pid: number; readonly startTicks: number }
  | { readonly type: 'directory'; readonly path: string };

export interface DriverContext {
  readonly run: string;
  readonly testnet: string;
  /** LAB_HOME/runs/RUN */
  readonly runDirectory: string;
  readonly regions: readonly string[];
  /** Whether a link of the testnet, or a fault planned in it, duplicates datagrams. */
  readonly duplicates?: boolean;
  /** Records an object before it is created. Throws if the journal cannot be written. */
  journal(object: CreatedObject): void;
  log(line: string): void;
}

/** Where the network's addresses and the lab's own endpoints are, decided before launch. */
export interface AddressPlan {
  /** One subnet per region, CIDR, disjoint. */
  readonly subnets: Readonly<Record<string, string>>;
  /** Address on which the supervisor listens so that peers reach it (never 0.0.0.0). */
  readonly labHost: string;
  /** Assigns the data endpoint of the `index`-th member of a region. */
  endpoint(region: string, index: number): Endpoint;
}

export interface LaunchSpec {
  readonly seat: Seat;
  readonly group: string;
  /** Which image: the peer's, or the adversary's (peer plus attacks/). */
  readonly image: 'peer' | 'adversary';
  /**
   * Which adversary the adversary image plays (its folder in attacks/), environment LAB_ADVERSARY,
   * and its part in it as JSON, environment LAB_ADVERSARY_PART.
   */
  readonly adversary?: { readonly name: string; readonly part: Part };
}

export type MemberState = 'running' | 'paused' | 'exited' | 'absent';

export interface Driver {
  readonly name: DriverName;
  /** Builds what is needed, creates networks, fixes the address plan. Idempotent: re-attach calls it again. */
  prepare(): Promise<AddressPlan>;
  /** Creates and starts one member. Concurrency and order are the caller's. */
  launch(spec: LaunchSpec): Promise<void>;
  /** Graceful stop that keeps the state, then `start` brings it back with the same seat. */
  stop(name: string): Promise<void>;
  start(name: string): Promise<void>;
  kill(name: string): Promise<void>;
  pause(name: string): Promise<void>;
  resume(name: string): Promise<void>;
  states(): Promise<ReadonlyMap<string, MemberState>>;
  /** Where links are shaped: by the kernel with netem, or by the member's own socket. */
  readonly shaping: 'netem' | 'userspace';
  /** Kernel shaping: installs these classes for the given members. Userspace: not called. */
  shape(classes: ReadonlyMap<string, readonly LinkClass[]>): Promise<void>;
  /** Last `lines` lines of a member's log. */
  logs(name: string, lines: number): Promise<string>;
  /** Memory of a running member. */
  memory(
    name: string,
  ): Promise<{ readonly totalBytes: number; readonly privateBytes: number } | null>;
  /** Removes everything this run made, and nothing else; safe to repeat. Returns what it removed. */
  remove(objects: readonly CreatedObject[]): Promise<readonly string[]>;
}
