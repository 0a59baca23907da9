/** Asked and measured round trips and loss between regions, as a matrix where it fits, or a list. */
import { createElement as h, memo } from 'react';
import type { LinkMeasurement } from '../analysis/result.ts';
import { percent } from '../terminal/style.ts';
import { Lines } from './lines.ts';
import type { Look } from './look.ts';
import { cell, line, rule, span, type Line } from './text.ts';
import { windowNote } from './window.ts';

interface Props {
  readonly links: readonly LinkMeasurement[];
  readonly view: 'matrix' | 'list';
  /** First row of the list that is to be seen. */
  readonly offset: number;
  readonly isMeasuring: boolean;
  readonly width: number;
  readonly height: number;
  readonly look: Look;
}

const REGION_WIDTH = 11;
const CELL_WIDTH = 13;

/** Title and matrix; a list when asked for, or when there are too many regions for the place. */
export const LinksPane = memo(function LinksPane(props: Props) {
  const { links, view, width, height, look, isMeasuring } = props;
  const good = links.filter(({ ok }) => ok).length;
  const note = isMeasuring
    ? 'measuring'
    : links.length === 0
      ? ''
      : `${good} of ${links.length} as asked`;
  const title = rule('Links: asked, measured', note, width, look.marks.rule);
  const regions = [...new Set(links.flatMap(({ from, to }) => [from, to]))];
  const fits = REGION_WIDTH + regions.length * CELL_WIDTH <= width && regions.length + 6 <= height;
  const lines =
    links.length === 0
      ? [line(''), line('  not measured yet; m measures the links now', 'dim')]
      : view === 'matrix' && fits
        ? matrix(regions, props)
        : list(props, height - 1);
  return h(Lines, { lines: [title, ...lines], width, height, look });
});

function matrix(regions: readonly string[], { links, look }: Props): Line[] {
  const between = (a: string, b: string) =>
    links.find(({ from, to }) => (from === a && to === b) || (from === b && to === a));
  const head = regions.map((region) => cell(region, CELL_WIDTH - 2, 'right').padStart(CELL_WIDTH));
  const rows = regions.map((row, at) => [
    span(cell(row, REGION_WIDTH)),
    ...regions.map((column, other) => {
      // A measurement holds for the pair: the lower half and the diagonal say it once.
      const link = other <= at ? between(row, column) : undefined;
      return link === undefined
        ? span(cell(other < at || other === at ? look.marks.track : '', CELL_WIDTH, 'right'), 'dim')
        : span(cellOf(link, look), link.ok ? 'normal' : 'bad');
    }),
  ]);
  return [
    [span(' '.repeat(REGION_WIDTH) + head.join(''), 'dim')],
    ...rows,
    line(''),
    line(
      `Round trips in ms: asked ${arrow(look)} measured. ${look.marks.bad} is further off than allowed.`,
      'dim',
    ),
    line('v shows the list with loss; m measures anew.', 'dim'),
  ];
}

const arrow = (look: Look) => (look.ascii ? '>' : '→');

function cellOf({ askedRttMs, measuredRttMs, ok }: LinkMeasurement, look: Look): string {
  const measured = measuredRttMs === null ? '–' : measuredRttMs.toFixed(0);
  const mark = ok ? ' ' : look.marks.bad;
  return `${String(Math.round(askedRttMs))}${arrow(look)}${measured}${mark}`.padStart(CELL_WIDTH);
}

function list({ links, offset, look }: Props, height: number): Line[] {
  const sorted = links.toSorted((a, b) => Number(a.ok) - Number(b.ok));
  const rows = height - 2;
  const from = Math.max(0, Math.min(offset, sorted.length - rows));
  const shown = { from, to: Math.min(sorted.length, from + rows) };
  const head = ['asked', 'measured', 'loss asked', 'measured', 'probes'];
  const note = windowNote(shown, sorted.length);
  return [
    line(`   ${cell('between', 28)}${head.map((text) => text.padStart(12)).join('')}`, 'dim'),
    ...sorted.slice(shown.from, shown.to).map((link) => listLine(link, look)),
    line(note === '' ? '' : `   ${note}`, 'dim'),
  ];
}

function listLine(link: LinkMeasurement, look: Look): Line {
  const { from, to, askedRttMs, measuredRttMs, askedLoss, measuredLoss, n, ok } = link;
  const cells = [
    `${askedRttMs} ms`,
    measuredRttMs === null ? '–' : `${measuredRttMs.toFixed(1)} ms`,
    percent(askedLoss, 1),
    percent(measuredLoss, 1),
    String(n),
  ];
  return [
    span(` ${ok ? look.marks.good : look.marks.bad} `, ok ? 'good' : 'bad'),
    span(cell(`${from} – ${to}`, 28)),
    span(cells.map((text) => text.padStart(12)).join(''), ok ? 'normal' : 'bad'),
  ];
}
