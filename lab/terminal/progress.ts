/**
 * What a person sees while a run goes on. Elsewhere than on a terminal a line at the start of each
 * phase, and of the figures a line now and then, ever more seldom, so that no log is filled; on one the
 * present phase is drawn in place, and leaves a line when it is over.
 */
import type { LiveFigures, RunEvent, RunPhase } from '../supervisor/api.ts';
import { duration, grouped, harmless, paint } from './style.ts';

/** The part of a terminal stream that is used. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Away from a terminal: when the first figures are told, ms after the load began … */
const FIRST_FIGURES_MS = 10_000;
/** … and by how much later each time: two dozen lines a day. */
const FIGURES_GROWTH = 1.5;

/** What a run does, in words. */
export const PHASE_TEXT: Readonly<Record<RunPhase, string>> = {
  preparing: 'preparing',
  launching: 'launching peers',
  meshing: 'peers find one another',
  measuring: 'measuring links',
  running: 'running',
  draining: 'letting the last transactions finish',
  scoring: 'scoring against the truth',
  stopped: 'stopped',
  removing: 'removing everything',
  ended: 'ended',
  failed: 'failed',
};

/** Follows a run's events on a screen; `quiet` keeps only warnings. */
export class Progress {
  private readonly screen: Screen;
  private readonly quiet: boolean;
  private readonly live: boolean;
  private startedAtMs: number | null = null;
  private phase: RunPhase | null = null;
  /** The present phase in words, and when it began. */
  private name = '';
  private enteredMs = 0;
  private count = '';
  private figures: LiveFigures | null = null;
  private lastMs = 0;
  private figuresDueMs = FIRST_FIGURES_MS;
  private drawnLines = 0;

  constructor(screen: Screen, quiet: boolean) {
    this.screen = screen;
    this.quiet = quiet;
    this.live = screen.isTTY === true && process.env['TERM'] !== 'dumb';
  }

  event(event: RunEvent): void {
    this.startedAtMs ??= event.atMs;
    this.lastMs = event.atMs - this.startedAtMs;
    switch (event.type) {
      case 'phase':
        this.enter(event.phase, event.text);
        break;
      case 'progress':
        this.count = `${event.done} of ${event.of}`;
        break;
      case 'figures':
        this.figures = event.figures;
        this.tellFigures();
        break;
      case 'note':
        this.line(event.level === 'warning' ? `! ${event.text}` : `  ${event.text}`, event.level);
        break;
      case 'attack':
      case 'fault':
        this.line(`  ${event.type} ${event.name} (${event.id}): ${event.state}`, 'info');
        break;
      case 'ended':
        break;
    }
    this.draw();
  }

  /** Leaves the screen as it should stay. */
  stop(): void {
    this.erase();
  }

  private enter(phase: RunPhase, text: string): void {
    const name = PHASE_TEXT[phase] + (text === '' ? '' : `: ${text}`);
    if (!this.live) this.line(`· ${name}`, 'info');
    else if (this.phase !== null) {
      const took = duration(this.lastMs - this.enteredMs);
      const mark = phase === 'failed' ? '✗' : '✓';
      this.line(`${mark} ${this.name}, ${took}`, 'info');
    }
    this.phase = phase;
    this.name = name;
    this.enteredMs = this.lastMs;
    this.count = '';
  }

  /** Into a log; on a terminal they are drawn in place. */
  private tellFigures(): void {
    const sinceMs = this.lastMs - this.enteredMs;
    if (this.live || this.phase !== 'running' || sinceMs < this.figuresDueMs) return;
    while (this.figuresDueMs <= sinceMs) this.figuresDueMs *= FIGURES_GROWTH;
    const words = figureLines(this.figures).map((text) => text.trim());
    this.line(`  ${words.join('; ')}`, 'info');
  }

  private line(text: string, level: 'info' | 'warning'): void {
    if (this.quiet && level === 'info') return;
    this.erase();
    const shown = harmless(text);
    const time = clock(this.lastMs);
    const styled = level === 'warning' ? paint('yellow', shown, this.screen) : shown;
    this.screen.write(`${paint('dim', time, this.screen)}${styled}\n`);
  }

  private erase(): void {
    if (this.drawnLines > 0) this.screen.write(`\u001b[${this.drawnLines}A\u001b[0J`);
    this.drawnLines = 0;
  }

  private draw(): void {
    if (!this.live || this.quiet || this.phase === null || this.phase === 'ended') return;
    this.erase();
    const counted = this.count === '' ? '' : `, ${this.count}`;
    const first = `${clock(this.lastMs)}› ${this.name}${counted}`;
    const lines = [first, ...(this.phase === 'running' ? figureLines(this.figures) : [])];
    const width = Math.max(20, this.screen.columns ?? 80) - 1;
    for (const line of lines) {
      this.screen.write(`${paint('cyan', line.slice(0, width), this.screen)}\n`);
    }
    this.drawnLines = lines.length;
  }
}

function clock(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(6)} s `;
}

/** What is drawn below the running phase. */
export function figureLines(figures: LiveFigures | null): string[] {
  if (figures === null) return [];
  const { committed, submitted, finalityP50Ms, statements, evidence, banned, slashed } = figures;
  const half = finalityP50Ms === null ? '' : `, half within ${duration(finalityP50Ms)}`;
  return [
    `           ${grouped(committed)} of ${grouped(submitted)} committed${half}`,
    `           ${grouped(statements)} statements, ${evidence} evidence, ${banned} banned, ${slashed} slashed`,
  ];
}
