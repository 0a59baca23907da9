/** What an attack did and what became of it: strike → first lie → first evidence → proposal → ban → slashing. */
import type { AttackResult } from '../analysis/result.ts';
import { attackDeclaration } from '../manifest/attacks.ts';
import { inWords } from '../terminal/style.ts';
import { namesDown, quantity, type Moment } from './axes.ts';
import type { Layer } from './drawing.ts';
import { figureOf, section } from './figure.ts';
import { amount, counted, duration, EMPTY, figure, html, seconds, type Html } from './html.ts';
import type { RunData } from './run-data.ts';
import { shapeOf, SIGNS } from './signs.ts';
import { facts, number, text } from './table.ts';

/** Offenders that are drawn, a line each; the table has all. */
const MAX_LANES = 24;
/** Names of offences on the axis are cut after so many pixels. */
const NAME_WIDTH = 110;

const STEPS = [
  ['strike_ms', 'strike', SIGNS.attack],
  ['first_lie_ms', 'first lie', SIGNS.attack],
  ['first_evidence_ms', 'first evidence', SIGNS.evidence],
  ['proposed_ms', 'proposal', SIGNS.proposal],
  ['banned_ms', 'first ban', SIGNS.ban],
  ['slashed_ms', 'slashed by vote', SIGNS.slash],
] as const;
type Step = (typeof STEPS)[number][0];

/** Evidence, ban and vote often follow at once: the later mark is smaller, and on top. */
const SIZES: Readonly<Record<Step, number>> = {
  strike_ms: 90,
  first_lie_ms: 110,
  first_evidence_ms: 230,
  proposed_ms: 70,
  banned_ms: 100,
  slashed_ms: 45,
};

type Offence = RunData['offences'][number];

/** The moments of a run that its charts over time show. */
export function momentsOf({ result, faultSpans, originMs }: RunData): readonly Moment[] {
  return [
    ...result.attacks.flatMap(({ strikeMs, firstDetectedMs }): readonly Moment[] => [
      ...(strikeMs === null ? [] : [{ atMs: strikeMs, text: 'strike', sign: 'attack' as const }]),
      ...(firstDetectedMs === null
        ? []
        : [{ atMs: firstDetectedMs, text: 'first detected', sign: 'evidence' as const }]),
    ]),
    ...faultSpans.slice(0, MAX_FAULTS).map(({ kind, from_ms }) => ({
      atMs: from_ms - originMs,
      text: kind,
      sign: 'fault' as const,
    })),
  ];
}

/** More upright lines than these hide what they stand on. */
const MAX_FAULTS = 6;

/** Offenders: adversaries that lied, or were convicted of it. */
function offendersOf({ offences, attackSpans }: RunData, { id }: AttackResult): readonly Offence[] {
  const members = new Set(attackSpans.find(({ attack_id }) => attack_id === id)?.members);
  return offences.filter(
    ({ adversary, lies, first_evidence_ms, member }) =>
      adversary !== '' && (lies > 0 || first_evidence_ms !== null) && members.has(member),
  );
}

export async function attackSection(data: RunData, one: AttackResult, at: number): Promise<Html> {
  const judged = one.succeeded === null ? 'never struck' : one.succeeded ? 'succeeded' : 'failed';
  const goal = attackDeclaration(one.name)?.success.meaning;
  const by = one.detectedBy.length === 0 ? '' : ` by ${one.detectedBy.join(', ')}`;
  const lead =
    `Strike at ${duration(one.strikeMs)}. Of ${counted(one.adversaries, 'adversary', 'adversaries')} ${amount(one.offenders)} told a provable lie; ` +
    `${amount(one.detected)} of those were detected${by}, ${amount(one.slashed)} slashed by vote.` +
    (goal === undefined ? '' : ` What counts as its success: ${goal}`);
  const offenders = offendersOf(data, one);
  const timeline = offenders.length === 0 ? EMPTY : await timelineFigure(data, offenders, at);
  return section(
    `attack-${at}`,
    `Attack ${one.name}: ${judged}`,
    html`${timeline}${attackFacts(one)}`,
    lead,
  );
}

async function timelineFigure(
  { originMs }: RunData,
  offenders: readonly Offence[],
  at: number,
): Promise<Html> {
  const drawn = offenders.slice(0, MAX_LANES);
  const points = drawn.flatMap((offence) =>
    STEPS.flatMap(([step]) => {
      const atMs = offence[step];
      return atMs === null ? [] : [{ name: offence.member, step, at: (atMs - originMs) / 1000 }];
    }),
  );
  const times = points.map((point) => point.at);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const room = Math.max((last - first) * 0.05, 0.05);
  const caught = offenders.filter(({ first_evidence_ms }) => first_evidence_ms !== null);
  const slashed = offenders.filter(({ slashed_ms }) => slashed_ms !== null);
  const quickest = caught
    .flatMap(({ first_lie_ms, first_evidence_ms }) =>
      first_lie_ms === null || first_evidence_ms === null || first_evidence_ms < first_lie_ms
        ? []
        : [first_evidence_ms - first_lie_ms],
    )
    .toSorted((a, b) => a - b)[0];
  return figureOf({
    id: `attack-${at}-timeline`,
    title: 'Who lied, and what became of it',
    words:
      `Of ${counted(offenders.length, 'offender')}, evidence was held against ${amount(caught.length)} and ${amount(slashed.length)} were slashed by vote.` +
      (quickest === undefined
        ? ''
        : ` The quickest evidence came ${duration(quickest)} after the first lie.`) +
      (offenders.length > drawn.length ? ` The first ${drawn.length} are drawn.` : ''),
    legend: [
      { text: 'strike', sign: { ...SIGNS.attack, shape: 'circle' }, as: 'mark' },
      ...STEPS.slice(1).map(([, name, sign]) => ({ text: name, sign, as: 'mark' as const })),
    ],
    plot: {
      widths: ['narrow', 'half', 'whole'],
      height: 50 + 28 * drawn.length,
      layers: () => timelineLayers(points, drawn, [first - room, last + room]),
    },
    data: {
      columns: [text('offender'), number('lies'), ...STEPS.map(([, name]) => number(name))],
      rows: offenders.map((offence) => [
        offence.member,
        amount(offence.lies),
        ...STEPS.map(([step]) => {
          const atMs = offence[step];
          return atMs === null ? 'none seen' : seconds(atMs - originMs);
        }),
      ]),
    },
  });
}

interface TimelinePoint {
  readonly name: string;
  readonly step: Step;
  readonly at: number;
}

function timelineLayers(
  points: readonly TimelinePoint[],
  drawn: readonly Offence[],
  domain: readonly [number, number],
): readonly Layer[] {
  const x = quantity('at', { title: 's after the load started', domain });
  const y = namesDown(
    'name',
    drawn.map(({ member }) => member),
    NAME_WIDTH,
  );
  return [
    {
      data: { values: [...points] },
      mark: { type: 'line', color: 'var(--line)', strokeWidth: 3 },
      encoding: { x, y, detail: { field: 'name' } },
    },
    ...STEPS.map(
      ([step, , sign]): Layer => ({
        data: { values: points.filter((point) => point.step === step) },
        mark: {
          type: 'point',
          color: sign.colour,
          shape: step === 'strike_ms' ? 'circle' : shapeOf(sign.shape),
          size: SIZES[step],
          stroke: 'var(--card)',
          strokeWidth: 1,
        },
        encoding: { x, y },
      }),
    ),
  ];
}

function attackFacts(one: AttackResult): Html {
  const { attempts, coreSeconds, usd } = one.cost;
  const unknown = one.offenders === 0 ? 'nobody lied' : 'none seen';
  const after = (ms: number | null): string => (ms === null ? unknown : duration(ms));
  return facts([
    ...Object.entries(one.success).map(
      ([name, value]) =>
        [inWords(name), typeof value === 'number' ? amount(value) : String(value)] as const,
    ),
    ['first lie → evidence, median', after(one.timeToDetectMs)],
    ['first lie → first ban, median', after(one.timeToBanMs)],
    ['first lie → slashing, median', after(one.timeToSlashMs)],
    ['minting: work', attempts === null ? null : counted(attempts, 'Argon2 evaluation')],
    ['minting: time', coreSeconds === null ? null : `${figure(coreSeconds)} core-seconds`],
    ['minting: price', usd === null ? null : `${usd.toPrecision(2)} USD`],
  ]);
}
