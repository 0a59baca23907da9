/** Notices members that end by themselves while the network runs: nobody ordered it, so it counts. */
import { messageOf, warn, type RunContext } from './run-context.ts';
import { elapsedMs } from './timeline.ts';

/** A lost connection is dialled again within a second or so; who was ordered to restart is back too. */
const GRACE_MS = 3000;
const LOG_LINES = 3;

export class MemberWatch {
  private readonly context: RunContext;
  /** Members that a fault, or a halt, keeps away. */
  private readonly expectedAway: () => ReadonlySet<string>;
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(context: RunContext, expectedAway: () => ReadonlySet<string>) {
    this.context = context;
    this.expectedAway = expectedAway;
  }

  /** The line to a member was lost. */
  lost(name: string): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.look(name).catch((error: unknown) => {
        this.context.log(`looking for ${name}: ${messageOf(error)}`);
      });
    }, GRACE_MS);
    this.timers.add(timer);
  }

  /** What was found ended when nobody watched. */
  async report(name: string, what: string): Promise<void> {
    const { driver, journal } = this.context;
    const atMs = elapsedMs(journal.state, Date.now()) ?? 0;
    const reason = `${name} ${what}, noticed at ${(atMs / 1000).toFixed(1)} s`;
    journal.write({ entry: 'fidelity', reason });
    const log = await driver.logs(name, LOG_LINES).catch(() => '');
    warn(
      this.context,
      log.trim() === '' ? reason : `${reason}; the end of its log:\n${log.trim()}`,
    );
  }

  detach(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  private async look(name: string): Promise<void> {
    const { control, driver, journal } = this.context;
    const { loadStartedAtMs, loadEndedAtMs, haltedAtMs } = journal.state;
    if (loadStartedAtMs === null || loadEndedAtMs !== null || haltedAtMs !== null) return;
    if (control.connected(name) || this.expectedAway().has(name)) return;
    const state = (await driver.states()).get(name) ?? 'absent';
    if (state !== 'exited' && state !== 'absent') return;
    await this.report(name, 'ended by itself');
  }
}
