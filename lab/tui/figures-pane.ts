/** The run's figures, each with how it went over time. */
import { createElement as h, memo } from 'react';
import type { LiveModel, LivePoint, LiveSeries } from '../live/model.ts';
import type { LiveFigures } from '../supervisor/api.ts';
import { duration, grouped } from '../terminal/style.ts';
import { Lines } from './lines.ts';
import type { Look } from './look.ts';
import { sparkline } from './sparkline.ts';
import { fit, line, rule, span, type Line, type Tone } from './text.ts';
import { bytes, clock } from './words.ts';

interface Props {
  readonly series: LiveModel['series'];
  readonly figures: LiveFigures | null;
  readonly width: number;
  readonly height: number;
  readonly look: Look;
}

interface Figure {
  readonly name: string;
  readonly value: string;
  readonly tone: Tone;
  readonly values: readonly (number | null)[];
}

/** Title, then for each figure its value and a sparkline; without room for both, on one line. */
export const FiguresPane = memo(function FiguresPane(props: Props) {
  const { series, width, height, look } = props;
  const spanMs = series.points.length * series.stepMs;
  const note = spanMs === 0 ? '' : `last ${clock(spanMs)}`;
  const room = height - 1;
  const figures = figuresOf(props.figures, series);
  const lines = [
    rule('Figures', note, width, look.marks.rule),
    ...(room >= figures.length * 2 ? twoLines(figures, props) : oneLine(figures, props)),
  ];
  return h(Lines, { lines: spaced(lines, figures.length, room), width, height, look });
});

/** An empty line between figures where there is room for one. */
function spaced(lines: readonly Line[], figures: number, room: number): Line[] {
  if (room < figures * 3 - 1) return [...lines];
  const [title = [], ...rest] = lines;
  return [title, ...rest.flatMap((of, at) => (at % 2 === 0 && at > 0 ? [line(''), of] : [of]))];
}

/** Figures per second over the newest steps: one step alone jumps about. */
const RATE_STEPS = 5;

function perSecond({ stepMs, points }: LiveSeries, pick: (point: LivePoint) => number): number {
  // The newest step is not over.
  const whole = points.slice(-RATE_STEPS - 1, -1);
  if (whole.length === 0) return 0;
  return whole.reduce((sum, point) => sum + pick(point), 0) / ((whole.length * stepMs) / 1000);
}

/** The newest step in which anything was measured. */
function newest(points: readonly LivePoint[], pick: (point: LivePoint) => number | null) {
  const at = points.findLast((point) => pick(point) !== null);
  return at === undefined ? null : pick(at);
}

/** Events of every step so far, added up. */
function soFar(points: readonly LivePoint[], pick: (point: LivePoint) => number): number[] {
  let sum = 0;
  return points.map((point) => (sum += pick(point)));
}

function figuresOf(figures: LiveFigures | null, series: LiveSeries): Figure[] {
  const { points } = series;
  const per = (pick: (point: LivePoint) => number) => perSecond(series, pick);
  const count = (value: number | undefined) => (value === undefined ? '–' : grouped(value));
  const flags = soFar(points, (point) => point.flags).at(-1) ?? 0;
  return [
    {
      name: 'finality p50',
      value: duration(newest(points, ({ p50Ms }) => p50Ms)),
      tone: 'good',
      values: points.map(({ p50Ms }) => p50Ms),
    },
    {
      name: 'finality p99',
      value: duration(newest(points, ({ p99Ms }) => p99Ms)),
      tone: 'good',
      values: points.map(({ p99Ms }) => p99Ms),
    },
    {
      name: 'committed',
      value: `${count(figures?.committed)} of ${count(figures?.submitted)}, ${per((p) => p.committed).toFixed(1)} /s`,
      tone: 'accent',
      values: points.map(({ committed }) => committed),
    },
    {
      name: 'messages',
      value: `${grouped(Math.round(per((p) => p.messages)))} /s, ${bytes(per((p) => p.bytes))}/s`,
      tone: 'accent',
      values: points.map(({ messages }) => messages),
    },
    {
      name: 'evidence',
      value: `${count(figures?.evidence)}, flags ${grouped(flags)}`,
      tone: 'warning',
      values: soFar(points, ({ evidence }) => evidence),
    },
    {
      name: 'banned',
      value: `${count(figures?.banned)}, slashed ${count(figures?.slashed)}`,
      tone: 'bad',
      values: soFar(points, ({ bans }) => bans),
    },
  ];
}

const NAME_WIDTH = 13;

function twoLines(figures: readonly Figure[], { width, look }: Props): Line[] {
  return figures.flatMap(({ name, value, tone, values }) => [
    fit([span(name.padEnd(NAME_WIDTH), 'dim'), span(value, 'strong')], width),
    [span(sparkline(values, width, look.marks.bars), tone)],
  ]);
}

function oneLine(figures: readonly Figure[], { width, look }: Props): Line[] {
  const valueWidth = Math.min(
    Math.max(...figures.map(({ value }) => value.length)),
    width - NAME_WIDTH,
  );
  const bars = width - NAME_WIDTH - valueWidth - 1;
  return figures.map(({ name, value, tone, values }) =>
    fit(
      [
        span(name.padEnd(NAME_WIDTH), 'dim'),
        span(value.padEnd(valueWidth), 'strong'),
        span(' '),
        span(sparkline(values, bars, look.marks.bars), tone),
      ],
      width,
    ),
  );
}
