/** What went through the network: transactions, messages, bytes. */
import { momentLayers, namesDown, quantity, runTime, type Moment, type Position } from './axes.ts';
import type { Layer } from './drawing.ts';
import { beside, figureOf, section } from './figure.ts';
import {
  amount,
  bytes,
  counted,
  duration,
  EMPTY,
  figure,
  html,
  percent,
  type Html,
} from './html.ts';
import type { RunData } from './run-data.ts';
import { seriesSign, SIGNS, type Sign } from './signs.ts';
import { number, text } from './table.ts';

/** Types that get a bar of their own; the table has all. */
const MAX_BARS = 12;
/** Room above the highest point. */
const HEADROOM = 1.15;
/** Types that get a line of their own. */
const MAX_LINES = 4;

export async function throughputFigure(data: RunData, moments: readonly Moment[]): Promise<Html> {
  const { throughput, stepMs, originMs, endMs, result } = data;
  if (throughput.length === 0) return EMPTY;
  const { submitted, committed, timedOut, conflicting } = result.transactions;
  const later = committed - throughput.reduce((sum, step) => sum + step.committed, 0);
  const share = submitted === 0 ? null : committed / submitted;
  const perSecond = (count: number): number => (count * 1000) / stepMs;
  const top = Math.max(...throughput.flatMap((step) => [step.submitted, step.committed]), 1);
  const y = quantity('y', {
    title: 'transactions a second',
    domain: [0, perSecond(top) * HEADROOM],
  });
  const line = (field: 'submitted' | 'committed', sign: Sign): Layer =>
    lineOver(
      data,
      sign,
      throughput.map((step) => [step.at_ms, perSecond(step[field])]),
      y,
    );
  return figureOf({
    id: 'throughput',
    title: 'Submitted and committed',
    words:
      `${amount(committed)} of ${counted(submitted, 'transaction')} committed (${percent(share)}); ` +
      `${amount(timedOut)} timed out, ${amount(conflicting)} conflicting. On average ` +
      `${figure(committed / (endMs / 1000))} committed a second; steps of ${duration(stepMs)}.` +
      (later > 0 ? ` ${amount(later)} were committed after the load had ended.` : ''),
    legend: [
      { text: 'submitted', sign: SIGNS.asked, as: 'line' },
      { text: 'committed', sign: SIGNS.commit, as: 'line' },
    ],
    plot: {
      height: 220,
      layers: () => [
        line('submitted', SIGNS.asked),
        line('committed', SIGNS.commit),
        ...momentLayers(moments, endMs),
      ],
    },
    data: {
      columns: [text('step begins'), number('submitted'), number('committed')],
      rows: throughput.map((step) => [
        duration(step.at_ms - originMs),
        amount(step.submitted),
        amount(step.committed),
      ]),
    },
  });
}

/** A line of values at the beginnings of steps, drawn at their middles. */
function lineOver(
  { originMs, endMs, stepMs }: RunData,
  sign: Sign,
  values: readonly (readonly [atMs: number, value: number])[],
  y: Position,
): Layer {
  const { unit, x } = runTime(endMs);
  return {
    data: {
      values: values.map(([at, value]) => ({
        x: (at - originMs + stepMs / 2) / unit.ms,
        y: value,
      })),
    },
    mark: { type: 'line', color: sign.colour, strokeDash: [...sign.dash] },
    encoding: { x: x('x'), y },
  };
}

export async function messagesSection(data: RunData): Promise<Html> {
  const { perCommit, datagramsPerCommit, perPeerPerCommit, bytesPerPeerPerSecond, byType } =
    data.result.messages;
  const types = Object.entries(byType).map(([type, sums]) => ({ type, ...sums }));
  const lead =
    `Counted at the sender while load was on: ${amount(perCommit, 1)} messages in ${amount(datagramsPerCommit, 1)} ` +
    `datagrams for each commit, ${amount(perPeerPerCommit, 1)} messages a peer and commit, ` +
    `${bytes(bytesPerPeerPerSecond)} a peer and second.`;
  if (types.length === 0) {
    return section('messages', 'Messages', html`<p>None was reported.</p>`, lead);
  }
  return section(
    'messages',
    'Messages',
    beside(
      await typesFigure('bytes', types),
      await typesFigure('count', types),
      await trafficFigure(data),
    ),
    lead,
  );
}

interface OfType {
  readonly type: string;
  readonly count: number;
  readonly bytes: number;
}

async function typesFigure(of: 'bytes' | 'count', types: readonly OfType[]): Promise<Html> {
  const sorted = types.toSorted((a, b) => b[of] - a[of]);
  const total = sorted.reduce((sum, entry) => sum + entry[of], 0);
  const shown = of === 'bytes' ? bytes : (value: number) => amount(value);
  const top = sorted.slice(0, MAX_BARS);
  const [first] = sorted;
  const values = top.map((entry) => ({
    type: entry.type,
    value: entry[of],
    text: shown(entry[of]),
  }));
  const rest = sorted.length - top.length;
  // Room for the figures beside the longest bar.
  const x = quantity('value', { title: null, domain: [0, (first?.[of] ?? 1) * 1.35] });
  const y = namesDown(
    'type',
    top.map(({ type }) => type),
    130,
  );
  return figureOf({
    id: `messages-${of}`,
    title: of === 'bytes' ? 'Bytes by type' : 'Messages by type',
    words:
      `${shown(total)}${of === 'count' ? ' messages' : ''} of ${counted(sorted.length, 'type')} in all; ` +
      `most of ${first?.type ?? ''}: ${shown(first?.[of] ?? 0)}, ${percent(total === 0 ? null : (first?.[of] ?? 0) / total)}.` +
      (rest > 0 ? ` The ${rest} smallest are in the table alone.` : ''),
    plot: {
      height: 24 + 22 * top.length,
      layers: () => [
        {
          data: { values },
          mark: { type: 'bar', color: SIGNS.commit.colour, height: 12 },
          encoding: { x, y },
        },
        {
          data: { values },
          mark: { type: 'text', align: 'left', dx: 5 },
          encoding: { x, y, text: { field: 'text' } },
        },
      ],
    },
    data: {
      columns: [text('type'), number('messages'), number('bytes'), number('bytes a message')],
      rows: sorted.map((entry) => [
        entry.type,
        amount(entry.count),
        bytes(entry.bytes),
        amount(entry.count === 0 ? null : entry.bytes / entry.count),
      ]),
    },
  });
}

async function trafficFigure(data: RunData): Promise<Html> {
  const { messages, datagrams, stepMs, originMs } = data;
  if (datagrams.length === 0) return EMPTY;
  const sums = Map.groupBy(messages, ({ type }) => type);
  const total = (type: string): number =>
    (sums.get(type) ?? []).reduce((sum, row) => sum + row.bytes, 0);
  const types = [...sums.keys()].toSorted((a, b) => total(b) - total(a)).slice(0, MAX_LINES);
  const kibPerSecond = (value: number): number => (value * 1000) / stepMs / 1024;
  const most = datagrams.reduce((a, b) => (b.bytes > a.bytes ? b : a));
  const y = quantity('y', {
    title: 'KiB a second',
    domain: [0, Math.max(kibPerSecond(most.bytes), 1) * HEADROOM],
  });
  return figureOf({
    id: 'traffic',
    title: 'Bytes over the run',
    words:
      `Of all members together, in steps of ${duration(stepMs)}; the busiest step begins at ` +
      `${duration(most.at_ms - originMs)}: ${bytes((most.bytes * 1000) / stepMs)} a second in ${amount((most.datagrams * 1000) / stepMs)} datagrams a second.`,
    legend: [
      { text: 'all, as UDP payload', sign: SIGNS.commit, as: 'line' },
      ...types.map((type, at) => ({ text: type, sign: seriesSign(at + 1), as: 'line' as const })),
    ],
    plot: {
      height: 240,
      layers: () => [
        lineOver(
          data,
          SIGNS.commit,
          datagrams.map((row) => [row.at_ms, kibPerSecond(row.bytes)]),
          y,
        ),
        ...types.map((type, at) =>
          lineOver(
            data,
            seriesSign(at + 1),
            (sums.get(type) ?? []).map((row) => [row.at_ms, kibPerSecond(row.bytes)]),
            y,
          ),
        ),
      ],
    },
    data: {
      columns: [text('step begins'), number('datagrams'), number('messages'), number('bytes')],
      rows: datagrams.map((row) => [
        duration(row.at_ms - originMs),
        amount(row.datagrams),
        amount(row.messages),
        bytes(row.bytes),
      ]),
    },
  });
}
