/** `lab tui --plain`: what happens as lines, for pipes, CI and screen readers. */
import type { FeedEntry, LiveModel, LiveRun } from '../live/model.ts';
import { duration, grouped } from '../terminal/style.ts';
import { chosenEntries } from './feed.ts';
import { plain } from './text.ts';
import { clock, originMs, PHASE_WORDS } from './words.ts';

/** A line of figures this often. */
const FIGURES_MS = 5000;

/** Lines from the models of one run, each event once. */
export class PlainLines {
  readonly #seen = new Set<string>();
  #figuresAtMs = -Infinity;
  #phase: string | null = null;

  /** What is new in this model. Commits and statements are in the figures alone. */
  next(model: LiveModel): string[] {
    const { status, atMs } = model;
    const lines: string[] = [];
    const at = clock(atMs - originMs(model), true).padStart(8);
    if (status.phase !== this.#phase) {
      this.#phase = status.phase;
      lines.push(`${at}  ${PHASE_WORDS[status.phase]}: ${status.run}, driver ${status.driver}`);
    }
    const { feed } = model;
    for (const entry of chosenEntries(feed, { filter: 'notable', text: '' })) {
      if (!this.#seen.has(entry.key)) lines.push(entryText(entry, originMs(model)));
      this.#seen.add(entry.key);
    }
    // The feed is bounded; what has left it comes never again.
    if (this.#seen.size > 2 * feed.length + 1000) {
      const kept = new Set(feed.map(({ key }) => key));
      for (const key of this.#seen) if (!kept.has(key)) this.#seen.delete(key);
    }
    if (status.phase === 'running' && atMs - this.#figuresAtMs >= FIGURES_MS) {
      this.#figuresAtMs = atMs;
      lines.push(`${at}  ${figuresText(model)}`);
    }
    return lines;
  }
}

function entryText({ atMs, kind, peer, text }: FeedEntry, origin: number): string {
  const who = peer === null ? '' : `${plain(peer)}: `;
  return `${clock(atMs - origin, true).padStart(8)}  ${kind}: ${who}${shortened(plain(text))}`;
}

/** What adversaries say of themselves can be as long as a plan. */
const MAX_TEXT = 200;

function shortened(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
}

function figuresText({ figures }: LiveModel): string {
  if (figures === null) return 'no figures yet';
  const { committed, submitted, finalityP50Ms, evidence, banned, slashed } = figures;
  const half = finalityP50Ms === null ? '' : `, half within ${duration(finalityP50Ms)}`;
  return `${grouped(committed)} of ${grouped(submitted)} committed${half}; ${evidence} evidence, ${banned} banned, ${slashed} slashed`;
}

/** Writes lines until the run ends or `stop` is aborted. The run itself is left alone. */
export async function follow(
  live: LiveRun,
  write: (line: string) => void,
  stop: AbortSignal,
): Promise<void> {
  const over = Promise.withResolvers<void>();
  const lines = new PlainLines();
  const unsubscribe = live.subscribe((model) => {
    for (const line of lines.next(model)) write(line);
    if (model.status.phase === 'ended' || model.status.phase === 'failed') {
      if (model.notice !== null) write(plain(model.notice));
      over.resolve();
    }
  });
  stop.addEventListener('abort', () => over.resolve(), { once: true });
  await over.promise;
  unsubscribe();
  live.close();
}
