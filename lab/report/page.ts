/** The page around a report's sections: one HTML file that needs nothing else, no network and no script. */
import { html, type Html } from './html.ts';
import { STYLE } from './style.ts';

/** Forbids what escaping might have missed: no script, nothing from elsewhere. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

export interface Page {
  readonly title: string;
  readonly heading: Html;
  readonly sections: readonly Html[];
}

export function page({ title, heading, sections }: Page): string {
  const shown = sections.filter(({ text }) => text !== '');
  const body = html`<a class="skip" href="#summary">Skip to the summary</a>${heading}${contents(shown)}<main>${shown}</main><footer><p>Made by Minefield Lab. What each figure means: docs/REPORT.md and docs/METRICS.md.</p></footer>`;
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">${html`<title>${title}</title>`.text}<style>${STYLE}</style></head><body>${body.text}</body></html>\n`;
}

/** Read from the sections themselves: their ids and titles, which are escaped already. */
function contents(sections: readonly Html[]): Html {
  const links = sections.flatMap(({ text }) => {
    const [, id, title] = /^<section id="([\w-]+)"[^>]*><h2[^>]*>(.*?)<\/h2>/s.exec(text) ?? [];
    return id === undefined || title === undefined ? [] : [{ id, title }];
  });
  return html`<nav aria-label="Contents"><ul>${links.map(({ id, title }) => html`<li><a href="#${id}">${unescaped(title)}</a></li>`)}</ul></nav>`;
}

function unescaped(text: string): string {
  return text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}
