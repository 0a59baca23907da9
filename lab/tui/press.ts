/** What a key does: the one place where keys become changes of state and wishes. Pure. */
import type { LiveModel } from '../live/model.ts';
import type { Key } from './key.ts';
import { pressForm } from './form.ts';
import { launchForm } from './launch-form.ts';
import { pressPane } from './press-pane.ts';
import {
  replacingOverlay,
  step,
  TABS,
  withOverlay,
  withoutOverlay,
  type Overlay,
  type QuitChoice,
  type Step,
  type UiState,
} from './state.ts';
import { stride, type Sight } from './sight.ts';
import { moved } from './window.ts';

/** The state after a key. */
export function press(state: UiState, key: Key, sight: Sight): Step {
  const top = state.overlays.at(-1);
  // A form takes every character; only Ctrl-C is above it.
  if (key.name === 'interrupt') return interrupted(state, sight);
  if (top?.type === 'form') return inForm(state, top.form, key);
  if (top?.type === 'quit') return inQuit(state, top, key);
  if (top === undefined && state.feed.isTyping) return pressPane(state, key, sight);
  if (key.name === 'character') {
    if (key.text === 'q') return quit(state, sight);
    if (key.text === '?' && top?.type !== 'help') {
      return step(withOverlay(state, { type: 'help', selected: 0 }));
    }
  }
  if (top !== undefined) return inPage(state, top, key, sight);
  return state.screen === 'start' ? onStart(state, key, sight) : onRun(state, key, sight);
}

/** From the start screen, and of a run that has ended, nothing has to be asked. */
function quit(state: UiState, { model }: Sight): Step {
  if (state.screen === 'start' || model?.status.phase === 'ended') {
    return step(state, { type: 'leave' });
  }
  return step(withOverlay(state, { type: 'quit', selected: 0, choices: quitChoices(model) }));
}

/** The first Ctrl-C asks like `q`; the second leaves the network running. */
function interrupted(state: UiState, sight: Sight): Step {
  return state.overlays.at(-1)?.type === 'quit'
    ? step(state, { type: 'leave' })
    : quit(state, sight);
}

function inForm(state: UiState, form: Parameters<typeof pressForm>[0], key: Key): Step {
  const next = pressForm(form, key);
  if (next.type === 'cancelled') return step(withoutOverlay(state));
  if (next.type === 'submitted') return step(withoutOverlay(state), next.effect);
  return step(replacingOverlay(state, { type: 'form', form: next.form }));
}

const SCORE: QuitChoice = {
  key: 'e',
  text: 'end it: score it, write the report, and remove all that runs of it',
  effect: { type: 'remove', isScored: true },
};
const REMOVE: QuitChoice = {
  key: 'r',
  text: 'remove it unscored: no report; the rows that it measured stay',
  effect: { type: 'remove', isScored: false },
};
const LEAVE: readonly QuitChoice[] = [
  { key: 'l', text: 'leave it running', effect: { type: 'leave' } },
  { key: 's', text: 'leave it running, and choose another', effect: { type: 'detach' } },
];

/** What `q` offers, in order: before its load began there is nothing of a run to score. */
function quitChoices(model: LiveModel | null): readonly QuitChoice[] {
  return model === null || model.status.elapsedMs === null
    ? [...LEAVE, REMOVE]
    : [SCORE, REMOVE, ...LEAVE];
}

function inQuit(state: UiState, top: Extract<Overlay, { type: 'quit' }>, key: Key): Step {
  const { selected, choices } = top;
  const chosen =
    key.name === 'enter'
      ? choices[selected]
      : key.name === 'character'
        ? choices.find((choice) => choice.key === key.text)
        : undefined;
  if (chosen !== undefined) return step(withoutOverlay(state), chosen.effect);
  if (key.name === 'escape') return step(withoutOverlay(state));
  const by = key.name === 'up' ? -1 : key.name === 'down' || key.name === 'tab' ? 1 : 0;
  const to = moved(selected, by, choices.length);
  return step(replacingOverlay(state, { ...top, selected: to }));
}

function inPage(
  state: UiState,
  top: Extract<Overlay, { type: 'help' | 'page' }>,
  key: Key,
  { pageRows, documentRows, opens }: Sight,
): Step {
  if (key.name === 'escape' || key.name === 'left') return step(withoutOverlay(state));
  const by = stride(key, pageRows);
  if (by !== 0) {
    const selected = moved(top.selected, by, documentRows);
    return step(replacingOverlay(state, { ...top, selected }));
  }
  if (top.type === 'help') return step(state);
  if ((key.name === 'enter' || key.name === 'right') && opens !== null) {
    const page = { type: 'page', subject: opens, selected: 0, page: { state: 'loading' } } as const;
    return step(withOverlay(state, page), { type: 'open', subject: opens });
  }
  if (key.name === 'character' && key.text === 'r') {
    return step(state, { type: 'open', subject: top.subject });
  }
  return step(state);
}

function onStart(state: UiState, key: Key, { pageRows }: Sight): Step {
  const entries = state.entries ?? [];
  const by = stride(key, pageRows);
  if (by !== 0) return step({ ...state, entry: moved(state.entry, by, entries.length) });
  if (key.name === 'character' && key.text === 'r') return step(state, { type: 'refresh' });
  if (key.name !== 'enter' || state.isLaunching || state.isAttaching) return step(state);
  const chosen = entries[state.entry];
  if (chosen === undefined) return step(state);
  if (chosen.type === 'living') return step(state, { type: 'attach', run: chosen.run });
  if (chosen.type === 'testnet') {
    const form = launchForm(chosen.file, state.defaults);
    return step(withOverlay(state, { type: 'form', form }));
  }
  const subject = { kind: 'result', id: chosen.run } as const;
  const page = { type: 'page', subject, selected: 0, page: { state: 'loading' } } as const;
  return step(withOverlay(state, page), { type: 'open', subject });
}

function onRun(state: UiState, key: Key, sight: Sight): Step {
  const at = TABS.indexOf(state.tab);
  if (key.name === 'tab') return toTab(state, at + 1);
  if (key.name === 'backTab') return toTab(state, at - 1);
  if (key.name === 'character' && /^[1-6]$/.test(key.text))
    return toTab(state, Number(key.text) - 1);
  return pressPane(state, key, sight);
}

function toTab(state: UiState, to: number): Step {
  const tab = TABS[(to + TABS.length) % TABS.length] ?? 'overview';
  return step({ ...state, tab });
}
