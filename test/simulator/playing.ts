/** Plays testnets in the test's own process and keeps what members reported. */
import { parseTestnet } from '../../lab/manifest/load.ts';
import { NO_COSTS } from '../../lab/simulator/costs.ts';
import { play, type Played } from '../../lab/simulator/play.ts';
import { Recorder } from '../../lab/simulator/recorder.ts';
import { Trace, type TraceOptions } from '../../lab/simulator/trace.ts';
import type { World } from '../../lab/simulator/world.ts';
import type { TelemetryStore } from '../../lab/telemetry/store.ts';

/** Nine members in two regions; times and rates such that a second of load shows something. */
export const SMALL = `name: small
durationMs: 3000
protocol: {k: 3, pow: {memoryKiB: 8, passes: 1, bits: 1}}
regions: [{name: east}, {name: west}]
links:
  - default: {delayMs: 1}
  - {from: east, to: west, delayMs: 10, jitterMs: 2, loss: 0.01}
peers:
  - {group: honest, count: 6, regions: even}
clients: {count: 2, regions: even, queryRatePerSecond: 3}
load: {transactionsPerSecond: 6}
`;

export interface Fields {
  readonly [column: string]: unknown;
}

/** A store that keeps lines. */
class Lines implements TelemetryStore {
  readonly tables = new Map<string, Fields[]>();

  async migrate(): Promise<void> {}
  async close(): Promise<void> {}
  async query<T extends object>(): Promise<T[]> {
    return [];
  }
  async readOnly(): Promise<[]> {
    return [];
  }
  async insert(): Promise<void> {}
  async insertLines(table: string, lines: string): Promise<void> {
    const rows = this.tables.get(table) ?? [];
    for (const line of lines.split('\n')) rows.push(JSON.parse(line));
    this.tables.set(table, rows);
  }
}

export interface PlayedTest extends Played {
  readonly world: World;
  /** Rows of one table of database lab, in the order in which they were reported. */
  rows(table: string): readonly Fields[];
  readonly announced: readonly string[];
}

export interface PlayTestOptions {
  readonly seed?: number;
  readonly telemetry?: boolean;
  readonly trace?: TraceOptions;
  /** Called between two stretches, with the world as it is. */
  look?(this: void, world: World): void;
}

export async function played(text: string, options: PlayTestOptions = {}): Promise<PlayedTest> {
  const { seed = 1, telemetry = true, trace = {}, look } = options;
  const store = new Lines();
  const recorder = new Recorder(telemetry ? store : null, 'test');
  const worlds: World[] = [];
  const announced: string[] = [];
  const ended = await play(parseTestnet(text, 'small.yaml', { seed }), {
    run: 'test',
    recorder,
    trace: new Trace(trace),
    costs: NO_COSTS,
    announce: (event) => {
      if (event.type === 'attack' || event.type === 'fault') {
        announced.push(`${event.id} ${event.state}`);
      } else if (event.type === 'phase') announced.push(event.phase);
      else if (event.type === 'note') announced.push(event.text);
    },
    opened: (world) => worlds.push(world),
    look: async () => {
      if (look !== undefined && worlds[0] !== undefined) look(worlds[0]);
    },
  });
  await recorder.flush();
  const [world] = worlds;
  if (world === undefined) throw new Error('no world was opened');
  return { ...ended, world, announced, rows: (table) => store.tables.get(`lab.${table}`) ?? [] };
}
