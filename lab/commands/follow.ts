/** Follows a run from its supervisor's events to the end, through Ctrl-C and a dying supervisor. */
import { EXIT, LabError } from '../errors.ts';
import type { RunEvent, RunPhase } from '../supervisor/api.ts';
import { openRun } from '../supervisor/client.ts';
import type { RunClient } from '../supervisor/client.ts';
import { remark } from '../terminal/output.ts';
import { Progress } from '../terminal/progress.ts';

/** A supervisor that dies more often than this in one run is broken, not unlucky. */
const MAX_REOPENINGS = 3;

export type Ended = Extract<RunEvent, { type: 'ended' }>;

export interface FollowOptions {
  readonly quiet: boolean;
  /** Stop following, leaving the run alone, as soon as it enters this phase. */
  readonly until?: RunPhase;
}

/** The run's end, or null when `until` was reached. Exits 130 by itself after a Ctrl-C. */
export async function follow(client: RunClient, options: FollowOptions): Promise<Ended | null> {
  const progress = new Progress(process.stderr, options.quiet);
  const stopListening = listenForInterrupt(client, progress);
  try {
    const ended = await followEvents(client, options, progress);
    if (stopListening.interrupted()) {
      progress.stop();
      remark('interrupted; everything was removed');
      process.exit(EXIT.interrupted);
    }
    return ended;
  } finally {
    progress.stop();
    stopListening.stop();
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
    if (reopenings >= MAX_REOPENINGS) break;
    client = await openRun(client.run);
  }
  throw new LabError(`the supervisor of ${first.run} died ${MAX_REOPENINGS + 1} times`, {
    exitCode: EXIT.broke,
    remedy: `npx lab logs ${first.run} shows why; npx lab down ${first.run} removes what is left`,
  });
}

function listenForInterrupt(client: RunClient, progress: Progress) {
  let interrupts = 0;
  const onSignal = () => {
    interrupts += 1;
    progress.stop();
    if (interrupts === 1) {
      remark('\ninterrupted: removing everything (Ctrl-C again gives up)');
      client.text('POST', '/down', {}).then(
        () => {
          remark('everything was removed');
          process.exit(EXIT.interrupted);
        },
        (error: unknown) => {
          remark(`could not remove: ${error instanceof Error ? error.message : String(error)}`);
          remark(`type: npx lab down ${client.run}`);
          process.exit(EXIT.interrupted);
        },
      );
      return;
    }
    remark(`\ngiven up; to remove what is left, type: npx lab down ${client.run}`);
    process.exit(EXIT.interrupted);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    interrupted: () => interrupts > 0,
    stop: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
