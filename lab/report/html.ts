/** Building HTML so that text can't become markup: a value is escaped unless it is already Html. */

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Part = Html | string | number | null | readonly Part[];

/** `html\`<p>${anything}</p>\``: everything interpolated is escaped, in elements and quoted attributes. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((done, string, i) => done + render(parts[i - 1] ?? '') + string));
}

function render(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === 'string') return escapeText(part);
  if (typeof part === 'number') return String(part);
  if (part === null) return '–';
  return part.map(render).join('');
}

export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A duration as a person reads it; null is a dash. */
export function duration(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 1000) return `${trim(ms, ms > 0 && ms < 10 ? 1 : 0)} ms`;
  return `${trim(ms / 1000, ms < 10_000 ? 2 : 1).replace(/\.?0+$/, '')} s`;
}

export function amount(value: number | null, digits = 0): string {
  if (value === null) return '–';
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

export function percent(share: number | null): string {
  return share === null ? '–' : `${trim(share * 100, share > 0 && share < 0.1 ? 1 : 0)} %`;
}

export function bytes(value: number | null): string {
  if (value === null) return '–';
  if (value < 1024) return `${amount(value)} B`;
  if (value < 1024 ** 2) return `${trim(value / 1024, 1)} KiB`;
  return `${trim(value / 1024 ** 2, 1)} MiB`;
}

function trim(value: number, digits: number): string {
  return value.toFixed(digits);
}
