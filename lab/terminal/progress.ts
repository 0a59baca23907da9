/** What a person sees while a run goes on: a few calm lines on a terminal, one per phase elsewhere. */
import type { LiveFigures, RunEvent, RunPhase } from '../supervisor/api.ts';
import { duration, grouped, harmless, paint } from './style.ts';

/** The part of a terminal stream that is used. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const PHASE_TEXT: Readonly<Record<RunPhase, string>> = {
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
  private count = '';
  private figures: LiveFigures | null = null;
  private lastMs = 0;
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
    this.count = '';
    this.phase = phase;
    const name = PHASE_TEXT[phase];
    const detail = text === '' || text === phase || text === name ? '' : `: ${text}`;
    this.line(`· ${name}${detail}`, 'info');
  }

  private line(text: string, level: 'info' | 'warning'): void {
    if (this.quiet && level === 'info') return;
    this.erase();
    const shown = harmless(text);
    const time = `${(this.lastMs / 1000).toFixed(1).padStart(6)} s `;
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
    const lines = liveLines(this.phase, this.count, this.figures);
    const width = Math.max(20, this.screen.columns ?? 80) - 1;
    for (const line of lines) this.screen.write(`${line.slice(0, width)}\n`);
    this.drawnLines = lines.length;
  }
}

/** The lines that are redrawn in place. */
export function liveLines(phase: RunPhase, count: string, figures: LiveFigures | null): string[] {
  const lines = [`         ${PHASE_TEXT[phase]}${count === '' ? '' : `, ${count}`}`];
  if (figures === null) return lines;
  const { committed, submitted, finalityP50Ms, statements, evidence, banned, slashed } = figures;
  lines.push(
    `         ${grouped(committed)} of ${grouped(submitted)} committed, half within ${duration(finalityP50Ms)}`,
    `         ${grouped(statements)} statements, ${evidence} evidence, ${banned} banned, ${slashed} slashed`,
  );
  return lines;
}
