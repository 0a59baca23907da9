/** A run's report as its reader has it: the texts of its tiles, facts, sentences and tables, and what a text says in numbers. */

interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: (Element | string)[];
}

export interface ReportTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface ReadReport {
  readonly heading: string;
  /** The verdict's own sentences. */
  readonly verdict: string;
  /** By label: the figure, and the note below it. */
  readonly tiles: ReadonlyMap<string, readonly [figure: string, note: string]>;
  /** First sentences of each section, by the section's id. */
  readonly leads: ReadonlyMap<string, string>;
  /** What stands under the title of each figure, by the figure's title. */
  readonly words: ReadonlyMap<string, string>;
  /** By caption. */
  readonly tables: ReadonlyMap<string, ReportTable>;
  /** Names and what belongs to them, by the section's id. */
  readonly facts: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

export function readReport(html: string): ReadReport {
  const page = parsed(html.slice(html.indexOf('<body>'), html.indexOf('</html>')));
  const sections = all(page, 'section');
  const byId = <T>(of: (section: Element) => T): Map<string, T> =>
    new Map(sections.map((section) => [section.attributes['id'] ?? '', of(section)]));
  const pairs = (list: readonly Element[]): (readonly [string, Element])[] =>
    list.map((entry) => [textOf(one(entry, 'dt')), one(entry, 'dd')]);
  const tiles = all(page, 'div').filter(hasClass('tile'));
  const figures = all(page, 'figure');
  const tables = all(page, 'table');
  return {
    heading: textOf(one(one(page, 'header'), 'p')),
    verdict: textOf(one(one(page, 'div', 'verdict'), 'p')),
    tiles: new Map(
      pairs(tiles).map(([label, dd]) => [label, [textOf(one(dd, 'b')), noteOf(dd)]] as const),
    ),
    leads: byId((section) => all(section, 'p').filter(hasClass('lead')).map(textOf).join(' ')),
    words: new Map(
      figures.map((figure) => [textOf(one(figure, 'h3')), textOf(one(figure, 'p', 'words'))]),
    ),
    tables: new Map(tables.map((table) => [textOf(one(table, 'caption')), tableOf(table)])),
    facts: byId((section) => {
      const lists = all(section, 'dl').filter((list) => !hasClass('tiles')(list));
      const entries = lists.flatMap((list) => all(list, 'div'));
      return new Map(pairs(entries).map(([name, dd]) => [name, textOf(dd)] as const));
    }),
  };
}

function tableOf(table: Element): ReportTable {
  const rows = all(one(table, 'tbody'), 'tr');
  return {
    columns: all(one(table, 'thead'), 'th').map(textOf),
    rows: rows.map((row) =>
      row.children.filter((cell) => typeof cell !== 'string').map((cell) => textOf(cell)),
    ),
  };
}

function noteOf(dd: Element): string {
  return all(dd, 'span').map(textOf).join(' ');
}

const TOKEN = /<(\/?)([a-zA-Z][\w-]*)((?:\s[^<>]*?)?)(\/?)>|([^<]+)/g;
const ATTRIBUTE = /([\w:-]+)="([^"]*)"/g;
/** What the pages hold of elements that have no end. */
const VOID = new Set(['br', 'hr', 'img', 'link', 'meta']);

/** Throws on what isn't well formed: a browser would guess, and a reader might see something else. */
function parsed(html: string): Element {
  const root: Element = { tag: '', attributes: {}, children: [] };
  const open: Element[] = [root];
  for (const [, slash, tag = '', attributes = '', empty, words] of html.matchAll(TOKEN)) {
    const parent = open.at(-1) ?? root;
    if (words !== undefined) parent.children.push(unescaped(words));
    else if (slash === '/') {
      if (parent.tag !== tag) throw new Error(`<${parent.tag}> is closed by </${tag}>`);
      open.pop();
    } else {
      const known = [...attributes.matchAll(ATTRIBUTE)].map(
        ([, name = '', value = '']) => [name, unescaped(value)] as const,
      );
      const element = { tag, attributes: Object.fromEntries(known), children: [] };
      parent.children.push(element);
      if (empty !== '/' && !VOID.has(tag)) open.push(element);
      if (open.length > MAX_DEPTH) throw new Error('elements are never closed');
    }
  }
  return root;
}

const MAX_DEPTH = 100;

function unescaped(text: string): string {
  return text
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&amp;', '&');
}

function all(within: Element, tag: string): Element[] {
  return within.children.flatMap((child) =>
    typeof child === 'string' ? [] : [...(child.tag === tag ? [child] : []), ...all(child, tag)],
  );
}

function one(within: Element, tag: string, name?: string): Element {
  const found = all(within, tag).find(name === undefined ? () => true : hasClass(name));
  if (found === undefined) throw new Error(`no <${tag}> in <${within.tag}>`);
  return found;
}

function hasClass(name: string): (element: Element) => boolean {
  return ({ attributes }) => (attributes['class'] ?? '').split(' ').includes(name);
}

function textOf(element: Element): string {
  const text = (child: Element | string): string =>
    typeof child === 'string' ? child : child.children.map(text).join('');
  return text(element).replaceAll(/\s+/g, ' ').trim();
}

/** The texts at the places of `{}`; throws when the sentence says anything else, so that no figure is missed. */
export function filled(text: string | undefined, sentence: string): string[] {
  const pattern = sentence
    .split('{}')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`))
    .join('(.+?)');
  const match = new RegExp(`^${pattern}$`).exec(text ?? '');
  if (match === null) throw new Error(`“${text ?? ''}” is not “${sentence}”`);
  return match.slice(1);
}

/** What a figure counts. Numbers of each are rounded as docs/REPORT.md says. */
export type Kind = 'count' | 'tenths' | 'hundredths' | 'time' | 'bytes' | 'share';

const NOTHING = new Set(['not measured', 'nobody lied', 'none seen']);
const KIB = 1024;

/** Whether a text says this number, as exactly as its kind is told; null is never told as a number. */
export function says(text: string, kind: Kind, value: number | null): boolean {
  if (value === null || NOTHING.has(text)) return value === null && NOTHING.has(text);
  const [, digits = '', unit = ''] =
    /^([\d,]+(?:\.\d+)?)(?: (ms|s|%|B|KiB|MiB))?$/.exec(text) ?? [];
  const told = Number(digits.replaceAll(',', ''));
  const grain = grainOf(kind, unit, value);
  if (digits === '' || grain === null) return false;
  const [scale, step] = grain;
  return Math.abs(told * scale - value) <= step / 2 + Math.abs(value) * 1e-9;
}

/** The size of a unit, and the step to which a value in it is rounded; null: not told in that unit. */
function grainOf(kind: Kind, unit: string, value: number): readonly [number, number] | null {
  switch (`${kind} ${unit}`) {
    case 'count ':
      return [1, 0];
    case 'tenths ':
      return [1, 0.1];
    case 'hundredths ':
      return [1, 0.01];
    case 'time ms':
      return value < 1000 ? [1, value < 10 ? 0.1 : 1] : null;
    case 'time s':
      return value >= 1000 ? [1000, value < 10_000 ? 10 : 100] : null;
    case 'bytes B':
      return value < KIB ? [1, 1] : null;
    case 'bytes KiB':
      return [KIB, 0.1 * KIB];
    case 'bytes MiB':
      return [KIB ** 2, 0.1 * KIB ** 2];
    case 'share %':
      return [0.01, (value > 0 && value < 0.1) || (value > 0.99 && value < 1) ? 0.001 : 0.01];
    default:
      return null;
  }
}
