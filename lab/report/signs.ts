/**
 * What things look like, in every chart alike: a colour (a variable of the page, so that light, dark and
 * print are the style sheet's affair), and a shape or dash pattern that tells them apart without it.
 */
import { html, type Html } from './html.ts';

export type Shape = 'circle' | 'square' | 'diamond' | 'triangle-up' | 'triangle-down' | 'times';

export interface Sign {
  readonly colour: string;
  readonly shape: Shape;
  /** Lengths of dash and gap; empty: unbroken. */
  readonly dash: readonly number[];
}

/** The network doing its work, what is done to it, and what it does about that. */
export const SIGNS = {
  commit: { colour: 'var(--commit)', shape: 'circle', dash: [] },
  slow: { colour: 'var(--commit)', shape: 'circle', dash: [5, 3] },
  asked: { colour: 'var(--reference)', shape: 'square', dash: [2, 2] },
  attack: { colour: 'var(--attack)', shape: 'triangle-down', dash: [2, 2] },
  evidence: { colour: 'var(--evidence)', shape: 'diamond', dash: [6, 2] },
  proposal: { colour: 'var(--sentence)', shape: 'triangle-up', dash: [8, 3, 2, 3] },
  ban: { colour: 'var(--sentence)', shape: 'times', dash: [3, 2] },
  slash: { colour: 'var(--sentence)', shape: 'square', dash: [] },
  fault: { colour: 'var(--fault)', shape: 'circle', dash: [1, 2] },
} as const satisfies Record<string, Sign>;

/** Cells, detectors, regions: no more than these are told apart in one chart. */
export const SERIES: readonly Sign[] = [
  { colour: 'var(--series-1)', shape: 'circle', dash: [] },
  { colour: 'var(--series-2)', shape: 'square', dash: [7, 3] },
  { colour: 'var(--series-3)', shape: 'diamond', dash: [2, 2] },
  { colour: 'var(--series-4)', shape: 'triangle-up', dash: [9, 3, 2, 3] },
  { colour: 'var(--series-5)', shape: 'times', dash: [4, 4] },
  { colour: 'var(--series-6)', shape: 'triangle-down', dash: [12, 2, 2, 2] },
];

/** The sign of the nth series; after the last, the colours come again with other dashes and shapes. */
export function seriesSign(index: number): Sign {
  const colour = SERIES[index % SERIES.length]?.colour ?? SIGNS.commit.colour;
  const turn = Math.floor(index / SERIES.length) * 3;
  const { shape, dash } = SERIES[(index + turn) % SERIES.length] ?? SIGNS.commit;
  return { colour, shape, dash };
}

/** Outlines in a box from −5 to 5, as the chart library draws them. */
const OUTLINES: Readonly<Record<Shape, string>> = {
  circle: 'M4,0A4,4,0,1,1,-4,0A4,4,0,1,1,4,0',
  square: 'M-3.5,-3.5h7v7h-7Z',
  diamond: 'M0,-5L4,0L0,5L-4,0Z',
  'triangle-up': 'M0,-4L4.5,4L-4.5,4Z',
  'triangle-down': 'M0,4L4.5,-4L-4.5,-4Z',
  times: 'M-5,-3.6L-3.6,-5L0,-1.4L3.6,-5L5,-3.6L1.4,0L5,3.6L3.6,5L0,1.4L-3.6,5L-5,3.6L-1.4,0Z',
};

/** As the chart library takes it: a name, or an outline in a box from −1 to 1. */
export function shapeOf(shape: Shape): string {
  if (shape !== 'times') return shape;
  return OUTLINES.times.replace(/-?[\d.]+/g, (number) => String(Number(number) / 5));
}

export interface LegendEntry {
  readonly text: string;
  readonly sign: Sign;
  /** What it stands for in the chart. */
  readonly as: 'line' | 'mark' | 'line and mark';
}

/** Names beside the signs; words in the page, so that they wrap and are read out. */
export function legend(entries: readonly LegendEntry[]): Html {
  return html`<ul class="legend">${entries.map(({ text, sign, as }) => {
    const { colour, dash, shape } = sign;
    const line = html`<line x1="-13" x2="13" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash.join(' ')}"/>`;
    const mark = html`<path d="${OUTLINES[shape]}" fill="${colour}"/>`;
    return html`<li><svg viewBox="-14 -6 28 12" width="28" height="12" aria-hidden="true">${as === 'mark' ? '' : line}${as === 'line' ? '' : mark}</svg>${text}</li>`;
  })}</ul>`;
}
