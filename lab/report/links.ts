/** The links as asked for and as measured. */
import type { LinkMeasurement, RunResult } from '../analysis/result.ts';
import { namesDown, quantity, type Position } from './axes.ts';
import type { Layer } from './drawing.ts';
import { beside, figureOf, section } from './figure.ts';
import { amount, counted, duration, html, percent, type Html } from './html.ts';
import { SIGNS } from './signs.ts';
import { number, table, text, tick } from './table.ts';

/** Pairs that are drawn: those furthest off come first. */
const MAX_DRAWN = 24;
/** A matrix of more regions is wider than any page. */
const MAX_MATRIX = 12;

const SHAPED: Readonly<Record<RunResult['shaping'], string>> = {
  netem: 'by the kernel (netem)',
  userspace: 'at the sockets',
  simulated: 'in simulation',
  none: 'by nothing',
};

export async function linksSection({ links, shaping }: RunResult): Promise<Html> {
  const lead = `Round trip and loss between regions, shaped ${SHAPED[shaping]}; measured before the load began.`;
  if (links.length === 0) {
    return section('links', 'Links', html`<p>No link was measured.</p>`, lead);
  }
  return section('links', 'Links', beside(await linksFigure(links), matrix(links)), lead);
}

function pairOf({ from, to }: LinkMeasurement): string {
  return `${from} – ${to}`;
}

function offBy({ askedRttMs, measuredRttMs }: LinkMeasurement): number {
  return measuredRttMs === null ? Infinity : Math.abs(measuredRttMs - askedRttMs);
}

async function linksFigure(links: readonly LinkMeasurement[]): Promise<Html> {
  const chosen = links
    .toSorted((a, b) => Number(a.ok) - Number(b.ok) || offBy(b) - offBy(a))
    .slice(0, MAX_DRAWN);
  const drawn = chosen.toSorted((a, b) => b.askedRttMs - a.askedRttMs);
  const good = links.filter(({ ok }) => ok).length;
  const measured = links.filter(({ measuredRttMs }) => measuredRttMs !== null);
  const furthest = measured.toSorted((a, b) => offBy(b) - offBy(a))[0];
  const values = drawn.map((link) => ({
    pair: `${link.ok ? '' : '✗ '}${pairOf(link)}`,
    asked: link.askedRttMs,
    measured: link.measuredRttMs,
    right: Math.max(link.askedRttMs, link.measuredRttMs ?? 0),
    text: link.measuredRttMs === null ? 'not measured' : link.measuredRttMs.toFixed(1),
  }));
  const top = Math.max(1, ...links.flatMap((link) => [link.askedRttMs, link.measuredRttMs ?? 0]));
  const x = (field: string): Position =>
    quantity(field, { title: 'round trip, ms', domain: [0, top * 1.2], hasGrid: true });
  return figureOf({
    id: 'links-figure',
    title: 'Asked and measured',
    words:
      `${amount(good)} of ${counted(links.length, 'pair')} as asked` +
      (furthest === undefined || furthest.measuredRttMs === null
        ? '; none could be measured.'
        : `; furthest off: ${pairOf(furthest)}, asked ${duration(furthest.askedRttMs)}, measured ${duration(furthest.measuredRttMs)} (n ${furthest.n}).`) +
      (drawn.length < links.length ? ` The ${drawn.length} furthest off are drawn.` : ''),
    legend: [
      { text: 'asked', sign: SIGNS.asked, as: 'mark' },
      { text: 'measured, ms', sign: SIGNS.commit, as: 'mark' },
    ],
    plot: {
      height: 50 + 24 * drawn.length,
      layers: (width): readonly Layer[] => {
        const y = namesDown(
          'pair',
          values.map(({ pair }) => pair),
          width === 'narrow' ? 130 : 200,
        );
        return [
          {
            data: { values },
            mark: {
              type: 'point',
              shape: 'square',
              filled: false,
              color: SIGNS.asked.colour,
              size: 130,
              strokeWidth: 1.5,
            },
            encoding: { x: x('asked'), y },
          },
          {
            data: { values: values.filter((row) => row.measured !== null) },
            mark: { type: 'point', color: SIGNS.commit.colour, size: 45 },
            encoding: { x: x('measured'), y },
          },
          {
            data: { values },
            mark: { type: 'text', align: 'left', dx: 11, fontSize: 11 },
            encoding: { x: x('right'), y, text: { field: 'text' } },
          },
        ];
      },
    },
    data: {
      columns: [
        text('pair'),
        number('asked'),
        number('measured'),
        number('loss asked'),
        number('loss measured'),
        number('probes'),
        text('as asked'),
      ],
      rows: links.map((link) => [
        pairOf(link),
        duration(link.askedRttMs),
        duration(link.measuredRttMs),
        percent(link.askedLoss),
        percent(link.measuredLoss),
        amount(link.n),
        tick(link.ok, ['yes', 'no']),
      ]),
    },
  });
}

/** Regions against regions: measured, with what was asked beside it. */
function matrix(links: readonly LinkMeasurement[]): Html {
  const regions = [...new Set(links.flatMap(({ from, to }) => [from, to]))];
  if (regions.length > MAX_MATRIX) {
    return html`<p class="note">${regions.length} regions: too many for a matrix, the table above has all pairs.</p>`;
  }
  const cell = (from: string, to: string): Html | string => {
    const link = links.find(
      (one) => (one.from === from && one.to === to) || (one.from === to && one.to === from),
    );
    if (link === undefined) return '';
    const { measuredRttMs, askedRttMs, ok } = link;
    const measured = measuredRttMs === null ? '?' : measuredRttMs.toFixed(0);
    return html`${measured} / ${askedRttMs.toFixed(0)}${ok ? '' : html` <span class="bad">✗</span>`}`;
  };
  return table({
    caption: 'Round trips, ms: measured / asked (?: not measured)',
    isCaptioned: true,
    columns: [text('region'), ...regions.map(number)],
    rows: regions.map((from, row) => [
      from,
      ...regions.map((to, column) => (column < row ? '' : cell(from, to))),
    ]),
  });
}
