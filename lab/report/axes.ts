/** Axes that several charts share: time of the run, durations, shares. */
import type { Field, PositionDef } from 'vega-lite/types_unstable/channeldef.js';
import { textOver, type Layer } from './drawing.ts';
import { SIGNS } from './signs.ts';

export type Position = PositionDef<Field>;

export interface Quantity {
  /** Null: no axis at all. */
  readonly title: string | null;
  readonly domain: readonly [number, number];
  /** How ticks are written: `.0%`. */
  readonly format?: string;
  readonly hasGrid?: boolean;
}

/** A number along an axis, over exactly this domain. */
export function quantity(field: string, { title, domain, format, hasGrid }: Quantity): Position {
  return {
    field,
    type: 'quantitative',
    title,
    scale: { domain: [...domain], nice: false, clamp: true },
    axis:
      title === null
        ? null
        : {
            tickCount: 5,
            ...(format === undefined ? {} : { format }),
            ...(hasGrid === undefined ? {} : { grid: hasGrid }),
          },
  };
}

/** Names down the left side, in their order; longer ones end in an ellipsis. */
export function namesDown(field: string, order: readonly string[], limit: number): Position {
  return {
    field,
    type: 'nominal',
    title: null,
    sort: [...order],
    axis: { labelColor: 'var(--ink)', labelLimit: limit, labelPadding: 6 },
  };
}

/** A unit in which the largest of some durations has one to three digits before the point. */
export interface TimeUnit {
  readonly name: 'ms' | 's' | 'min';
  readonly ms: number;
}

export function unitFor(maxMs: number): TimeUnit {
  if (maxMs < 2_000) return { name: 'ms', ms: 1 };
  if (maxMs < 600_000) return { name: 's', ms: 1_000 };
  return { name: 'min', ms: 60_000 };
}

/** Time after the load started; `endMs` is where it ended. */
export function runTime(endMs: number): {
  readonly unit: TimeUnit;
  readonly x: (field: string) => Position;
} {
  const unit = endMs < 600_000 ? ({ name: 's', ms: 1_000 } as const) : unitFor(endMs);
  const domain = [0, Math.max(endMs, 1) / unit.ms] as const;
  const title = `${unit.name} after the load started`;
  return { unit, x: (field) => quantity(field, { title, domain }) };
}

/** A moment of the run, drawn through a whole chart. */
export interface Moment {
  readonly atMs: number;
  readonly text: string;
  readonly sign: 'attack' | 'evidence' | 'fault';
}

/** Longer names end in an ellipsis, px. */
const MAX_NAME_WIDTH = 120;

/** Upright lines with their names at the top; `x` is that of the layers below. */
export function momentLayers(moments: readonly Moment[], endMs: number): readonly Layer[] {
  const { unit, x } = runTime(endMs);
  // What came after the axis’ end would be drawn at its edge, as if it had been then.
  const within = moments.filter(({ atMs }) => atMs <= endMs);
  const layers = within.map(({ atMs, text, sign }, at) => {
    const { colour, dash } = SIGNS[sign];
    const isLate = atMs > endMs * 0.7;
    const values = [{ at: atMs / unit.ms, text }];
    const rule: Layer = {
      data: { values },
      mark: { type: 'rule', color: colour, strokeDash: [...dash], strokeWidth: 1.5 },
      encoding: { x: x('at') },
    };
    const name = textOver(
      {
        color: colour,
        align: isLate ? 'right' : 'left',
        dx: isLate ? -5 : 5,
        baseline: 'top',
        limit: MAX_NAME_WIDTH,
      },
      {
        data: { values },
        encoding: { x: x('at'), y: { value: 1 + 16 * (at % 3) }, text: { field: 'text' } },
      },
    );
    return [rule, name] as const;
  });
  // All names above all lines.
  return [...layers.map(([rule]) => rule), ...layers.map(([, name]) => name)];
}
