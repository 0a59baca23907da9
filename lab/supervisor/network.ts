/** The network of one run: brought up, kept as it should be when members come back, halted. */
import type { ClientLoad } from '../../node/control.ts';
import type { Load, Member } from '../manifest/testnet.ts';
import { AttackControl } from './attacks.ts';
import { concurrently, pause } from './concurrently.ts';
import type { Hello } from './control-server.ts';
import { FaultControl } from './faults.ts';
import { launchAll, sendGenesis, waitForHellos, waitForMesh } from './launch.ts';
import { LinkControl } from './link-control.ts';
import { MemberWatch } from './member-watch.ts';
import { Newcomers } from './newcomers.ts';
import { messageOf, warn, type RunContext } from './run-context.ts';

const MEMBERS_AT_ONCE = 8;
const REQUEST_TIMEOUT_MS = 10_000;
/** Votes under way arrive, and every client has told since how many transactions it still follows. */
export const DRAIN_MS = 3000;
/** A client gives a transaction up after 25 s; one that is linked to it may follow. */
export const MAX_DRAIN_MS = 30_000;
export const DRAIN_POLL_MS = 200;
/** How often rows are stored while the network is stopped. */
const HALT_FLUSH_MS = 100;
/** A member's own patience with the endpoint is 10 s. */
const FLUSH_TIMEOUT_MS = 15_000;

/** One client's share of the network's load. */
export function clientLoad(load: Load, clients: number, seed: string): ClientLoad {
  return { ...load, transactionsPerSecond: load.transactionsPerSecond / clients, seed };
}

export class Network {
  readonly links: LinkControl;
  readonly faults: FaultControl;
  readonly attacks: AttackControl;
  readonly newcomers: Newcomers;
  private readonly context: RunContext;
  /** From here on a member that says hello is brought to where the others are. */
  private founded = false;
  private loading = false;
  /** Members that this supervisor has heard. */
  private readonly heard = new Set<string>();
  private readonly watch: MemberWatch;
  private readonly stopping = new AbortController();

  constructor(context: RunContext) {
    this.context = context;
    this.faults = new FaultControl(context, () => this.links);
    this.links = new LinkControl(
      context,
      () => this.faults.active(),
      () => this.faults.absent(),
    );
    this.attacks = new AttackControl(context, () => this.faults.absent());
    this.newcomers = new Newcomers(context, (members) => this.tellGenesis(members));
    this.watch = new MemberWatch(context, () => this.faults.away());
  }

  /** Ends waiting; the members are not touched. */
  detach(): void {
    this.stopping.abort();
    this.faults.detach();
    this.watch.detach();
  }

  async launch(): Promise<void> {
    // What an earlier process said of itself is not true of the next one.
    for (const { name } of this.present()) this.context.control.forgetHealth(name);
    await launchAll(this.context, this.present(), this.stopping.signal);
    await waitForHellos(this.context, this.present(), this.stopping.signal);
  }

  async found(): Promise<void> {
    const { journal, testnet } = this.context;
    await this.links.apply(this.present().map((member) => member.name));
    if (journal.state.genesisAtMs === null) {
      await this.writeRoles();
      journal.write({ entry: 'genesis', atMs: Date.now() });
      await this.tellGenesis(testnet.members);
    } else {
      // Begun by an earlier supervisor: who has it already takes no notice.
      await this.tellGenesis(this.present());
    }
    this.founded = true;
    const founders = this.present().filter((member) => !this.newcomers.isOne(member));
    await waitForMesh(this.context, founders, this.stopping.signal);
  }

  /** Asks everyone for the rows it still holds; returns when they are stored, or could not be had. */
  async flush(): Promise<void> {
    const { control, journal, telemetry } = this.context;
    if (journal.state.haltedAtMs === null) {
      await concurrently(this.present(), MEMBERS_AT_ONCE, async ({ name }) => {
        if (!control.connected(name)) return;
        try {
          await control.request(name, { method: 'flush' }, FLUSH_TIMEOUT_MS);
        } catch (error) {
          warn(this.context, `the last rows of telemetry of ${name}: ${messageOf(error)}`);
        }
      });
    }
    await telemetry.flush();
  }

  /** The line to a member ended. */
  lost(name: string): void {
    this.watch.lost(name);
  }

  /** After a re-attach: the network lives, only what this supervisor must know again is done. */
  async reattach(): Promise<void> {
    const states = await this.context.driver.states();
    for (const { name } of this.present()) {
      if (states.get(name) === 'exited') {
        await this.watch.report(
          name,
          'was found ended when its supervisor came back, and is started again',
        );
      }
    }
    await launchAll(this.context, this.present(), this.stopping.signal);
    await waitForHellos(this.context, this.present(), this.stopping.signal);
    this.founded = true;
    this.loading = this.context.journal.state.loadEndedAtMs === null;
    await this.links.apply(this.present().map((member) => member.name));
    await this.faults.resume(Date.now());
    await this.newcomers.resume();
  }

  async startLoad(): Promise<void> {
    this.loading = true;
    await this.eachClient((client) => this.load(client));
  }

  async endLoad(): Promise<void> {
    this.loading = false;
    const { control } = this.context;
    await this.eachClient(async ({ name }) => {
      if (!control.connected(name)) return;
      await control.request(name, { method: 'load', load: null }, REQUEST_TIMEOUT_MS);
    });
  }

  /** After the load: every transaction comes to its end, committed or given up. */
  async drain(): Promise<void> {
    const { signal } = this.stopping;
    await pause(DRAIN_MS, signal);
    const deadlineMs = Date.now() + MAX_DRAIN_MS - DRAIN_MS;
    while (!signal.aborted && Date.now() < deadlineMs && this.underWay() > 0) {
      await pause(DRAIN_POLL_MS, signal);
    }
  }

  /** Stops every process; their state stays. */
  async halt(): Promise<void> {
    this.founded = false;
    const { driver, telemetry, testnet } = this.context;
    // Each waits until its last rows are stored; who is still there would flag the silent others.
    const hurry = setInterval(() => void telemetry.flush(), HALT_FLUSH_MS);
    try {
      await concurrently(testnet.members, MEMBERS_AT_ONCE, (member) => driver.stop(member.name));
    } finally {
      clearInterval(hurry);
    }
  }

  /** Makes the processes of a halted network a network again: links, mesh, orders. */
  async bringBack(): Promise<void> {
    await this.links.apply(this.present().map((member) => member.name));
    await this.tellGenesis(this.present());
    this.founded = true;
    await this.waitForMesh(this.welcome());
    for (const member of this.present()) {
      await this.faults.restore(member.name);
      await this.attacks.restore(member.name);
    }
  }

  /** A member dialled: at the first time, after a restart, or because the connection was lost. */
  hello(hello: Hello): void {
    const { journal } = this.context;
    const { name, pid, record, address, endpoint } = hello;
    const before = journal.state.hellos.get(name);
    if (before?.pid !== pid || before.record !== record || before.address !== address) {
      journal.write({ entry: 'hello', name, pid, record, address, endpoint });
    }
    // A process known to an earlier supervisor, heard by this one for the first time, needs nothing.
    const merelyRedialled = !this.heard.has(name) && before?.pid === pid;
    this.heard.add(name);
    if (!this.founded || merelyRedialled) return;
    this.restore(hello).catch((error: unknown) => {
      warn(this.context, `${name} came back, but ${messageOf(error)}`);
    });
  }

  /** Transactions that reachable clients still follow. */
  private underWay(): number {
    const { control } = this.context;
    const clients = this.present().filter(({ kind, name }) => {
      return kind === 'client' && control.connected(name);
    });
    return clients.reduce((sum, { name }) => sum + (control.health(name)?.pending ?? 0), 0);
  }

  /** Members that no fault keeps down. */
  private present(): readonly Member[] {
    const absent = this.faults.absent();
    return this.context.testnet.members.filter((member) => !absent.has(member.name));
  }

  /** Those that others let in again: an adversary may be banned, a newcomer still on its way in. */
  private welcome(): readonly Member[] {
    return this.present().filter((member) => this.isWelcome(member));
  }

  private isWelcome(member: Member): boolean {
    return member.adversary === undefined && !this.newcomers.isOne(member);
  }

  /** The genesis to those of `members` that may know of the network by now. */
  private tellGenesis(members: readonly Member[]): Promise<void> {
    return sendGenesis(
      this.context,
      members.filter((member) => this.newcomers.isIn(member)),
    );
  }

  /** Neighbours that faults keep away cannot be meshed with; behind a partition nobody knows how many. */
  private waitForMesh(members: readonly Member[]): Promise<void> {
    const cut = this.faults.active().some(({ kind }) => kind === 'partition');
    const missing = cut ? Infinity : this.faults.absent().size;
    return waitForMesh(this.context, members, this.stopping.signal, missing);
  }

  private async restore(hello: Hello): Promise<void> {
    const member = this.context.testnet.members.find((m) => m.name === hello.name);
    if (member === undefined) return;
    await this.links.apply([member.name]);
    if (!hello.founded) await this.tellGenesis([member]);
    await this.faults.restore(member.name);
    if (this.isWelcome(member)) await this.waitForMesh([member]);
    await this.attacks.restore(member.name);
    if (this.loading && member.kind === 'client') await this.load(member);
    await this.links.measure(new Set([member.region]));
  }

  private async load(client: Member): Promise<void> {
    const { testnet, plan, control } = this.context;
    const clients = testnet.members.filter((member) => member.kind === 'client').length;
    const load = clientLoad(testnet.load, clients, `${plan.seed}/${client.name}`);
    await control.request(client.name, { method: 'load', load }, REQUEST_TIMEOUT_MS);
  }

  private async eachClient(work: (client: Member) => Promise<void>): Promise<void> {
    const clients = this.present().filter((member) => member.kind === 'client');
    await concurrently(clients, MEMBERS_AT_ONCE, async (client) => {
      try {
        await work(client);
      } catch (error) {
        warn(this.context, `load of ${client.name}: ${messageOf(error)}`);
      }
    });
  }

  /** Who is who, for scoring only. */
  private async writeRoles(): Promise<void> {
    const { plan, testnet, store, journal } = this.context;
    const rows = testnet.members.map((member) => ({
      run: plan.run,
      member: member.name,
      group: member.group,
      kind: member.kind,
      region: member.region,
      address: journal.state.hellos.get(member.name)?.address ?? '',
      adversary: member.adversary ?? '',
      join_at_ms: member.joinAtMs ?? null,
    }));
    await store.insert('truth.roles', rows);
  }
}
