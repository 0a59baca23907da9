/**
 * Takes the terminal, and gives it back whatever happens: the alternate screen, the cursor and the
 * line discipline are as before after a quit, an error, SIGTERM, SIGHUP or a lost terminal. What
 * others write to standard error meanwhile is kept until then: it would tear the screen.
 */
import { render } from 'ink';
import type { ReactElement } from 'react';

/**
 * The session bounds drawings to ten a second; ink's own bound would hold each back until there was
 * no other for as long.
 */
const INK_DRAWINGS_PER_SECOND = 60;
/** Of what was written to standard error meanwhile, the end is what matters. */
const MAX_KEPT_CHARACTERS = 64 * 1024;
/** Alternate screen off, cursor on, synchronised output and bracketed paste off, colours as before. */
const RESTORE = '\u001b[?2026l\u001b[?2004l\u001b[?1049l\u001b[?25h\u001b[0m';

export interface Taken {
  /** Gives the terminal back. May be called any number of times. */
  release(this: void): void;
  /** What was written to standard error meanwhile. */
  kept(this: void): string;
}

/** What to do when it ends otherwise than by a quit. */
export interface Ends {
  /** A signal came: the terminal has been given back. */
  signal(name: NodeJS.Signals): void;
  /** Nobody caught this error: the terminal has been given back. */
  error(error: unknown): void;
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'];

/** Draws `tree` on the alternate screen until it is released. */
export function takeTerminal(tree: ReactElement, ends: Ends): Taken {
  const stderr = holdStderr();
  const app = render(tree, {
    alternateScreen: true,
    exitOnCtrlC: false,
    // Console output goes to the streams, of which standard error is held.
    patchConsole: false,
    // CI has been ruled out by who calls.
    interactive: true,
    incrementalRendering: true,
    maxFps: INK_DRAWINGS_PER_SECOND,
  });
  let isReleased = false;
  const release = () => {
    if (isReleased) return;
    isReleased = true;
    for (const signal of SIGNALS) process.off(signal, onSignal);
    process.off('uncaughtException', onError);
    process.off('unhandledRejection', onError);
    process.off('exit', release);
    try {
      app.unmount();
    } catch {
      // Whatever broke the drawing may break its end: what follows needs none of it.
    }
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
    // Ink's reading leaves it open: what is typed from now on is the shell's.
    process.stdin.destroy();
    process.stdout.write(RESTORE);
    stderr.release();
  };
  const onSignal = (signal: NodeJS.Signals) => {
    release();
    ends.signal(signal);
  };
  const onError = (error: unknown) => {
    release();
    ends.error(error);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on('uncaughtException', onError);
  process.on('unhandledRejection', onError);
  process.on('exit', release);
  // An error while drawing ends ink, which rejects this.
  app.waitUntilExit().catch(onError);
  return { release, kept: stderr.kept };
}

function holdStderr(): Taken {
  // oxlint-disable-next-line typescript/unbound-method -- put back as it was, never called
  const { write } = process.stderr;
  let kept = '';
  const hold: typeof process.stderr.write = (
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | ((error?: Error | null) => void),
    done?: (error?: Error | null) => void,
  ) => {
    kept = (kept + (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString())).slice(
      -MAX_KEPT_CHARACTERS,
    );
    const callback = typeof encoding === 'function' ? encoding : done;
    callback?.();
    return true;
  };
  process.stderr.write = hold;
  return {
    release: () => {
      if (process.stderr.write === hold) process.stderr.write = write;
    },
    kept: () => kept,
  };
}
