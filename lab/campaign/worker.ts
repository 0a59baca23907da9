/**
 * A worker of a campaign: carries out one run after the other as its parent sends them, and answers
 * each with what became of it. It ends when its parent goes.
 */
import { carryOut, interrupt, type Task } from './carry-out.ts';
import type { Outcome } from './rows.ts';

// A terminal's Ctrl-C reaches all processes of its group; the parent decides what becomes of us.
process.on('SIGINT', () => undefined);
for (const event of ['SIGTERM', 'disconnect']) {
  process.on(event, () => void interrupt().finally(() => process.exit()));
}

// Sent by the parent of this same package.
process.on('message', (task: Task) => {
  void carryOut(task)
    .catch((error: unknown): Outcome => ({ state: 'broke', error: textOf(error) }))
    .then((outcome) => process.send?.(outcome));
});

/** A bug is told with where it is; what an operator can mend is told in words. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'LabError' ? error.message : (error.stack ?? error.message);
}
