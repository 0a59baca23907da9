/** What a key does in the pane that has the keys. */
import { activeFaults, attackRows, declarationOf, faultRows } from './console-rows.ts';
import { faultForm } from './fault-form.ts';
import { chosenEntries, FEED_FILTERS, subjectOf } from './feed.ts';
import type { Key } from './key.ts';
import { changeAttackForm, launchAttackForm } from './knob-form.ts';
import { orderedPeers, PEER_ORDERS } from './peers.ts';
import { stride, type Sight } from './sight.ts';
import { step, withOverlay, type Step, type UiState } from './state.ts';
import type { LiveModel } from '../live/model.ts';
import type { Subject } from './subject.ts';
import { moved } from './window.ts';

/** Without a model there is nothing to choose among. */
export function pressPane(state: UiState, key: Key, sight: Sight): Step {
  const { model, pageRows } = sight;
  if (model === null) return step(state);
  switch (state.tab) {
    case 'overview':
      return onMap(state, key, model);
    case 'peers':
      return onPeers(state, key, model, pageRows);
    case 'events':
      return state.feed.isTyping ? typing(state, key) : onFeed(state, key, model, pageRows);
    case 'links':
      return onLinks(state, key, model, pageRows);
    case 'attacks':
      return onAttacks(state, key, model, pageRows);
    default:
      return onFaults(state, key, model, pageRows);
  }
}

function open(state: UiState, subject: Subject): Step {
  const page = { type: 'page', subject, selected: 0, page: { state: 'loading' } } as const;
  return step(withOverlay(state, page), { type: 'open', subject });
}

function letter(key: Key): string | null {
  return key.name === 'character' ? key.text : null;
}

/** Around the ring and back to its begin. */
function onMap(state: UiState, key: Key, { ring, status }: LiveModel): Step {
  const count = ring.length;
  if (letter(key) === 's') {
    return step(state, { type: status.phase === 'stopped' ? 'resume' : 'halt' });
  }
  if (key.name === 'enter')
    return state.peer === null ? step(state) : open(state, { kind: 'peer', id: state.peer });
  const by =
    key.name === 'right' || key.name === 'down'
      ? 1
      : key.name === 'left' || key.name === 'up'
        ? -1
        : 0;
  if (by === 0 || count === 0) return step(state);
  const at = ring.findIndex(({ name }) => name === state.peer);
  const to = at === -1 ? 0 : (at + by + count) % count;
  return step({ ...state, peer: ring[to]?.name ?? null });
}

function onPeers(state: UiState, key: Key, { ring }: LiveModel, pageRows: number): Step {
  if (key.name === 'enter')
    return state.peer === null ? step(state) : open(state, { kind: 'peer', id: state.peer });
  if (letter(key) === 'o' || letter(key) === 'O') {
    const by = letter(key) === 'o' ? 1 : -1;
    const at = (PEER_ORDERS.indexOf(state.order) + by + PEER_ORDERS.length) % PEER_ORDERS.length;
    return step({ ...state, order: PEER_ORDERS[at] ?? 'address' });
  }
  const by = stride(key, pageRows);
  if (by === 0) return step(state);
  const peers = orderedPeers(ring, state.order);
  const at = peers.findIndex(({ name }) => name === state.peer);
  const to = at === -1 ? 0 : moved(at, by, peers.length);
  return step({ ...state, peer: peers[to]?.name ?? null });
}

function onFeed(state: UiState, key: Key, model: LiveModel, pageRows: number): Step {
  const { feed } = state;
  const entries = chosenEntries(model.feed, feed);
  const found = entries.findIndex((entry) => entry.key === feed.selected);
  const at = found === -1 ? entries.length - 1 : found;
  if (key.name === 'enter') {
    const entry = entries[at];
    const subject = entry === undefined ? null : subjectOf(entry, model.ring);
    if (subject !== null) return open(state, subject);
    const text = 'there is nothing to open about this';
    return step({ ...state, notice: { state: 'done', text } });
  }
  if (key.name === 'left' || key.name === 'right') {
    const by = key.name === 'left' ? -1 : 1;
    const next =
      (FEED_FILTERS.indexOf(feed.filter) + by + FEED_FILTERS.length) % FEED_FILTERS.length;
    return step({
      ...state,
      feed: { ...feed, filter: FEED_FILTERS[next] ?? 'all', selected: null },
    });
  }
  if (letter(key) === '/') return step({ ...state, feed: { ...feed, isTyping: true } });
  if (key.name === 'escape') return step({ ...state, feed: { ...feed, text: '', selected: null } });
  const by = stride(key, pageRows);
  if (by === 0) return step(state);
  const to = moved(at, by, entries.length);
  // At the end one follows again.
  const selected = to >= entries.length - 1 ? null : (entries[to]?.key ?? null);
  return step({ ...state, feed: { ...feed, selected } });
}

function typing(state: UiState, key: Key): Step {
  const { feed } = state;
  const to = (text: string, isTyping = true) =>
    step({ ...state, feed: { ...feed, text, isTyping, selected: null } });
  switch (key.name) {
    case 'enter':
      return to(feed.text, false);
    case 'escape':
      return to('', false);
    case 'backspace':
      return to(feed.text.slice(0, -1));
    case 'clear':
      return to('');
    case 'character':
      return to(feed.text + key.text);
    default:
      return step(state);
  }
}

function onLinks(state: UiState, key: Key, { links }: LiveModel, pageRows: number): Step {
  const { view, offset } = state.links;
  if (letter(key) === 'm' && !state.isMeasuring) return step(state, { type: 'measure' });
  if (letter(key) === 'v') {
    const next = view === 'matrix' ? 'list' : 'matrix';
    return step({ ...state, links: { view: next, offset: 0 } });
  }
  const by = stride(key, pageRows);
  if (by === 0) return step(state);
  // Head and foot of the list take two lines, the title one.
  const last = Math.max(1, links.length - (pageRows - 3) + 1);
  return step({ ...state, links: { view, offset: moved(offset, by, last) } });
}

function onAttacks(state: UiState, key: Key, model: LiveModel, pageRows: number): Step {
  const rows = attackRows(model);
  const by = stride(key, pageRows);
  if (by !== 0) return step({ ...state, attack: moved(state.attack, by, rows.length) });
  const row = rows[Math.min(state.attack, rows.length - 1)];
  if (row === undefined) return step(state);
  if (row.type === 'startable') {
    if (key.name !== 'enter') return step(state);
    if (row.players === 0) {
      const text = `nobody here plays ${row.declaration.name}: its testnet needs a group with that adversary`;
      return step({ ...state, notice: { state: 'failed', text } });
    }
    return step(withOverlay(state, { type: 'form', form: launchAttackForm(row.declaration) }));
  }
  const { id } = row;
  if (letter(key) === 's') return step(state, { type: 'steer', id, action: 'stop', knobs: {} });
  if (letter(key) === 'p') {
    const action = row.state === 'paused' ? 'resume' : 'pause';
    return step(state, { type: 'steer', id, action, knobs: {} });
  }
  const declaration = declarationOf(row.name);
  if ((key.name === 'enter' || letter(key) === 'e') && declaration !== null) {
    const knobs = model.status.attacks.find((one) => one.id === id)?.knobs ?? {};
    const form = changeAttackForm(declaration, id, knobs);
    return step(withOverlay(state, { type: 'form', form }));
  }
  return step(state);
}

function onFaults(state: UiState, key: Key, model: LiveModel, pageRows: number): Step {
  const rows = faultRows(model);
  const by = stride(key, pageRows);
  if (by !== 0) return step({ ...state, fault: moved(state.fault, by, rows.length) });
  if (letter(key) === 'x') {
    const ids = activeFaults(model);
    return ids.length === 0 ? step(state) : step(state, { type: 'clear', ids });
  }
  const row = rows[Math.min(state.fault, rows.length - 1)];
  if (row?.type === 'startable' && key.name === 'enter') {
    return step(withOverlay(state, { type: 'form', form: faultForm(row.kind, model, state.peer) }));
  }
  if (row?.type === 'ongoing' && row.state === 'active' && letter(key) === 'c') {
    return step(state, { type: 'clear', ids: [row.id] });
  }
  return step(state);
}
