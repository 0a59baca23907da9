/** The figures of bench/scale.ts as a picture: cost of a transaction over the size of the network. */

const WIDTH = 720;
const HEIGHT = 320;
const MARGIN = { left: 70, right: 70, top: 44, bottom: 48 };
/** Room above the highest point. */
const HEADROOM = 1.25;

interface Figures {
  readonly members: number;
  readonly perTransaction: { readonly cpuMs: number; readonly datagrams: number };
}

interface Series {
  readonly name: string;
  readonly colour: string;
  readonly values: readonly number[];
  readonly side: 'left' | 'right';
}

/** An SVG document: members on a logarithmic axis, both costs on linear ones that begin at zero. */
export function plot(figures: readonly Figures[], transactions: number): string {
  const sizes = figures.map(({ members }) => members);
  const [first, last] = [Math.log(Math.min(...sizes)), Math.log(Math.max(...sizes))];
  const width = WIDTH - MARGIN.left - MARGIN.right;
  const x = (members: number): number =>
    MARGIN.left + (width * (Math.log(members) - first)) / Math.max(1e-9, last - first);
  const series: readonly Series[] = [
    {
      name: 'processor ms per transaction',
      colour: '#1f5fa8',
      values: figures.map(({ perTransaction }) => perTransaction.cpuMs),
      side: 'left',
    },
    {
      name: 'datagrams per transaction',
      colour: '#b5502b',
      values: figures.map(({ perTransaction }) => perTransaction.datagrams),
      side: 'right',
    },
  ];
  const bottom = HEIGHT - MARGIN.bottom;
  const below = sizes.map(
    (members) =>
      `<text x="${round(x(members))}" y="${bottom + 20}" text-anchor="middle">${members.toLocaleString('en')}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${MARGIN.left}" y="18" font-size="14">Cost of a transaction over the size of the network (${transactions} transactions each)</text>`,
    ...series.flatMap((each, at) => drawn(each, sizes.map(x), at)),
    `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${bottom}" y2="${bottom}" stroke="#333"/>`,
    ...below,
    `<text x="${WIDTH / 2}" y="${HEIGHT - 8}" text-anchor="middle">members</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function drawn(
  { name, colour, values, side }: Series,
  xs: readonly number[],
  at: number,
): string[] {
  const max = Math.max(...values) * HEADROOM;
  const height = HEIGHT - MARGIN.top - MARGIN.bottom;
  const y = (value: number): number => HEIGHT - MARGIN.bottom - (height * value) / max;
  const isLeft = side === 'left';
  const edge = isLeft ? MARGIN.left - 8 : WIDTH - MARGIN.right + 8;
  const anchor = isLeft ? 'end' : 'start';
  const points = values.map((value, index) => [round(xs[index] ?? 0), round(y(value))] as const);
  return [
    `<text x="${MARGIN.left + 230 * at}" y="36" fill="${colour}">● ${name}</text>`,
    ...ticksOf(max, 4).map(
      (tick) =>
        `<text x="${edge}" y="${round(y(tick)) + 4}" text-anchor="${anchor}" fill="${colour}">${tick}</text>`,
    ),
    `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.map((point) => point.join(',')).join(' ')}"/>`,
    ...points.map(
      ([px, py], index) =>
        `<circle cx="${px}" cy="${py}" r="4" fill="${colour}"><title>${values[index]}</title></circle>`,
    ),
  ];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Round steps that divide `0..max` into about `wanted` parts. */
function ticksOf(max: number, wanted: number): readonly number[] {
  if (!(max > 0)) return [0];
  const rough = max / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((candidate) => candidate >= rough) ?? rough;
  return Array.from({ length: Math.floor(max / step) + 1 }, (_, i) => i * step);
}
