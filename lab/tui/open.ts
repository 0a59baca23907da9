/** `lab tui`: one sitting, from taking the terminal to giving it back. */
import { createElement as h } from 'react';
import { EXIT } from '../errors.ts';
import { remark } from '../terminal/output.ts';
import { App } from './app.ts';
import type { Backend } from './backend.ts';
import type { Effect } from './effect.ts';
import { lookOfTerminal } from './look.ts';
import { Session, type Farewell } from './session.ts';
import type { UiState } from './state.ts';
import { takeTerminal } from './terminal.ts';

export interface Sitting {
  readonly backend: Backend;
  readonly defaults: UiState['defaults'];
  /** What to begin with instead of the start screen. */
  readonly first: Extract<Effect, { type: 'attach' | 'launch' }> | null;
}

/** Resolves with the exit code when the person has left, or something ended it. */
export async function sit({ backend, defaults, first }: Sitting): Promise<number> {
  const look = lookOfTerminal(process.stdout);
  const session = new Session(backend, look, defaults);
  const ended = Promise.withResolvers<{
    readonly code: number;
    readonly lines: Farewell['lines'];
  }>();
  const goesOn = () => {
    const { run } = session;
    session.close();
    return run === null ? [] : [`${run} goes on: npx lab tui ${run}, or npx lab down ${run}`];
  };
  const taken = takeTerminal(h(App, { session, look }), {
    signal: (name) =>
      ended.resolve({ code: EXIT.interrupted, lines: [`${name}: left`, ...goesOn()] }),
    error: (error) => {
      const lines = [
        'lab tui: this is a bug in the lab; the network is not touched by it:',
        error instanceof Error ? (error.stack ?? error.message) : String(error),
        '  what to do: npx lab tui opens it again; npx lab ps shows what runs',
        ...goesOn(),
      ];
      ended.resolve({ code: EXIT.broke, lines });
    },
  });
  if (first === null) session.refresh();
  else session.begin(first);
  void session.ended.then(({ lines }) => ended.resolve({ code: EXIT.fine, lines }));
  const { code, lines } = await ended.promise;
  taken.release();
  const kept = taken.kept();
  if (kept !== '') process.stderr.write(kept.endsWith('\n') ? kept : `${kept}\n`);
  for (const line of lines) remark(line);
  return code;
}
