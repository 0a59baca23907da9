/** Follows a run from its supervisor's events to the end, through Ctrl-C and a dying supervisor. */
import { EXIT, LabError } from '../errors.ts';
import type { RunEvent, RunPhase } from '../supervisor/api.ts';
import { openRun, startRun, waitForExit } from '../supervisor/client.ts';
import type { RunClient } from '../supervisor/client.ts';
import { RunEvents } from '../supervisor/events.ts';
import { readJournal } from '../supervisor/journal.ts';
import { remark } from '../terminal/output.ts';
import { Progress } from '../terminal/progress.ts';
import type { PreparedRun } from './launch.ts';
import { removeRun } from './remove-run.ts';

/** A supervisor that dies more often than this in one run is broken, not unlucky. */
const MAX_REOPENINGS = 3;
/** After its last event a supervisor only closes its sockets. */
const FAREWELL_WAIT_MS = 5000;

export type Ended = Extract<RunEvent, { type: 'ended' }>;

export interface FollowOptions {
  readonly quiet: boolean;
  /** Stop following, leaving the run alone, as soon as it enters this phase. */
  readonly until?: RunPhase;
}

/** Starts a prepared run. Its end, or null when `until` was reached. Exits 130 by itself after a Ctrl-C. */
export async function follow(run: PreparedRun, options: FollowOptions): Promise<Ended | null> {
  const progress = new Progress(process.stderr, options.quiet);
  // From before anything lives: whoever interrupts finds nothing left.
  const interrupt = listenForInterrupt(run, progress);
  try {
    const ended = await followEvents(await startRun(run.run), options, progress);
    await interrupt.removal();
    if (ended !== null) await waitForExit(run.directory, FAREWELL_WAIT_MS);
    return ended;
  } catch (error) {
    await interrupt.removal();
    throw error;
  } finally {
    progress.stop();
    interrupt.stop();
  }
}

async function followEvents(
  first: RunClient,
  options: FollowOptions,
  progress: Progress,
): Promise<Ended | null> {
  let client = first;
  let next = 0;
  for (let reopenings = 0; ; reopenings++) {
    try {
      for await (const event of client.events(next)) {
        next = event.n + 1;
        progress.event(event);
        if (event.type === 'ended') return event;
        if (event.type === 'phase' && event.phase === options.until) return null;
      }
    } catch (error) {
      if (reopenings >= MAX_REOPENINGS) throw error;
    }
    const end = endOf(client.directory);
    if (end !== null) return end;
    if (reopenings >= MAX_REOPENINGS) break;
    try {
      client = await openRun(client.run);
    } catch (error) {
      const since = endOf(client.directory);
      if (since !== null) return since;
      throw error;
    }
  }
  throw new LabError(`the supervisor of ${first.run} died ${MAX_REOPENINGS + 1} times`, {
    exitCode: EXIT.broke,
    remedy: `npx lab logs ${first.run} shows why; npx lab down ${first.run} removes what is left`,
  });
}

/** Of a run taken down from another terminal after its supervisor had died, or while nobody looked. */
function endOf(directory: string): Ended | null {
  if (readJournal(directory).exitCode === null) return null;
  const last = new RunEvents(directory).all().at(-1);
  return last?.type === 'ended' ? last : null;
}

function listenForInterrupt(run: PreparedRun, progress: Progress) {
  let removal: Promise<never> | null = null;
  const remove = async (): Promise<never> => {
    try {
      await removeRun(run);
      remark('interrupted; everything was removed');
    } catch (error) {
      remark(`could not remove: ${error instanceof Error ? error.message : String(error)}`);
      remark(`type: npx lab down ${run.run}`);
    }
    process.exit(EXIT.interrupted);
  };
  const onSignal = () => {
    progress.stop();
    if (removal === null) {
      remark('\ninterrupted: removing everything (Ctrl-C again gives up)');
      removal = remove();
      return;
    }
    remark(`\ngiven up; to remove what is left, type: npx lab down ${run.run}`);
    process.exit(EXIT.interrupted);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // The terminal went away: as an interrupt, but no second one while what it began goes on.
  const onHangup = () => {
    if (removal === null) onSignal();
  };
  process.on('SIGHUP', onHangup);
  return {
    /** After an interrupt never: the process exits when all is removed. */
    removal: async () => {
      if (removal !== null) await removal;
    },
    stop: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      process.off('SIGHUP', onHangup);
    },
  };
}
