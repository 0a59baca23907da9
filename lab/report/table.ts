/** Tables that screen readers and narrow screens can take: headers with scope, a caption, scrolling of their own. */
import { html, type Html, type Part } from './html.ts';

export interface Column {
  readonly title: string;
  /** Figures stand in line at the right. */
  readonly isNumber?: boolean;
}

export interface Table {
  /** Read out; shown only where `isCaptioned`. */
  readonly caption: string;
  readonly columns: readonly Column[];
  /** The first cell names the row. */
  readonly rows: readonly (readonly Part[])[];
  readonly isCaptioned?: boolean;
  /** Rows beyond this are counted, not shown. */
  readonly limit?: number;
}

/** More rows than anyone reads in a page. */
const MAX_ROWS = 200;

/** Words that name a column of text, or one of numbers. */
export function text(title: string): Column {
  return { title };
}

export function number(title: string): Column {
  return { title, isNumber: true };
}

export function table({ caption, columns, rows, isCaptioned, limit = MAX_ROWS }: Table): Html {
  const kind = (at: number): string => (columns[at]?.isNumber === true ? 'n' : 't');
  const shown = rows.slice(0, limit);
  const rest = rows.length - shown.length;
  const head = columns.map(
    ({ title }, at) => html`<th scope="col" class="${kind(at)}">${title}</th>`,
  );
  const body = shown.map(
    ([first = '', ...cells]) =>
      html`<tr><th scope="row" class="${kind(0)}">${first}</th>${cells.map(
        (cell, at) => html`<td class="${kind(at + 1)}">${cell}</td>`,
      )}</tr>`,
  );
  const more = rest === 0 ? '' : html`<p class="note">and ${rest.toLocaleString('en')} more</p>`;
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}"><table><caption${
    isCaptioned === true ? '' : html` class="unseen"`
  }>${caption}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>${more}`;
}

/** Names and what belongs to them. */
export function facts(rows: readonly (readonly [name: string, value: Part])[]): Html {
  return html`<dl>${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** Right or wrong, by word and sign, never by colour alone; null: not judged. */
export function tick(ok: boolean | null, words: readonly [right: string, wrong: string]): Html {
  if (ok === null) return html`<span class="quiet">– not judged</span>`;
  return ok
    ? html`<span class="good">✓ ${words[0]}</span>`
    : html`<span class="bad">✗ ${words[1]}</span>`;
}
