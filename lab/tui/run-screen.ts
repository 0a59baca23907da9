/** The screen of one run: which panes stand where, for narrow and for wide terminals. */
import { Box } from 'ink';
import { createElement as h, Fragment, useMemo } from 'react';
import type { ReactElement } from 'react';
import type { LiveModel } from '../live/model.ts';
import { AttacksPane } from './attacks-pane.ts';
import { attackRows, faultRows } from './console-rows.ts';
import { DocumentView } from './document-view.ts';
import { FaultsPane } from './faults-pane.ts';
import { chosenEntries } from './feed.ts';
import { FeedPane } from './feed-pane.ts';
import { FiguresPane } from './figures-pane.ts';
import { FormView } from './form-view.ts';
import { GAP, type Layout } from './layout.ts';
import { Lines } from './lines.ts';
import { LinksPane } from './links-pane.ts';
import type { Look } from './look.ts';
import { pageOf } from './page.ts';
import { orderedPeers } from './peers.ts';
import { PeersPane } from './peers-pane.ts';
import { isLaunching, ProgressPane } from './progress-pane.ts';
import { QuitView } from './quit-view.ts';
import { regionsOf } from './regions.ts';
import { RingPane } from './ring-pane.ts';
import type { Overlay, UiState } from './state.ts';
import { line } from './text.ts';
import { originMs } from './words.ts';

interface Props {
  readonly state: UiState;
  readonly model: LiveModel;
  readonly layout: Layout;
  readonly look: Look;
}

interface Place {
  readonly width: number;
  readonly height: number;
}

/** The body of the screen: `layout.body` rows. */
export function RunScreen(props: Props): ReactElement {
  const { state, layout, look } = props;
  const { columns, body, left, right, isWide } = layout;
  const top = state.overlays.at(-1);
  if (!isWide) {
    const place = { width: columns, height: body };
    return top === undefined ? h(NarrowPane, props) : overlayIn(top, props, place);
  }
  const place = { width: right, height: body };
  return h(
    Box,
    { flexDirection: 'row', width: columns, height: body },
    h(Standing, { ...props, width: left }),
    h(Side, { height: body, look }),
    top === undefined ? h(WidePane, props) : overlayIn(top, props, place),
  );
}

function overlayIn(top: Overlay, { model, look }: Props, place: Place): ReactElement {
  const common = { ...place, look };
  if (top.type === 'form') return h(FormView, { form: top.form, ...common });
  if (top.type === 'quit') {
    const { selected, choices } = top;
    return h(QuitView, { run: model.status.run, choices, selected, ...common });
  }
  const { document, note } = pageOf(top, model, look);
  return h(DocumentView, { document, note, selected: top.selected, ...common });
}

/** The line between two columns. */
function Side({ height, look }: { readonly height: number; readonly look: Look }): ReactElement {
  const lines = Array.from({ length: height }, () => line(` ${look.marks.side} `, 'dim'));
  return h(Lines, { lines, width: GAP, height, look });
}

/** What a wide terminal always shows: map and figures, or how the launch goes. */
function Standing({ model, state, layout, look, width }: Props & { width: number }): ReactElement {
  const { body, figures } = layout;
  const { status, feed, series } = model;
  if (isLaunching(status.phase)) {
    return h(ProgressPane, { status, feed, width, height: body, look });
  }
  return h(
    Box,
    { flexDirection: 'column', width, height: body },
    h(Map, { model, state, look, width, height: body - figures }),
    h(FiguresPane, { series, figures: model.figures, width, height: figures, look }),
  );
}

type PaneProps = Pick<Props, 'model' | 'state' | 'look'> & Place;

function Map({ model: { ring, status }, state, look, width, height }: PaneProps): ReactElement {
  const regions = useMemo(() => regionsOf(status.members), [status.members]);
  return h(RingPane, { ring, regions, selected: state.peer, width, height, look });
}

function Feed({
  model,
  state,
  isFocused,
  ...place
}: PaneProps & { readonly isFocused: boolean }): ReactElement {
  const { filter, text, selected, isTyping } = state.feed;
  // Where nobody can choose, what happens all the time would hide the rest.
  const choice = useMemo(
    () => (isFocused ? { filter, text } : { filter: 'notable' as const, text: '' }),
    [isFocused, filter, text],
  );
  const entries = useMemo(() => chosenEntries(model.feed, choice), [model.feed, choice]);
  const origin = originMs(model);
  return h(FeedPane, {
    entries,
    choice,
    isTyping,
    selected: isFocused ? selected : null,
    originMs: origin,
    isFocused,
    ...place,
  });
}

function NarrowPane(props: Props): ReactElement {
  const { model, state, layout, look } = props;
  const { columns, body, left, right, events } = layout;
  if (state.tab !== 'overview') {
    return h(TabPane, { model, state, look, width: columns, height: body });
  }
  const { status, feed, series, figures } = model;
  if (isLaunching(status.phase)) {
    return h(ProgressPane, { status, feed, width: columns, height: body, look });
  }
  const height = body - events;
  return h(
    Box,
    { flexDirection: 'column', width: columns, height: body },
    h(
      Box,
      { flexDirection: 'row', width: columns, height },
      h(Map, { model, state, look, width: left, height }),
      h(Lines, { lines: [], width: GAP, height, look }),
      h(FiguresPane, { series, figures, width: right, height, look }),
    ),
    events === 0
      ? h(Fragment)
      : h(Feed, { model, state, look, isFocused: false, width: columns, height: events }),
  );
}

function WidePane({ model, state, layout, look }: Props): ReactElement {
  const { body, right, events } = layout;
  const common = { model, state, look, width: right };
  if (state.tab === 'overview' || state.tab === 'events') {
    return h(Feed, { ...common, isFocused: state.tab === 'events', height: body });
  }
  return h(
    Box,
    { flexDirection: 'column', width: right, height: body },
    h(TabPane, { ...common, height: body - events }),
    h(Feed, { ...common, isFocused: false, height: events }),
  );
}

/** The pane of a tab alone; the overview has no single one. */
function TabPane(props: PaneProps): ReactElement {
  const { model, state, look, width, height } = props;
  const place = { width, height, look };
  switch (state.tab) {
    case 'overview':
    case 'events':
      return h(Feed, { ...props, isFocused: true });
    case 'peers':
      return h(Peers, props);
    case 'links':
      return h(LinksPane, {
        links: model.links,
        ...state.links,
        isMeasuring: state.isMeasuring,
        ...place,
      });
    case 'attacks': {
      const rows = attackRows(model);
      return h(AttacksPane, { rows, selected: Math.min(state.attack, rows.length - 1), ...place });
    }
    default: {
      const rows = faultRows(model);
      return h(FaultsPane, { rows, selected: Math.min(state.fault, rows.length - 1), ...place });
    }
  }
}

function Peers({ model: { ring }, state, look, width, height }: PaneProps): ReactElement {
  const peers = useMemo(() => orderedPeers(ring, state.order), [ring, state.order]);
  return h(PeersPane, { peers, order: state.order, selected: state.peer, width, height, look });
}
