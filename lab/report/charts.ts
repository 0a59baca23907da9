/**
 * Charts as SVG written at once: no script, so the file opens anywhere, prints, and can't run what a
 * hostile manifest put into it. Colours are the page's variables; sizes are viewBox units.
 */
import { duration, html, type Html } from './html.ts';

const WIDTH = 640;
const HEIGHT = 220;
const MARGIN = { left: 76, right: 30, top: 14, bottom: 30 };
const PLOT = {
  width: WIDTH - MARGIN.left - MARGIN.right,
  height: HEIGHT - MARGIN.top - MARGIN.bottom,
};
/** More dots than this are neither seen nor small: every nth is drawn, and the chart says so. */
const MAX_DOTS = 1500;

/** Round steps that divide `0..max` into about `wanted` parts. */
export function ticksOf(max: number, wanted: number): readonly number[] {
  if (!(max > 0)) return [0];
  const rough = max / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((candidate) => candidate >= rough) ?? rough;
  return Array.from({ length: Math.floor(max / step) + 1 }, (_, i) => i * step);
}

interface Scale {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

function scaleOf(maxX: number, maxY: number): Scale {
  return {
    x: (value) => round(MARGIN.left + (value / (maxX || 1)) * PLOT.width),
    y: (value) => round(MARGIN.top + PLOT.height - (value / (maxY || 1)) * PLOT.height),
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function frame(
  label: string,
  scale: Scale,
  axes: {
    readonly x: readonly (readonly [number, string])[];
    readonly y: readonly (readonly [number, string])[];
  },
  body: readonly Html[],
): Html {
  const lines = axes.y.map(
    ([value, text]) => html`<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}"
 y1="${scale.y(value)}" y2="${scale.y(value)}"/><text x="${MARGIN.left - 8}"
 y="${scale.y(value) + 4}" text-anchor="end">${text}</text>`,
  );
  const below = axes.x.map(
    ([value, text]) => html`<text x="${scale.x(value)}" y="${HEIGHT - 8}"
 text-anchor="middle">${text}</text>`,
  );
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">${lines}${below}${body}</svg>`;
}

export interface Mark {
  readonly atMs: number;
  readonly label: string;
  readonly tone: 'bad' | 'good' | 'warn';
}

/** How many transactions were final within a time: cumulative share, with p50, p90, p99 marked. */
export function cumulative(
  values: readonly number[],
  marks: readonly (readonly [label: string, valueMs: number | null])[],
): Html {
  const sorted = [...values].sort((a, b) => a - b);
  const max = (sorted.at(-1) ?? 1) * 1.04;
  const scale = scaleOf(max, 1);
  const stride = Math.max(1, Math.ceil(sorted.length / 400));
  const points = sorted
    .map((value, i) => [value, (i + 1) / sorted.length] as const)
    .filter((_, i) => i % stride === 0 || i === sorted.length - 1)
    .map(([value, share]) => `H${scale.x(value)}V${scale.y(share)}`);
  const path = `M${scale.x(0)} ${scale.y(0)}${points.join('')}`;
  const shown = marks.flatMap(([label, value]) => {
    if (value === null) return [];
    // Right of the line the curve is above the label; near the edge there is room only left of it.
    const atEdge = value > max * 0.75;
    const x = scale.x(value) + (atEdge ? -6 : 6);
    const y = scale.y(Number(label.slice(1)) / 100) + (atEdge ? 20 : 18);
    return [
      html`<line class="mark" x1="${scale.x(value)}" x2="${scale.x(value)}" y1="${MARGIN.top}"
 y2="${HEIGHT - MARGIN.bottom}"/><text class="strong" x="${x}" y="${y}"
 text-anchor="${atEdge ? 'end' : 'start'}">${label} ${duration(value)}</text>`,
    ];
  });
  return frame(
    'Cumulative distribution of finality',
    scale,
    {
      x: ticksOf(max, 6).map((tick) => [tick, duration(tick)]),
      y: [0, 0.25, 0.5, 0.75, 1].map((tick) => [tick, `${tick * 100} %`]),
    },
    [
      html`<path class="area" d="${path}V${scale.y(0)}Z"/><path class="line" d="${path}"/>`,
      ...shown,
    ],
  );
}

/** Finality of each transaction over the time of its submission, with the moments of the attack. */
export function overTime(
  dots: readonly { readonly atMs: number; readonly valueMs: number }[],
  endMs: number,
  marks: readonly Mark[],
): Html {
  const maxX = Math.max(endMs, ...marks.map((mark) => mark.atMs), 1);
  const maxY = dots.reduce((max, dot) => Math.max(max, dot.valueMs), 1) * 1.06;
  const scale = scaleOf(maxX, maxY);
  const stride = Math.max(1, Math.ceil(dots.length / MAX_DOTS));
  const drawn = dots.filter((_, i) => i % stride === 0);
  return frame(
    `Finality over the run${stride > 1 ? ` (every ${stride}th transaction)` : ''}`,
    scale,
    {
      x: ticksOf(maxX, 7).map((tick) => [tick, duration(tick)]),
      y: ticksOf(maxY, 4).map((tick) => [tick, duration(tick)]),
    },
    [
      ...marks.map(
        (mark) => html`<line class="mark ${mark.tone}" x1="${scale.x(mark.atMs)}"
 x2="${scale.x(mark.atMs)}" y1="${MARGIN.top}" y2="${HEIGHT - MARGIN.bottom}"><title>${
   mark.label
 } ${duration(mark.atMs)}</title></line>`,
      ),
      html`<g class="dots">${drawn.map(
        (dot) =>
          html`<circle cx="${scale.x(Math.max(0, dot.atMs))}" cy="${scale.y(dot.valueMs)}" r="2.4"/>`,
      )}</g>`,
    ],
  );
}

/** Evidence and ban nearly coincide: the later mark is smaller, so that both show. */
const RADIUS: Readonly<Record<Mark['tone'], number>> = { bad: 5.5, warn: 7.5, good: 4.5 };

/** One offender a line: first lie, detection, ban, slash on a common axis of time. */
export function timeline(
  lanes: readonly { readonly name: string; readonly marks: readonly Mark[] }[],
  strikeMs: number | null,
  endMs: number,
): Html {
  const times = lanes.flatMap((lane) => lane.marks.map((mark) => mark.atMs));
  const first = Math.min(strikeMs ?? endMs, ...times);
  const last = Math.max(first + 1, ...times);
  const from = Math.max(0, first - (last - first) * 0.06);
  const span = (last - from) * 1.05;
  const left = 120;
  const height = 34 + lanes.length * 26;
  const x = (ms: number): number => round(left + ((ms - from) / span) * (WIDTH - left - 12));
  const lines = lanes.map((lane, i) => {
    const y = 20 + i * 26;
    const own = lane.marks.map((mark) => mark.atMs);
    return html`<text x="0" y="${y + 4}">${lane.name.slice(0, 16)}</text><line class="grid" x1="${left}"
 x2="${WIDTH - 12}" y1="${y}" y2="${y}"/><line class="lane" x1="${x(Math.min(...own))}"
 x2="${x(Math.max(...own))}" y1="${y}" y2="${y}"/>${lane.marks.map(
   (mark) =>
     html`<circle class="${mark.tone}" cx="${x(mark.atMs)}" cy="${y}" r="${RADIUS[mark.tone]}"><title>${
       mark.label
     } at ${duration(mark.atMs)}</title></circle>`,
 )}`;
  });
  const strike =
    strikeMs === null
      ? html``
      : html`<line class="mark bad" x1="${x(strikeMs)}" x2="${x(strikeMs)}" y1="4" y2="${height - 22}"/>`;
  const step = ticksOf(span, 5)[1] ?? span;
  const firstTick = Math.ceil(from / step);
  const count = Math.floor((from + span) / step) - firstTick + 1;
  const ticks = Array.from({ length: Math.max(0, count) }, (_, i) => (firstTick + i) * step).map(
    (tick) =>
      html`<text x="${x(tick)}" y="${height - 4}" text-anchor="middle">${duration(tick)}</text>`,
  );
  return html`<svg class="timeline" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Attack timeline">${strike}${lines}${ticks}</svg>`;
}

/** Horizontal bars with their own labels; `share` 0–1 of the longest. */
export function bars(
  rows: readonly { readonly label: string; readonly value: number; readonly text: string }[],
): Html {
  const max = Math.max(1, ...rows.map((row) => row.value));
  return html`<div class="bars">${rows.map(
    (row) =>
      html`<span class="label">${row.label}</span><span class="bar"><i style="width:${round(
        (row.value / max) * 100,
      )}%"></i></span><span class="figure">${row.text}</span>`,
  )}</div>`;
}
