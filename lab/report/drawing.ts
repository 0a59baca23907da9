/**
 * Charts as SVG, drawn by Vega-Lite when the report is written: the file needs no script, prints, and
 * can't run what a hostile manifest put into it (the renderer escapes text; nothing here puts text of
 * others anywhere but into data). Colours are variables of the page. Text in an SVG that shrinks can't
 * be read, so each chart is drawn once for each width it may have; the style sheet shows the one that fits.
 */
import { logger, None, parse, View } from 'vega';
import { compile } from 'vega-lite';
import type { Config } from 'vega-lite';
import type { Field } from 'vega-lite/types_unstable/channeldef.js';
import type { MarkDef } from 'vega-lite/types_unstable/mark.js';
import type { LayerSpec, UnitSpec } from 'vega-lite/types_unstable/spec/index.js';
import { html, Html } from './html.ts';

/** One or several marks over the same axes. */
export type Layer = UnitSpec<Field> | LayerSpec<Field>;

/** Pixels: a phone, half a page, a whole page. The style sheet knows them too. */
export const WIDTHS = { narrow: 300, half: 500, whole: 1040 } as const;
export type Width = keyof typeof WIDTHS;
const HALF: readonly Width[] = ['narrow', 'half'];

export interface Plot {
  /** Pixels; of each width its own, where it needs one. */
  readonly height: number | ((width: Width) => number);
  readonly layers: (width: Width) => readonly Layer[];
  /** By default the narrow and the half one. */
  readonly widths?: readonly Width[];
  /** Scales that layers don't share. */
  readonly resolve?: LayerSpec<Field>['resolve'];
}

const TEXT = 'var(--soft)';
const CONFIG: Config = {
  // Read out from the words beside the chart, not from its marks.
  aria: false,
  font: 'F',
  view: { stroke: null },
  axis: {
    labelColor: TEXT,
    titleColor: TEXT,
    titleFontWeight: 'normal',
    labelFontSize: 12,
    titleFontSize: 12,
    gridColor: 'var(--line)',
    domainColor: 'var(--line)',
    tickColor: 'var(--line)',
    labelLimit: 150,
  },
  axisX: { grid: false, labelFlush: true, titlePadding: 6 },
  axisY: {
    domain: false,
    ticks: false,
    titleAnchor: 'end',
    titleAngle: 0,
    titleAlign: 'left',
    titleY: -12,
    titleBaseline: 'bottom',
  },
  text: { color: 'var(--ink)', fontSize: 12 },
  rule: { color: 'var(--reference)' },
  point: { filled: true, size: 60, opacity: 1 },
  line: { strokeWidth: 2 },
};

/** Text over lines: a rim in the colour of the ground keeps it readable. */
export function textOver(
  mark: Omit<MarkDef<'text'>, 'type'>,
  rest: Omit<UnitSpec<Field>, 'mark'>,
): Layer {
  const rim = { stroke: 'var(--card)', strokeWidth: 4, strokeJoin: 'round' } as const;
  return {
    layer: [
      { ...rest, mark: { ...mark, type: 'text', ...rim } },
      { ...rest, mark: { ...mark, type: 'text' } },
    ],
  };
}

/** The chart in all its widths. */
export async function draw(plot: Plot): Promise<Html> {
  const widths = plot.widths ?? HALF;
  const svgs = await Promise.all(
    widths.map(async (width) => {
      const { height, layers, resolve } = plot;
      const svg = await render(WIDTHS[width], {
        height: typeof height === 'number' ? height : height(width),
        layer: [...layers(width)],
        ...(resolve === undefined ? {} : { resolve }),
      });
      return html`<div class="at-${width}">${svg}</div>`;
    }),
  );
  return html`<div class="plot widths-${widths.length}">${svgs}</div>`;
}

type Drawn = Pick<LayerSpec<Field>, 'layer' | 'resolve'> & { readonly height: number };

async function render(width: number, { height, layer, resolve }: Drawn): Promise<Html> {
  const quiet = logger(None);
  const { spec } = compile(
    {
      width,
      height,
      layer,
      padding: { left: 2, right: 8, top: 6, bottom: 2 },
      autosize: { type: 'fit', contains: 'padding' },
      background: 'transparent',
      config: CONFIG,
      ...(resolve === undefined ? {} : { resolve }),
    },
    { logger: quiet },
  );
  const view = new View(parse(spec), { renderer: 'none', logger: quiet });
  const svg = await view.toSVG();
  view.finalize();
  return new Html(slim(svg));
}

/** Without what only a file of its own needs, what is not seen, and decimals below a hundredth of a pixel. */
function slim(svg: string): string {
  return svg
    .replace(/<svg [^>]*?(viewBox="[^"]*")[^>]*>/, '<svg $1>')
    .replace(
      /<path class="(?:background|foreground)"[^>]*><\/path>|<path class="(?:background|foreground)"[^>]*\/>/g,
      '',
    )
    .replaceAll(' font-family="F"', '')
    .replaceAll(' pointer-events="none"', '')
    .replaceAll(' opacity="1"', '')
    .replace(/ (?:role="graphics-\w+"|aria-roledescription="[\w ]+"|aria-hidden="true")/g, '')
    .replace(/ class="mark-[^"]*"/g, '')
    .replace(/ (?:d|transform|x2|y2)="[^"<]*"/g, (attribute) =>
      attribute.replace(/-?\d+\.\d{3,}(?:e-\d+)?/g, (number) =>
        String(Math.round(Number(number) * 100) / 100),
      ),
    );
}
