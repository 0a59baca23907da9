/** Everything the UI itself remembers; what the run is like is the live model's. Immutable. */
import type { LiveModel } from '../live/model.ts';
import type { RunSummary } from '../supervisor/client.ts';
import type { Effect } from './effect.ts';
import type { FeedChoice } from './feed.ts';
import type { Form } from './form.ts';
import type { LaunchDefaults } from './launch-form.ts';
import type { PeerOrder } from './peers.ts';
import type { Subject } from './subject.ts';
import type { Document } from './document.ts';

export const TABS = ['overview', 'peers', 'events', 'links', 'attacks', 'faults'] as const;
export type Tab = (typeof TABS)[number];

/** One thing the start screen offers. */
export type StartEntry =
  | { readonly type: 'living'; readonly run: string; readonly summary: StartSummary }
  | { readonly type: 'testnet'; readonly file: string; readonly about: string }
  | { readonly type: 'ended'; readonly run: string; readonly summary: StartSummary };

export type StartSummary = Pick<RunSummary, 'phase' | 'since' | 'launched'> & {
  readonly driver: string;
};

/** One answer to `q`. */
export interface QuitChoice {
  readonly key: string;
  readonly text: string;
  readonly effect: Effect;
}

/** What lies over the panes; the last one has the keys. */
export type Overlay =
  | { readonly type: 'help'; readonly selected: number }
  | {
      readonly type: 'quit';
      readonly selected: number;
      /** As they were when it was asked: what Enter does never changes under the hand. */
      readonly choices: readonly QuitChoice[];
    }
  | { readonly type: 'form'; readonly form: Form }
  | {
      readonly type: 'page';
      readonly subject: Subject;
      readonly selected: number;
      /** What was loaded; a peer's page is made anew from it and the model. */
      readonly page: Page;
    };

export type Page =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly problem: string }
  | { readonly state: 'loaded'; readonly content: PageContent };

/** How a page is made: with the present model, where there is one. */
export type PageContent = (model: LiveModel | null) => Document;

/** Something that was asked of the run, and how it went. */
export interface Notice {
  readonly state: 'pending' | 'done' | 'failed';
  readonly text: string;
}

export interface UiState {
  readonly screen: 'start' | 'run';
  /** What the start screen offers, null before anyone looked; and which is chosen. */
  readonly entries: readonly StartEntry[] | null;
  readonly entry: number;
  /** What the launch form begins with. */
  readonly defaults: LaunchDefaults;
  /** A launch was asked for, and the run does not answer yet. */
  readonly isLaunching: boolean;
  /** A run was chosen, and does not answer yet: what is typed is kept for it. */
  readonly isAttaching: boolean;
  readonly tab: Tab;
  /** Name of the peer chosen on the map and in the list. */
  readonly peer: string | null;
  readonly order: PeerOrder;
  readonly feed: FeedChoice & {
    /** Key of an entry; null follows the newest. */
    readonly selected: string | null;
    readonly isTyping: boolean;
  };
  readonly links: { readonly view: 'matrix' | 'list'; readonly offset: number };
  readonly attack: number;
  readonly fault: number;
  readonly overlays: readonly Overlay[];
  readonly notice: Notice | null;
  readonly isMeasuring: boolean;
}

/** A key's work: the state after it, and what is asked of the world. */
export interface Step {
  readonly state: UiState;
  readonly effects: readonly Effect[];
}

/** A step that asks for nothing, or for these. */
export function step(state: UiState, ...effects: readonly Effect[]): Step {
  return { state, effects };
}

/** As it is before anything was pressed. */
export function initialState(defaults: UiState['defaults']): UiState {
  return {
    screen: 'start',
    entries: null,
    entry: 0,
    defaults,
    isLaunching: false,
    isAttaching: false,
    tab: 'overview',
    peer: null,
    order: 'address',
    feed: { filter: 'all', text: '', selected: null, isTyping: false },
    links: { view: 'matrix', offset: 0 },
    attack: 0,
    fault: 0,
    overlays: [],
    notice: null,
    isMeasuring: false,
  };
}

/** The state with this on top. */
export function withOverlay(state: UiState, overlay: Overlay): UiState {
  return { ...state, overlays: [...state.overlays, overlay] };
}

/** The state without what lies on top. */
export function withoutOverlay(state: UiState): UiState {
  return { ...state, overlays: state.overlays.slice(0, -1) };
}

/** The state with another thing on top in its place. */
export function replacingOverlay(state: UiState, overlay: Overlay): UiState {
  return withOverlay(withoutOverlay(state), overlay);
}
