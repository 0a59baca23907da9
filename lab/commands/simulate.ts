/** `lab run FILE --driver sim`: the run in virtual time, within this command. */
import { rmSync } from 'node:fs';
import type { RunResult } from '../analysis/result.ts';
import { EXIT, LabError } from '../errors.ts';
import type { ProcessingCosts } from '../simulator/costs.ts';
import { simulate } from '../simulator/run.ts';
import { remark } from '../terminal/output.ts';
import { Progress } from '../terminal/progress.ts';
import type { PreparedRun } from './launch.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Why a simulation ends when somebody asks it to. */
class Interrupted extends Error {}

/**
 * Carries a prepared run out and shows how it goes. After a signal the run's folder is removed and
 * the process exits with 130; at the second one at once. Whatever else goes wrong leaves the folder.
 */
export async function simulatePrepared(
  prepared: PreparedRun,
  { quiet, costs }: { readonly quiet: boolean; readonly costs?: ProcessingCosts },
): Promise<RunResult> {
  const { plan, directory, testnet } = prepared;
  const progress = new Progress(process.stderr, quiet);
  const ending = new AbortController();
  const onSignal = (): void => {
    progress.stop();
    if (ending.signal.aborted) process.exit(EXIT.interrupted);
    remark('\ninterrupted: removing everything (Ctrl-C again gives up)');
    ending.abort(new Interrupted());
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    const { signal } = ending;
    const onEvent: Progress['event'] = (event) => progress.event(event);
    const result = await simulate(testnet, {
      plan,
      directory,
      signal,
      // Nothing that a quiet command would say comes from a simulated run.
      ...(quiet ? {} : { onEvent }),
      ...(costs === undefined ? {} : { costs }),
    });
    // While it is scored nobody looks.
    signal.throwIfAborted();
    return result;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw withRemedy(error, plan.run);
    rmSync(directory, { recursive: true, force: true });
    remark('interrupted; everything was removed');
    return process.exit(EXIT.interrupted);
  } finally {
    progress.stop();
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

/** A member's bug is told with the run in which it happens again. */
function withRemedy(error: unknown, run: string): unknown {
  if (error instanceof LabError) return error;
  return new Error(`${run}: a member broke; the same command breaks it again`, { cause: error });
}
