/** What a person sees while a campaign goes on: a line per run, and on a terminal what is under way. */
import type { Screen } from '../terminal/progress.ts';
import { duration, grouped, harmless, paint } from '../terminal/style.ts';
import type { CampaignRun, Outcome } from './rows.ts';

const REDRAW_MS = 1000;

export interface CampaignProgressOptions {
  readonly screen: Screen;
  readonly quiet: boolean;
  /** Runs of this campaign, and how many of them were made before. */
  readonly asked: number;
  readonly before: number;
  readonly jobs: number;
  /** What a run is called: `k 8, seed 3`. */
  labelOf(this: void, run: CampaignRun): string;
}

export class CampaignProgress {
  readonly #options: CampaignProgressOptions;
  readonly #live: boolean;
  readonly #under = new Map<string, { readonly label: string; readonly sinceMs: number }>();
  readonly #startedMs = performance.now();
  readonly #timer: NodeJS.Timeout | null;
  #ended = 0;
  #broke = 0;
  #drawnLines = 0;

  constructor(options: CampaignProgressOptions) {
    this.#options = options;
    this.#live = !options.quiet && options.screen.isTTY === true && process.env['TERM'] !== 'dumb';
    this.#timer = this.#live ? setInterval(() => this.#draw(), REDRAW_MS).unref() : null;
  }

  started(run: CampaignRun): void {
    const label = this.#options.labelOf(run);
    this.#under.set(run.id, { label, sinceMs: performance.now() });
    this.#draw();
  }

  ended(run: CampaignRun, outcome: Outcome): void {
    const { quiet, screen, labelOf, asked, before } = this.#options;
    const took = performance.now() - (this.#under.get(run.id)?.sinceMs ?? performance.now());
    this.#under.delete(run.id);
    this.#ended += 1;
    if (outcome.state === 'broke') this.#broke += 1;
    if (quiet) return;
    this.#erase();
    const width = String(asked).length;
    const at = `[${String(before + this.#ended).padStart(width)} of ${asked}]`;
    const text = `${at} ${labelOf(run)}: ${storyOf(outcome)}, ${duration(took)}`;
    const left = this.#live ? '' : this.#leftText();
    const shown = harmless(`${text}${left}`);
    screen.write(`${outcome.state === 'broke' ? paint('red', shown, screen) : shown}\n`);
    this.#draw();
  }

  /** Leaves the screen as it should stay. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#erase();
  }

  /** From the runs of this command alone: earlier ones may have been made by a busier machine. */
  #leftText(): string {
    const { asked, before } = this.#options;
    const left = asked - before - this.#ended;
    if (left <= 0 || this.#ended === 0) return '';
    const each = (performance.now() - this.#startedMs) / this.#ended;
    return `; about ${duration(Math.max(1000, left * each))} left`;
  }

  #draw(): void {
    if (!this.#live) return;
    this.#erase();
    const { screen, asked, before } = this.#options;
    const broke = this.#broke === 0 ? '' : `, ${this.#broke} broke`;
    const done = `${grouped(before + this.#ended)} of ${grouped(asked)} runs${broke}`;
    const now = performance.now();
    const lines = [
      `› ${done}${this.#leftText()}`,
      ...[...this.#under.values()].map(
        ({ label, sinceMs }) => `    ${label}, since ${duration(now - sinceMs)}`,
      ),
    ];
    const width = Math.max(20, screen.columns ?? 80) - 1;
    for (const line of lines) {
      screen.write(`${paint('cyan', harmless(line).slice(0, width), screen)}\n`);
    }
    this.#drawnLines = lines.length;
  }

  #erase(): void {
    if (this.#drawnLines > 0) this.#options.screen.write(`\u001b[${this.#drawnLines}A\u001b[0J`);
    this.#drawnLines = 0;
  }
}

/** What became of a run, in a few words. */
function storyOf(outcome: Outcome): string {
  if (outcome.state === 'broke') return `broke: ${outcome.error.split('\n')[0] ?? ''}`;
  const { attacks, detection, transactions } = outcome.result;
  const judged = attacks.flatMap(({ succeeded }) => succeeded ?? []);
  const success = judged.map((succeeded) => (succeeded ? 'succeeded' : 'failed')).join(', ');
  const { truePositives, offenders, falseSlashes } = detection;
  return [
    ...(judged.length === 0 ? [] : [success]),
    ...(offenders === 0 ? [] : [`${truePositives} of ${offenders} liars detected`]),
    ...(falseSlashes === 0 ? [] : [`${falseSlashes} HONEST BANNED`]),
    ...(transactions.safetyViolations === 0 ? [] : ['SAFETY VIOLATED']),
    `${transactions.committed} of ${transactions.submitted} committed`,
  ].join(', ');
}
