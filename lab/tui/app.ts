/** The whole screen: hands keys to the session, and draws what it holds. */
import { Box, useInput, useWindowSize } from 'ink';
import { createElement as h, useSyncExternalStore } from 'react';
import type { ReactElement } from 'react';
import { DocumentView } from './document-view.ts';
import { hintLine, noticeLine } from './footer.ts';
import { FormView } from './form-view.ts';
import { healthLine, tabLine, titleLine } from './header.ts';
import { hintsOf } from './hints.ts';
import { keysOf } from './key.ts';
import { FRAME_ROWS, isTooSmall, layoutOf, SMALLEST, type Layout, type Size } from './layout.ts';
import { Lines } from './lines.ts';
import type { Look } from './look.ts';
import { pageOf } from './page.ts';
import { RunScreen } from './run-screen.ts';
import { QuitView } from './quit-view.ts';
import type { Session, Snapshot } from './session.ts';
import { StartScreen } from './start-screen.ts';
import { line, span, type Line } from './text.ts';

interface Props {
  readonly session: Session;
  readonly look: Look;
  /** Instead of the terminal's, for tests. */
  readonly size?: Size;
}

export function App({ session, look, size: given }: Props): ReactElement {
  const measured = useWindowSize();
  const size = given ?? measured;
  const snapshot = useSyncExternalStore(session.subscribe, session.snapshot);
  useInput((input, key) => {
    for (const pressed of keysOf(input, key)) session.press(pressed, size);
  });
  return h(Screen, { snapshot, look, size });
}

interface ScreenProps {
  readonly snapshot: Snapshot;
  readonly look: Look;
  readonly size: Size;
}

/** Exactly as many rows and columns as the terminal has. */
export function Screen({ snapshot, look, size }: ScreenProps): ReactElement {
  const { columns, rows } = size;
  if (isTooSmall(size)) {
    const lines = [
      line(`${columns} by ${rows}: too small to show a network.`),
      line(`It takes ${SMALLEST.columns} by ${SMALLEST.rows}. Ctrl-C quits.`),
    ];
    return h(Lines, { lines, width: columns, height: rows, look });
  }
  const { state, model } = snapshot;
  const layout = layoutOf(size);
  const isForm = state.overlays.at(-1)?.type === 'form' || state.feed.isTyping;
  const foot = [noticeLine(state.notice, columns, look), hintLine(hintsOf(state), isForm, columns)];
  const head =
    state.screen === 'run' && model !== null
      ? [titleLine(model, columns), healthLine(model, columns, look), tabLine(state.tab, columns)]
      : startHead(state.screen === 'run');
  return h(
    Box,
    { flexDirection: 'column', width: columns, height: rows },
    h(Lines, { lines: head, width: columns, height: FRAME_ROWS - foot.length, look }),
    body(snapshot, layout, look),
    h(Lines, { lines: foot, width: columns, height: foot.length, look }),
  );
}

function startHead(isWaiting: boolean): Line[] {
  const what = isWaiting ? 'waiting for the run to answer' : 'choose a run, or launch one';
  return [[span(' Minefield Lab', 'title'), span(`  ${what}`, 'dim')], line(''), line('')];
}

function body({ state, model }: Snapshot, layout: Layout, look: Look): ReactElement {
  const { columns: width, body: height } = layout;
  if (state.screen === 'run' && model !== null) {
    return h(RunScreen, { state, model, layout, look });
  }
  const top = state.overlays.at(-1);
  if (top?.type === 'form') return h(FormView, { form: top.form, width, height, look });
  if (top?.type === 'help' || top?.type === 'page') {
    const { document, note } = pageOf(top, model, look);
    return h(DocumentView, { document, note, selected: top.selected, width, height, look });
  }
  if (top?.type === 'quit') {
    const { selected, choices } = top;
    return h(QuitView, { run: null, choices, selected, width, height, look });
  }
  if (state.screen === 'run') return h(Lines, { lines: [], width, height, look });
  const { entries, entry } = state;
  return h(StartScreen, { entries, selected: entry, width, height, look });
}
