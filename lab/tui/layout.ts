/** Where everything lies on a terminal of this size. */
import type { UiState } from './state.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Below this nothing can be arranged; 80 by 24 is what it is made for. */
export const SMALLEST: Size = { columns: 60, rows: 16 };
/** From here on map and figures stay beside every pane. */
const WIDE: Size = { columns: 132, rows: 32 };

/** Title, health, panes above; what was asked and keys below. */
export const FRAME_ROWS = 5;

export interface Layout extends Size {
  /** Rows between the lines at the top and those at the bottom. */
  readonly body: number;
  readonly isWide: boolean;
  /** Column of the map; of a narrow overview too. */
  readonly left: number;
  /** Column beside it. */
  readonly right: number;
  /** Rows of the figures below the map (wide). */
  readonly figures: number;
  /** Rows of the events below another pane. */
  readonly events: number;
}

/** Columns between two panes side by side. */
export const GAP = 3;

export function layoutOf({ columns, rows }: Size): Layout {
  const body = Math.max(1, rows - FRAME_ROWS);
  const isWide = columns >= WIDE.columns && rows >= WIDE.rows;
  const left = isWide
    ? Math.max(60, Math.min(100, Math.floor(columns * 0.42)))
    : Math.max(26, Math.floor((columns - GAP) * 0.58));
  const events = isWide
    ? Math.max(8, Math.floor(body * 0.36))
    : body >= 14
      ? Math.max(4, Math.floor(body * 0.28))
      : 0;
  return {
    columns,
    rows,
    body,
    isWide,
    left,
    right: columns - left - GAP,
    figures: body >= 40 ? 18 : 13,
    events,
  };
}

/** Whether the terminal is too small for anything but saying so. */
export function isTooSmall({ columns, rows }: Size): boolean {
  return columns < SMALLEST.columns || rows < SMALLEST.rows;
}

/** Rows of the pane, page or list that has the keys: what a page up or down moves by. */
export function pageRowsOf(state: UiState, layout: Layout): number {
  const { body, events, isWide } = layout;
  if (state.screen === 'start' || state.overlays.length > 0) return body - 1;
  const isWhole = state.tab === 'events' || state.tab === 'overview';
  return isWide && !isWhole ? body - events - 1 : body - 1;
}
