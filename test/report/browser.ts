/** A report in a real headless Chromium without any network, and what is looked at in its page. */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Null with the reason where there is none. */
export const MISSING = existsSync(CHROMIUM)
  ? null
  : `Chromium (apt-get install chromium; ${CHROMIUM})`;

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}

export interface Visit {
  readonly page: Page;
  /** What the page asked for, its own file first. */
  readonly requests: readonly string[];
  /** What went to the console, was thrown, or opened a dialog. */
  readonly complaints: readonly string[];
}

export interface Screen {
  readonly width: number;
  readonly colorScheme: 'light' | 'dark';
}

/** Opens a file; everything else it asks for is noted and refused. */
export async function visit(browser: Browser, file: string, screen: Screen): Promise<Visit> {
  const { width, colorScheme } = screen;
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const requests: string[] = [];
  const complaints: string[] = [];
  await page.route('**', (route) => {
    requests.push(route.request().url());
    return route.request().url().startsWith('file:') ? route.continue() : route.abort();
  });
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push('a dialog opened');
    void dialog.dismiss();
  });
  await page.goto(`file://${file}`);
  return { page, requests, complaints };
}

// What follows is evaluated in the page, as text: the page's DOM is no part of this program's types.

export const OPEN_ALL = `document.querySelectorAll('details').forEach((one) => { one.open = true; })`;

/** Elements that stick out of the page, but for what scrolls by itself. */
export const STICKING_OUT = `(() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (one) => one.closest('.scroll, pre') !== null && getComputedStyle(one.closest('.scroll, pre')).overflowX === 'auto';
  const out = [...document.querySelectorAll('body *')].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.width > 0 && (box.right > width + 1 || box.left < -1) && !scrolls(one) && !one.matches('.skip, .unseen');
  });
  return [document.documentElement.scrollWidth - width, ...out.map((one) => one.outerHTML.slice(0, 120))];
})()`;

/** Every text whose contrast with the ground below it is less than 4.5:1 (WCAG 2.2, 1.4.3). */
export const PALE_TEXTS = `(() => {
  const channel = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const parse = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
  const ground = (one) => {
    for (let at = one; at !== null; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const pale = new Set();
  let seen = 0;
  for (let text = walker.nextNode(); text !== null; text = walker.nextNode()) {
    const one = text.parentElement;
    if (text.textContent.trim() === '' || one.getClientRects().length === 0 || one.matches('.skip')) continue;
    seen += 1;
    const style = getComputedStyle(one);
    const ink = parse(one.namespaceURI.endsWith('svg') ? style.fill : style.color);
    const [a, b] = [luminance(ink), luminance(ground(one))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) pale.add(contrast.toFixed(2) + ' ' + one.outerHTML.slice(0, 100));
  }
  return { seen, pale: [...pale] };
})()`;

/** What a screen reader needs: each line is a fault. */
export const FAULTS_FOR_READERS = `(() => {
  const faults = [];
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const name = (one) => one.outerHTML.slice(0, 100);
  const ids = all('[id]').map(({ id }) => id);
  if (new Set(ids).size < ids.length) faults.push('an id twice');
  for (const attribute of ['aria-labelledby', 'aria-describedby']) {
    for (const one of all('[' + attribute + ']')) {
      const target = document.getElementById(one.getAttribute(attribute));
      if (target === null || target.textContent.trim() === '') faults.push(attribute + ' of nothing: ' + name(one));
    }
  }
  for (const link of all('a[href^="#"]')) {
    if (document.getElementById(link.getAttribute('href').slice(1)) === null) faults.push('a link to nothing: ' + name(link));
  }
  for (const one of ['header', 'nav[aria-label]', 'main', 'h1', 'a.skip']) {
    if (all(one).length !== 1) faults.push(all(one).length + ' of ' + one);
  }
  const levels = all('h1, h2, h3, h4').map(({ tagName }) => Number(tagName[1]));
  levels.forEach((level, at) => { if (level > (levels[at - 1] ?? 0) + 1) faults.push('a heading of level ' + level + ' after ' + levels[at - 1]); });
  if (document.documentElement.lang !== 'en') faults.push('no language');
  for (const table of all('table')) {
    if (table.caption === null || table.caption.textContent.trim() === '') faults.push('a table without caption');
    if (all('thead th:not([scope=col])', table).length > 0) faults.push('a column without scope');
    if (all('tbody tr', table).some((row) => row.querySelector('th[scope=row]') === null)) faults.push('a row without header: ' + table.caption.textContent);
  }
  for (const svg of all('svg')) {
    if (svg.closest('[role=img], [aria-hidden]') === null) faults.push('a chart without role: ' + name(svg));
  }
  for (const figure of all('figure')) {
    if (all('h3', figure).length !== 1 || all('.words', figure).length !== 1) faults.push('a figure without title or words');
    if (all('details table tbody tr', figure).length === 0) faults.push('a figure without its data: ' + name(figure));
  }
  for (const one of all('.scroll, pre')) {
    if (one.tabIndex !== 0 || one.getAttribute('aria-label') === null) faults.push('what scrolls cannot be focused: ' + name(one));
  }
  return faults;
})()`;

/** Legends in which two entries differ by colour alone. */
export const BY_COLOUR_ALONE = `[...document.querySelectorAll('.legend')].flatMap((legend) => {
  const signs = [...legend.querySelectorAll('svg')].map((svg) => [...svg.children].map((one) => one.tagName + (one.getAttribute('stroke-dasharray') ?? '') + (one.getAttribute('d') ?? '')).join());
  return new Set(signs).size < signs.length ? [legend.textContent] : [];
})`;

/** What could run or load something. */
export const LIVE_PARTS = `[...document.querySelectorAll('script, img, iframe, object, embed, form, base, meta[http-equiv=refresh], svg a, svg image, svg use')].map((one) => one.outerHTML.slice(0, 100))
  .concat([...document.querySelectorAll('*')].flatMap((one) => [...one.attributes].filter(({ name, value }) => name.startsWith('on') || /^\\s*javascript:/i.test(value)).map(({ name }) => name)))`;

/** Charts higher than a printed page would be cut. */
export const TOO_HIGH = `[...document.querySelectorAll('figure .plot')].filter((one) => one.getBoundingClientRect().height > 960 || getComputedStyle(one.closest('figure')).breakInside !== 'avoid').map((one) => one.closest('figure').textContent.slice(0, 60))`;
