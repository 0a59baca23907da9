/**
 * A chart with all that those who don't see it need: its title, its key figures in words, the names of
 * its signs, and its data as a table behind a `details`.
 */
import { draw, type Plot } from './drawing.ts';
import { html, type Html } from './html.ts';
import { legend, type LegendEntry } from './signs.ts';
import { table, type Table } from './table.ts';

export interface Figure {
  /** Unique in the page. */
  readonly id: string;
  readonly title: string;
  /** What the chart says, with its key figures, their n and intervals. */
  readonly words: string;
  readonly plot: Plot;
  readonly legend?: readonly LegendEntry[];
  readonly data: Omit<Table, 'caption'>;
}

export async function figureOf({
  id,
  title,
  words,
  plot,
  legend: names,
  data,
}: Figure): Promise<Html> {
  const drawn = await draw(plot);
  return html`<figure aria-labelledby="${id}-title"><h3 id="${id}-title">${title}</h3><p class="words" id="${id}-words">${words}</p>${
    names === undefined ? '' : legend(names)
  }<div role="img" aria-labelledby="${id}-title" aria-describedby="${id}-words">${drawn}</div><details><summary>Data of “${title}”</summary>${table(
    { caption: title, ...data },
  )}</details></figure>`;
}

/** A part of the page. The id is what the contents link to. */
export function section(id: string, title: string, body: Html, lead = ''): Html {
  return html`<section id="${id}" aria-labelledby="${id}-head"><h2 id="${id}-head">${title}</h2>${
    lead === '' ? '' : html`<p class="lead">${lead}</p>`
  }${body}</section>`;
}

/** Figures side by side where there is room. */
export function beside(...figures: readonly Html[]): Html {
  return html`<div class="beside">${figures}</div>`;
}
