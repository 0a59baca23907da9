/** Which part of a long list is shown: work depends on the height of the place, not of the list. */

export interface Window {
  /** Index of the first row that is shown. */
  readonly from: number;
  readonly to: number;
}

/** Rows around `selected`, which stands in the middle unless the list's ends are near. */
export function windowAround(selected: number, count: number, height: number): Window {
  const rows = Math.max(0, height);
  const from = Math.max(0, Math.min(selected - Math.floor(rows / 2), count - rows));
  return { from, to: Math.min(count, from + rows) };
}

/** `3–12 of 200`; empty when everything is shown. */
export function windowNote({ from, to }: Window, count: number): string {
  return to - from >= count ? '' : `${from + 1}–${to} of ${count}`;
}

/** The index that a key leads to, within the list. */
export function moved(selected: number, by: number, count: number): number {
  return Math.max(0, Math.min(count - 1, selected + by));
}
