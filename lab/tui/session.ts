/**
 * One sitting at the UI: holds its state, shows it to whoever draws, and carries out what keys ask
 * for, without ever waiting in a key. Knows nothing of terminals.
 */
import type { LiveModel, LiveRun } from '../live/model.ts';
import { AtMost } from './at-most.ts';
import type { Backend } from './backend.ts';
import type { Effect } from './effect.ts';
import { isTooSmall, layoutOf, pageRowsOf, type Size } from './layout.ts';
import type { Key } from './key.ts';
import type { Look } from './look.ts';
import { pageOf } from './page.ts';
import { loadPage } from './load-page.ts';
import { perform, type Doing } from './perform.ts';
import { press } from './press.ts';
import { initialState, type Page, type UiState } from './state.ts';
import type { Subject } from './subject.ts';
import { wordsOf } from './trouble.ts';

/** What is drawn. A new object whenever anything in it is new. */
export interface Snapshot {
  readonly state: UiState;
  readonly model: LiveModel | null;
}

/** How the sitting ended: what to print once the terminal is as it was. */
export interface Farewell {
  readonly lines: readonly string[];
}

/**
 * Ten drawings a second at most, whatever happens. New models are shown less often than that: most
 * keys find the screen at rest and need not wait.
 */
const INTERVALS = { drawingMs: 100, modelMs: 250 };
/** What went well is read by then. */
const DONE_SHOWN_MS = 8000;
/** Keys kept for a run that does not answer yet: more is nobody's plan for it. */
const MAX_EARLY = 64;
/** An open page is loaded again this often. */
const RELOAD_MS = 3000;

export class Session {
  readonly #backend: Backend;
  readonly #look: Look;
  readonly #listeners = new Set<() => void>();
  readonly #ended = Promise.withResolvers<Farewell>();
  #snapshot: Snapshot;
  #live: LiveRun | null = null;
  #unsubscribe: () => void = () => undefined;
  #waiting: LiveModel | null = null;
  readonly #models: AtMost;
  readonly #drawing: AtMost;
  #asked = 0;
  /** Typed for the run that is being attached to. */
  #early: { readonly key: Key; readonly size: Size }[] = [];
  readonly #leaving = new AbortController();
  /** A run that goes on, and has not answered yet. */
  #begun: string | null = null;
  #isLoading = false;
  #doneTimer: NodeJS.Timeout | null = null;
  readonly #reload: NodeJS.Timeout;

  constructor(
    backend: Backend,
    look: Look,
    defaults: UiState['defaults'],
    intervals: typeof INTERVALS = INTERVALS,
  ) {
    this.#models = new AtMost(intervals.modelMs, () => this.#showModel());
    this.#drawing = new AtMost(intervals.drawingMs, () => {
      for (const listener of this.#listeners) listener();
    });
    this.#backend = backend;
    this.#look = look;
    this.#snapshot = { state: initialState(defaults), model: null };
    this.#reload = setInterval(() => this.#reloadPage(), RELOAD_MS);
  }

  /** Resolves when the person has left. */
  get ended(): Promise<Farewell> {
    return this.#ended.promise;
  }

  readonly snapshot = (): Snapshot => this.#snapshot;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Looks what there is to choose from. */
  refresh(): void {
    this.#do({ type: 'refresh' });
  }

  /** As if these had been chosen on the start screen. */
  begin(effect: Extract<Effect, { type: 'attach' | 'launch' }>): void {
    this.#do(effect);
  }

  /** A key, on a terminal of this size. */
  press(key: Key, size: Size): void {
    const { state, model } = this.#snapshot;
    if (this.#isEarly && !isQuit(key)) {
      if (this.#early.length < MAX_EARLY) this.#early.push({ key, size });
      return;
    }
    // What cannot be seen is not to be driven; quitting is always possible.
    if (isTooSmall(size) && key.name !== 'interrupt') return;
    const layout = layoutOf(size);
    const top = state.overlays.at(-1);
    const page =
      top?.type === 'help' || top?.type === 'page' ? pageOf(top, model, this.#look).document : null;
    const selected = top?.type === 'help' || top?.type === 'page' ? top.selected : 0;
    const step = press(state, key, {
      model,
      pageRows: pageRowsOf(state, layout),
      documentRows: page?.rows.length ?? 0,
      opens: page?.rows[selected]?.opens ?? null,
    });
    this.#change(() => step.state);
    for (const effect of step.effects) this.#do(effect);
  }

  /** Stops watching; what runs goes on. For when the terminal goes away, too. */
  close(): void {
    this.#leaving.abort();
    clearInterval(this.#reload);
    this.#models.stop();
    this.#drawing.stop();
    if (this.#doneTimer !== null) clearTimeout(this.#doneTimer);
    this.#letGo();
  }

  /** Name of the run that is watched, or is on its way to be; null: none is. */
  get run(): string | null {
    return this.#live?.run ?? this.#begun;
  }

  /** A run was chosen, and there is nothing of it yet to press keys at. */
  get #isEarly(): boolean {
    const { state, model } = this.#snapshot;
    if (state.overlays.length > 0) return false;
    return state.isAttaching || (state.screen === 'run' && model === null);
  }

  #change(change: (state: UiState) => UiState, model = this.#snapshot.model): void {
    const state = change(this.#snapshot.state);
    if (state === this.#snapshot.state && model === this.#snapshot.model) return;
    this.#snapshot = { state, model };
    this.#drawing.ask();
  }

  #do(effect: Effect): void {
    if (effect.type === 'leave') {
      this.#end(this.#farewell());
      return;
    }
    if (effect.type === 'detach') {
      this.#letGo();
      this.#change((state) => ({ ...state, screen: 'start', overlays: [], notice: null }), null);
      this.refresh();
      return;
    }
    if (effect.type === 'open') {
      void this.#open(effect.subject);
      return;
    }
    void this.#carryOut(effect);
  }

  async #carryOut(effect: Exclude<Effect, { type: 'leave' | 'detach' | 'open' }>): Promise<void> {
    const asked = ++this.#asked;
    // What was asked later has the line.
    const tell = (text: string, is: 'pending' | 'done' | 'failed') => {
      if (asked === this.#asked) {
        this.#change((state) => ({ ...state, notice: text === '' ? null : { state: is, text } }));
      }
    };
    const doing: Doing = {
      backend: this.#backend,
      live: this.#live,
      say: (text) => tell(text, 'pending'),
      change: (change) => this.#change(change),
      watch: (live) => this.#watch(live),
      launching: {
        signal: this.#leaving.signal,
        begun: (run) => {
          this.#begun = run;
        },
      },
    };
    try {
      const done = await perform(effect, doing);
      tell(done, 'done');
      this.#fade(asked);
      if (effect.type === 'remove')
        this.#end(done.split('; ').map((line, at) => (at === 0 ? line : `  ${line}`)));
    } catch (error) {
      tell(wordsOf(error), 'failed');
      this.#early = [];
      // Where nothing is watched there is something to choose from.
      if (this.#live === null && this.#snapshot.state.entries === null) {
        await perform({ type: 'refresh' }, doing).catch(() => undefined);
      }
    }
  }

  #farewell(): string[] {
    const { run } = this;
    const { state, model } = this.#snapshot;
    if (run === null) return state.isLaunching ? ['nothing was launched'] : [];
    if (model?.status.phase === 'ended') return [`${run} has ended`];
    return [
      state.isLaunching ? `${run} goes on being launched` : `${run} goes on`,
      `  npx lab tui ${run}     to come back`,
      `  npx lab down ${run}    to remove it`,
    ];
  }

  /** Takes a notice of something that went well away after a while. */
  #fade(asked: number): void {
    if (this.#doneTimer !== null) clearTimeout(this.#doneTimer);
    this.#doneTimer = setTimeout(() => {
      if (asked === this.#asked) this.#change((state) => ({ ...state, notice: null }));
    }, DONE_SHOWN_MS);
  }

  #watch(live: LiveRun): void {
    this.#letGo();
    this.#begun = null;
    this.#live = live;
    this.#change(
      ({ defaults, entries, entry, notice }) => ({
        ...initialState(defaults),
        entries,
        entry,
        notice,
        screen: 'run',
      }),
      null,
    );
    this.#unsubscribe = live.subscribe((model) => {
      this.#waiting = model;
      this.#models.ask();
    });
  }

  #showModel(): void {
    const newest = this.#waiting;
    if (newest === null) return;
    this.#change((state) => settled(state, newest), newest);
    const early = this.#early;
    this.#early = [];
    for (const { key, size } of early) this.press(key, size);
  }

  #letGo(): void {
    this.#unsubscribe();
    this.#unsubscribe = () => undefined;
    this.#live?.close();
    this.#live = null;
    this.#waiting = null;
  }

  async #open(subject: Subject): Promise<void> {
    this.#isLoading = true;
    let page: Page;
    try {
      page = { state: 'loaded', content: await loadPage(subject, this.#backend, this.#live) };
    } catch (error) {
      page = { state: 'failed', problem: wordsOf(error) };
    }
    this.#isLoading = false;
    this.#change((state) => ({
      ...state,
      overlays: state.overlays.map((overlay) => {
        if (overlay.type !== 'page' || overlay.subject.id !== subject.id) return overlay;
        // A failed second look leaves what the first one found.
        return page.state === 'failed' && overlay.page.state === 'loaded'
          ? overlay
          : { ...overlay, page };
      }),
    }));
  }

  #reloadPage(): void {
    const top = this.#snapshot.state.overlays.at(-1);
    if (top?.type !== 'page' || top.subject.kind === 'result' || this.#isLoading) return;
    void this.#open(top.subject);
  }

  #end(lines: readonly string[]): void {
    this.close();
    this.#ended.resolve({ lines });
  }
}

function isQuit(key: Key): boolean {
  return key.name === 'interrupt' || (key.name === 'character' && key.text === 'q');
}

/** The state as it fits this model: somebody is always chosen on the map. */
function settled(state: UiState, { ring }: LiveModel): UiState {
  if (state.peer !== null || ring.length === 0) return state;
  return { ...state, peer: ring[0]?.name ?? null };
}
