/** What the parts of one supervisor share, and the neighbouring rooms as it uses them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LinkClass } from '../../node/control.ts';
import type { Endpoint } from '../../node/host.ts';
import type { RunResult } from '../analysis/result.ts';
import type { RunFacts } from '../analysis/score.ts';
import type { AddressPlan, Driver, DriverContext, DriverName } from '../drivers/driver.ts';
import type { Cut } from '../links/classes.ts';
import type { Overrides } from '../manifest/load.ts';
import type { LinkProfile, Member, Testnet } from '../manifest/testnet.ts';
import type { JsonRow, TelemetryStore } from '../telemetry/store.ts';
import type { LiveFigures, RunEvent, RunPlan } from './api.ts';
import type { ControlServer } from './control-server.ts';
import type { RunEvents } from './events.ts';
import type { Journal } from './journal.ts';
import type { RunSecrets } from './secrets.ts';

export interface TelemetryIntake {
  handle(request: IncomingMessage, response: ServerResponse): void;
  flush(): Promise<void>;
}

/** The neighbouring rooms; main.ts gives the real ones. */
export interface Parts {
  loadTestnet(file: string, overrides: Overrides): Testnet;
  makeDriver(name: DriverName, context: DriverContext): Driver;
  openStore(directory: string): Promise<TelemetryStore>;
  makeTelemetry(
    store: TelemetryStore,
    authorise: (user: string, password: string) => boolean,
    run: string,
  ): TelemetryIntake;
  classesFor(
    region: string,
    profiles: readonly LinkProfile[],
    subnets: Readonly<Record<string, string>>,
    cuts: readonly Cut[],
  ): LinkClass[];
  score(store: TelemetryStore, facts: RunFacts): Promise<RunResult>;
  liveFigures(store: TelemetryStore, run: string, k: number): Promise<LiveFigures>;
  writeReport(
    path: string,
    about: {
      readonly result: RunResult;
      readonly testnet: Testnet;
      readonly store: TelemetryStore;
      readonly events: readonly RunEvent[];
    },
  ): Promise<void>;
}

/** One run while its supervisor lives. */
export interface RunContext {
  readonly plan: RunPlan;
  readonly runDirectory: string;
  readonly testnet: Testnet;
  readonly parts: Parts;
  readonly journal: Journal;
  readonly events: RunEvents;
  readonly secrets: RunSecrets;
  readonly driver: Driver;
  readonly addresses: AddressPlan;
  readonly control: ControlServer;
  readonly store: TelemetryStore;
  readonly telemetry: TelemetryIntake;
  readonly port: number;
  /** The data endpoint of each member, by name. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  log(line: string): void;
}

/** The data endpoint of every member: counted up within its region, in the order of the manifest. */
export function assignEndpoints(
  members: readonly Member[],
  addresses: Pick<AddressPlan, 'endpoint'>,
): ReadonlyMap<string, Endpoint> {
  const used = new Map<string, number>();
  return new Map(
    members.map((member) => {
      const index = used.get(member.region) ?? 0;
      used.set(member.region, index + 1);
      return [member.name, addresses.endpoint(member.region, index)];
    }),
  );
}

/** Wall time as the store takes it, `YYYY-MM-DD hh:mm:ss.ffffff` in UTC. */
export function storeTime(atMs: number): string {
  return `${new Date(atMs).toISOString().replace('T', ' ').replace('Z', '')}000`;
}

/** Adds a row to one of the lab's own tables; a failure is said, and stops nothing. */
export async function addRow(context: RunContext, table: string, row: JsonRow): Promise<void> {
  const complete = { run: context.plan.run, ts: storeTime(Date.now()), ...row };
  try {
    await context.store.insert(`lab.${table}`, [complete]);
  } catch (error) {
    warn(context, `a row of table ${table} was lost: ${messageOf(error)}`);
  }
}

export function warn(context: Pick<RunContext, 'events' | 'log'>, text: string): void {
  context.log(`warning: ${text}`);
  context.events.emit({ type: 'note', level: 'warning', text });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'something was thrown that is no error';
}
