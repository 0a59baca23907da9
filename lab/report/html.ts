/** Building HTML so that text can't become markup: a value is escaped unless it is already Html. */

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Part = Html | string | number | null | readonly Part[];

/** What stands where nothing was measured: never 0, never an empty cell. */
export const NOT_MEASURED = 'not measured';

/** Nothing at all. */
export const EMPTY = new Html('');

/** `html\`<p>${anything}</p>\``: everything interpolated is escaped, in elements and quoted attributes. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((done, string, i) => done + render(parts[i - 1] ?? '') + string));
}

function render(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === 'string') return escapeText(part);
  if (typeof part === 'number') return String(part);
  if (part === null) return NOT_MEASURED;
  return part.map(render).join('');
}

export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A duration as a person reads it, three digits at most. */
export function duration(ms: number | null): string {
  if (ms === null) return NOT_MEASURED;
  if (ms < 1000) return `${trim(ms, ms > 0 && ms < 10 ? 1 : 0)} ms`;
  return `${trim(ms / 1000, ms < 10_000 ? 2 : 1).replace(/\.?0+$/, '')} s`;
}

/** All of a column with one decimal, so that they stand in line. */
export function seconds(ms: number | null): string {
  return ms === null ? NOT_MEASURED : `${trim(ms / 1000, 1)} s`;
}

/** `1,234` */
export function amount(value: number | null, digits = 0): string {
  if (value === null) return NOT_MEASURED;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

/** Two significant digits of what may be very small; larger ones whole. */
export function figure(value: number | null): string {
  if (value === null) return NOT_MEASURED;
  if (value === 0 || Math.abs(value) >= 100) return amount(value);
  return String(Number(value.toPrecision(2)));
}

export function percent(share: number | null): string {
  if (share === null) return NOT_MEASURED;
  const digits = (share > 0 && share < 0.1) || (share > 0.99 && share < 1) ? 1 : 0;
  return `${share > 0 && share < 0.001 ? figure(share * 100) : trim(share * 100, digits)} %`;
}

export function bytes(value: number | null): string {
  if (value === null) return NOT_MEASURED;
  if (value < 1024) return `${amount(value)} B`;
  if (value < 1024 ** 2) return `${trim(value / 1024, 1)} KiB`;
  return `${trim(value / 1024 ** 2, 1)} MiB`;
}

/** `70 ms – 90 ms`; what has no interval says so. */
export function interval(
  ends: readonly [number | null, number | null] | null,
  shown: (value: number | null) => string,
): string {
  if (ends === null) return 'no interval';
  const [lo, hi] = ends;
  return `${lo === null ? 'open' : shown(lo)} – ${hi === null ? 'open' : shown(hi)}`;
}

/** `1 peer`, `2 peers` */
export function counted(n: number, one: string, several = `${one}s`): string {
  return `${amount(n)} ${n === 1 ? one : several}`;
}

function trim(value: number, digits: number): string {
  return value.toFixed(digits);
}
