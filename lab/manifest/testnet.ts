/**
 * A testnet definition after validation, with every default filled in and every group expanded into
 * names: what the supervisor, the drivers and the analysis work from. `load.ts` makes one from YAML.
 */
import type { LinkShape } from '../../node/control.ts';
import type { ProtocolParameters } from '../../node/parameters.ts';

export interface Testnet {
  readonly name: string;
  /** The file it came from, and its text, kept with the run. */
  readonly file: string;
  readonly source: string;
  /** What `--set` gave instead of values of the file: `PATH=VALUE`. */
  readonly settings?: readonly string[];
  readonly seed: number;
  /** The same network without its adversaries (`lab run --honest`): all are honest, nothing attacks. */
  readonly honestControl?: true;
  readonly durationMs: number;
  readonly protocol: ProtocolParameters;
  readonly regions: readonly string[];
  /** One profile for every ordered pair of regions, the pair of a region with itself included. */
  readonly links: readonly LinkProfile[];
  readonly members: readonly Member[];
  readonly load: Load;
  readonly attacks: readonly PlannedAttack[];
  readonly faults: readonly PlannedFault[];
  /** What an operator did by hand in the run that this one repeats. */
  readonly orders?: readonly OperatorOrder[];
  readonly expect: readonly string[];
  /** Accept a run whose links were not as asked, or whose host was too busy (no exit code 5). */
  readonly allow: { readonly shapingOff: boolean; readonly lowFidelity: boolean };
}

/** One direction between two regions. */
export interface LinkProfile extends LinkShape {
  readonly from: string;
  readonly to: string;
}

/** One process of the network: `honest-01`, `liars-03`, `client-02`. */
export interface Member {
  readonly name: string;
  readonly group: string;
  readonly kind: 'peer' | 'client';
  readonly region: string;
  /** Adversary whose image it runs (its folder in attacks/); absent for the honest. Truth, not telemetry. */
  readonly adversary?: string;
  /** An adversary that acts from the start; a sleeper waits for an attack order. */
  readonly active: boolean;
  /** In the simulator alone: it comes into being when something first reaches it, and only answers. */
  readonly asleep?: true;
  /** A newcomer, which the genesis does not name: when it is told of the network, ms after the load starts. */
  readonly joinAtMs?: number;
}

export interface Load {
  /** For the whole network; each client makes its share. */
  readonly transactionsPerSecond: number;
  readonly tokensPerTransaction: Readonly<Record<string, number>>;
  readonly transferShare: number;
  readonly destroyShare: number;
  readonly highValueShare: number;
  readonly popularityZipf: number;
  /** Of each client. */
  readonly queryRatePerSecond: number;
  readonly askPeers: number;
}

export interface PlannedAttack {
  readonly name: string;
  readonly atMs: number;
  readonly forMs?: number;
  readonly knobs: Readonly<Record<string, number | string | boolean>>;
}

/** Times are ms after the load starts. Without `forMs` a fault stays until cleared. */
export type Fault =
  | {
      readonly kind: 'partition' | 'clog';
      readonly between: readonly [string, string];
      readonly direction: 'both' | 'forward';
    }
  | {
      readonly kind: 'link';
      readonly between: readonly [string, string];
      readonly change: Partial<LinkShape>;
    }
  | {
      readonly kind: 'pause' | 'kill' | 'restart' | 'restore' | 'torn';
      readonly members: readonly string[];
    }
  | { readonly kind: 'clock'; readonly members: readonly string[]; readonly skewMs: number }
  | { readonly kind: 'drift'; readonly members: readonly string[]; readonly ppm: number };

export type PlannedFault = Fault & { readonly atMs: number; readonly forMs?: number };

/**
 * What an operator orders while a run goes on, ms after the load starts. Attacks and faults are
 * called as the lab calls them: by name and number in the order of their starts (`liar-1`).
 */
export type OperatorOrder = { readonly atMs: number } & (
  | { readonly order: 'attack'; readonly name: string; readonly knobs: PlannedAttack['knobs'] }
  | {
      readonly order: 'steer';
      readonly id: string;
      readonly action: 'stop' | 'pause' | 'resume' | 'set';
      readonly knobs: PlannedAttack['knobs'];
    }
  | { readonly order: 'fault'; readonly fault: Fault; readonly forMs: number | null }
  | { readonly order: 'clear'; readonly id: string }
);
