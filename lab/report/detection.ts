/** Who was found out, by what, who was wronged, and what looking cost. */
import { momentLayers, namesDown, quantity, runTime, type Moment } from './axes.ts';
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
import { SIGNS } from './signs.ts';
import { number, table, text } from './table.ts';

/** Names of who banned somebody: the first so many. */
const MAX_NAMED = 6;

export async function detectionSection(data: RunData, moments: readonly Moment[]): Promise<Html> {
  const { offenders, truePositives, falseNegatives, rate, rateInterval } = data.result.detection;
  const { observerQueriesPerSecond, falsePositives } = data.result.detection;
  const [lo, hi] = rateInterval ?? [null, null];
  const found =
    offenders === 0
      ? 'No identity told a provable lie, so there is no rate.'
      : `${amount(truePositives)} of ${counted(offenders, 'offender')} detected, ${amount(falseNegatives)} missed: ${percent(rate)} (95 % interval ${percent(lo)} – ${percent(hi)}; unit: the identity).`;
  const asked =
    observerQueriesPerSecond === null
      ? 'how many questions clients asked was not measured'
      : `each client asked ${amount(observerQueriesPerSecond, 2)} questions a second, drawn independently of what was attacked`;
  return section(
    'detection',
    'Detection',
    html`${beside(await layersFigure(data), await foundFigure(data, moments))}${banTable(data)}`,
    `${found} ${counted(falsePositives, 'honest identity', 'honest identities')} wrongly accused; ${asked}.`,
  );
}

/** What weighs less than evidence: whom each layer flagged, rightly and wrongly, and at what cost. */
async function layersFigure({ result }: RunData): Promise<Html> {
  const { byLayer } = result.detection;
  if (byLayer === null) return html`<p class="note">No detection layer reported anything.</p>`;
  const top = Math.max(1, ...byLayer.map((row) => Math.max(row.truePositives, row.falsePositives)));
  const right = byLayer.map(({ layer, truePositives: n }) => ({ layer, n, text: amount(n) }));
  const wrong = byLayer.map(({ layer, falsePositives: n }) => ({ layer, n, text: amount(n) }));
  const x = quantity('n', {
    title: 'identities flagged',
    domain: [-0.02 * top, top * 1.15],
    format: 'd',
    hasGrid: true,
  });
  const wronged = byLayer.reduce((sum, row) => sum + row.falsePositives, 0);
  const dots = (values: readonly object[], isRight: boolean): readonly Layer[] => {
    const y = namesDown(
      'layer',
      byLayer.map(({ layer }) => layer),
      110,
    );
    const colour = isRight ? SIGNS.evidence.colour : SIGNS.commit.colour;
    const yOffset = isRight ? -7 : 7;
    return [
      {
        data: { values: [...values] },
        mark: {
          type: 'point',
          shape: isRight ? 'diamond' : 'circle',
          color: colour,
          size: 80,
          yOffset,
        },
        encoding: { x, y },
      },
      {
        data: { values: [...values] },
        mark: { type: 'text', align: 'left', dx: 9, yOffset, fontSize: 11 },
        encoding: { x, y, text: { field: 'text' } },
      },
    ];
  };
  return figureOf({
    id: 'layers',
    title: 'Flags by layer',
    words: `${byLayer.map((row) => `${row.layer} flagged ${amount(row.truePositives)} adversaries and ${amount(row.falsePositives)} honest`).join('; ')}. ${wronged === 0 ? 'No false positive.' : `${counted(wronged, 'false positive')} in all.`} A flag alone never bans.`,
    legend: [
      { text: 'adversaries', sign: SIGNS.evidence, as: 'mark' },
      { text: 'honest: false positives', sign: SIGNS.commit, as: 'mark' },
    ],
    plot: {
      height: 50 + 36 * byLayer.length,
      layers: () => [...dots(right, true), ...dots(wrong, false)],
    },
    data: {
      columns: [
        text('layer'),
        ...[
          'adversaries flagged',
          'honest flagged',
          'checks',
          'messages',
          'bytes',
          'signatures',
        ].map(number),
      ],
      rows: byLayer.map((row) => [
        row.layer,
        amount(row.truePositives),
        amount(row.falsePositives),
        amount(row.checks),
        amount(row.messages),
        bytes(row.bytes),
        amount(row.signatures),
      ]),
    },
  });
}

/** How many flags, packages, bans and slashings there had been by each time. */
async function foundFigure(data: RunData, moments: readonly Moment[]): Promise<Html> {
  const { found, originMs, lastMs: endMs, stepMs } = data;
  if (found.length === 0) return html`<p class="note">Nothing was flagged, proven or banned.</p>`;
  const { unit, x } = runTime(endMs);
  const kinds = [
    ['evidence', 'packages of evidence', SIGNS.evidence],
    ['bans', 'identities banned', SIGNS.ban],
    ['slashings', 'identities slashed by vote', SIGNS.slash],
  ] as const;
  const sums = kinds.map(([kind]) => found.reduce((sum, step) => sum + step[kind], 0));
  const top = Math.max(1, ...sums);
  const y = quantity('y', { title: 'so far', domain: [0, top * 1.15], format: 'd' });
  const line = ([kind, , sign]: (typeof kinds)[number]): Layer => {
    let total = 0;
    const values = found.map((step) => {
      total += step[kind];
      return { x: (step.at_ms + stepMs - originMs) / unit.ms, y: total };
    });
    const start = { x: ((found[0]?.at_ms ?? originMs) - originMs) / unit.ms, y: 0 };
    return {
      data: { values: [{ x: 0, y: 0 }, start, ...values, { x: endMs / unit.ms, y: total }] },
      mark: {
        type: 'line',
        interpolate: 'step-after',
        color: sign.colour,
        strokeDash: [...sign.dash],
      },
      encoding: { x: x('x'), y },
    };
  };
  return figureOf({
    id: 'found',
    title: 'Evidence, bans, slashings',
    words: `${kinds.map(([, name], at) => `${amount(sums[at] ?? 0)} ${name}`).join(', ')}; ${amount(found.reduce((sum, step) => sum + step.flags, 0))} flags. Each thing counts when somebody honest first saw it; steps of ${duration(stepMs)}.`,
    legend: kinds.map(([, name, sign]) => ({ text: name, sign, as: 'line' })),
    plot: { height: 220, layers: () => [...kinds.map(line), ...momentLayers(moments, endMs)] },
    data: {
      columns: [text('step begins'), ...['flags', 'evidence', 'bans', 'slashings'].map(number)],
      rows: found.map((step) => [
        duration(step.at_ms - originMs),
        amount(step.flags),
        amount(step.evidence),
        amount(step.bans),
        amount(step.slashings),
      ]),
    },
  });
}

function banTable({ sentences }: RunData): Html {
  const byAccused = Map.groupBy(
    sentences.filter(({ how }) => how === 'banned'),
    ({ accused }) => accused,
  );
  if (byAccused.size === 0) return html`<p class="note">Nobody was banned.</p>`;
  return table({
    caption: 'Who was banned, and by whom',
    isCaptioned: true,
    columns: [text('banned'), text('in truth'), number('by'), text('members, first first')],
    rows: [...byAccused.values()].flatMap((bans) => {
      const [first] = bans;
      if (first === undefined) return [];
      const by = bans.map((ban) => ban.by);
      const more = by.length > MAX_NAMED ? ` and ${by.length - MAX_NAMED} more` : '';
      return [
        [
          first.member,
          first.adversary === '' ? html`<span class="bad">✗ honest</span>` : first.adversary,
          amount(by.length),
          by.slice(0, MAX_NAMED).join(', ') + more,
        ],
      ];
    }),
  });
}

/** What the members' processes took: empty of a simulated run, which has none. */
export async function costsSection(data: RunData): Promise<Html> {
  const { resources, resourcesByPeer, originMs, endMs, stepMs } = data;
  if (resources.length === 0 || data.result.shaping === 'simulated') return EMPTY;
  const { unit, x } = runTime(endMs);
  const top = Math.max(...resources.map(({ cores }) => cores), 0.1);
  const y = quantity('y', { title: 'cores kept busy', domain: [0, top * 1.15] });
  const mean = resources.reduce((sum, step) => sum + step.cores, 0) / resources.length;
  const chart = await figureOf({
    id: 'resources',
    title: 'Processor time of all members',
    words: `On average ${figure(mean)} cores over ${counted(resources.length, 'step')} of ${duration(stepMs)}; at most ${figure(top)}.`,
    plot: {
      height: 200,
      layers: () => [
        {
          data: {
            values: resources.map((step) => ({
              x: (step.at_ms - originMs + stepMs / 2) / unit.ms,
              y: step.cores,
            })),
          },
          mark: { type: 'line', color: SIGNS.commit.colour },
          encoding: { x: x('x'), y },
        },
      ],
    },
    data: {
      columns: [
        text('step begins'),
        ...['cores', 'median memory', 'largest memory', 'event loop delay p99'].map(number),
      ],
      rows: resources.map((step) => [
        duration(step.at_ms - originMs),
        figure(step.cores),
        bytes(step.resident_bytes),
        bytes(step.worst_resident_bytes),
        duration(step.loop_delay_p99_ms),
      ]),
    },
  });
  const peers = html`<details><summary>Member by member</summary>${table({
    caption: 'What each member took',
    columns: [
      text('member'),
      ...['median memory', 'private', 'worst event loop delay p99', 'socket drops'].map(number),
    ],
    rows: resourcesByPeer.map((row) => [
      row.peer,
      bytes(row.resident_bytes),
      bytes(row.private_bytes),
      duration(row.loop_delay_p99_ms),
      amount(row.socket_drops),
    ]),
  })}</details>`;
  return section(
    'costs',
    'Costs',
    html`${chart}${peers}`,
    'What the processes of peers and clients took on this machine. What detection layers cost is under Detection, what minting cost under each attack.',
  );
}
