/** The first thing a reader sees of a run: what was asked, what came out, and whether to trust it. */
import type { RunResult } from '../analysis/result.ts';
import { beside, section } from './figure.ts';
import {
  amount,
  bytes,
  counted,
  duration,
  EMPTY,
  html,
  interval,
  percent,
  type Html,
} from './html.ts';
import type { RunData } from './run-data.ts';
import { number, table, text, tick } from './table.ts';

type Tone = 'good' | 'warn' | 'bad';

/** What went wrong, and what makes the figures doubtful. */
interface Judgement {
  readonly tone: Tone;
  readonly word: string;
  readonly reasons: readonly string[];
}

/** A load this much shorter than asked was ended early; what is less is the rounding of timers. */
const WHOLE_LOAD = 0.98;

/** The same as the command's exit code (exitCodeOf): void before failed. */
function judged({ result, testnet: { allow, durationMs: askedMs } }: RunData): Judgement {
  const { transactions, detection, expectations, shapingOk, fidelity, telemetry } = result;
  const broken = expectations.filter(({ ok }) => ok === false);
  const grave = [
    ...(transactions.safetyViolations > 0
      ? [`Mappings committed twice: ${transactions.safetyViolations}.`]
      : []),
    ...(detection.falseSlashes > 0 ? [`Honest identities banned: ${detection.falseSlashes}.`] : []),
    ...broken.map(({ expression, value }) => `Expected ${expression}, got ${shown(value)}.`),
  ];
  const early =
    result.durationMs < askedMs * WHOLE_LOAD
      ? [
          `The load lasted ${duration(result.durationMs)} of ${duration(askedMs)}: it was ended early, or still goes on.`,
        ]
      : [];
  const reasons = [
    ...grave,
    ...early,
    ...(shapingOk ? [] : ['The links were not as asked: don’t trust any timing.']),
    ...fidelity.reasons,
    ...(telemetry.dropped > 0
      ? [`${amount(telemetry.dropped)} telemetry rows were dropped: counts are too low.`]
      : []),
  ];
  const isVoid = (!shapingOk && !allow.shapingOff) || (!fidelity.ok && !allow.lowFidelity);
  if (isVoid) return { tone: 'bad', word: '✗ Void: not a measurement.', reasons };
  if (grave.length > 0) return { tone: 'bad', word: '✗ Failed.', reasons };
  if (early.length > 0) return { tone: 'warn', word: '! Unfinished.', reasons };
  if (reasons.length > 0) return { tone: 'warn', word: '! Doubtful.', reasons };
  return { tone: 'good', word: '✓ Passed.', reasons };
}

export function verdictSection(data: RunData): Html {
  const { result } = data;
  const { tone, word, reasons } = judged(data);
  return section(
    'summary',
    'Summary',
    html`<div class="verdict ${tone}"><p><strong>${word}</strong> ${outcome(result)}</p>${
      reasons.length === 0 ? EMPTY : html`<ul>${reasons.map((line) => html`<li>${line}</li>`)}</ul>`
    }</div>${tiles(result)}${beside(beliefs(data), expected(result))}`,
  );
}

function outcome({ detection, transactions, finality, attacks }: RunResult): string {
  const final =
    finality.n === 0
      ? 'none of them final'
      : `half of the ${amount(finality.n)} that became final did within ${duration(finality.p50)}`;
  const lied =
    detection.offenders === 0
      ? 'Nobody told a provable lie.'
      : `Of ${amount(detection.offenders)} that lied, ${amount(detection.truePositives)} were found out.`;
  const succeeded = attacks.filter((attack) => attack.succeeded === true).map(({ name }) => name);
  return (
    `${amount(transactions.committed)} of ${counted(transactions.submitted, 'transaction')} committed, ` +
    `${final}. ${lied}` +
    (attacks.length === 0
      ? ''
      : succeeded.length === 0
        ? ' No attack succeeded.'
        : ` Succeeded: ${succeeded.join(', ')}.`)
  );
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}

export function tile(label: string, value: string, note = '', tone: Tone | '' = ''): Html {
  return html`<div class="tile ${tone}"><dt>${label}</dt><dd><b>${value}</b>${note === '' ? '' : html`<span>${note}</span>`}</dd></div>`;
}

function tiles({ transactions, finality, detection, attacks, messages }: RunResult): Html {
  const slashed = attacks.reduce((total, attack) => total + attack.slashed, 0);
  const { offenders, truePositives, rateInterval, falseSlashes } = detection;
  const n = `n ${amount(finality.n)}`;
  return html`<dl class="tiles">${[
    tile(
      'transactions committed',
      amount(transactions.committed),
      `of ${amount(transactions.submitted)} submitted`,
    ),
    tile('finality, median', duration(finality.p50), n),
    tile('finality, p99', duration(finality.p99), n),
    tile(
      'safety violations',
      amount(transactions.safetyViolations),
      transactions.safetyViolations > 0 ? '✗ must be none' : '✓ none',
      transactions.safetyViolations > 0 ? 'bad' : 'good',
    ),
    tile(
      'liars detected',
      `${amount(truePositives)} of ${amount(offenders)}`,
      rateInterval === null ? 'nobody lied' : `95 % interval ${interval(rateInterval, percent)}`,
    ),
    tile('slashed by vote', amount(slashed), `of ${counted(offenders, 'offender')}`),
    tile(
      'false slashes',
      amount(falseSlashes),
      falseSlashes > 0 ? '✗ must be none' : '✓ none',
      falseSlashes > 0 ? 'bad' : 'good',
    ),
    tile('a peer and second', bytes(messages.bytesPerPeerPerSecond), 'sent, UDP payload'),
  ]}</dl>`;
}

/** Whether the figures may be believed, one reason a line. */
function beliefs({ result, testnet }: RunData): Html {
  const { fidelity, telemetry, links, shapingOk, expectations: all } = result;
  const judgedOnes = all.filter(({ ok }) => ok !== null);
  const met = judgedOnes.filter(({ ok }) => ok === true).length;
  const asAsked = links.filter(({ ok }) => ok).length;
  return table({
    caption: 'Is it to be trusted?',
    isCaptioned: true,
    columns: [text('question'), text('answer'), text('because')],
    rows: [
      [
        'Were the links as asked?',
        tick(shapingOk, ['yes', 'no']),
        `${amount(asAsked)} of ${counted(links.length, 'measured pair')} within tolerance`,
      ],
      [
        'Was the machine fast enough?',
        tick(fidelity.ok, ['yes', 'no']),
        fidelity.ok ? 'no event loop, socket or processor was late' : fidelity.reasons.join('; '),
      ],
      [
        'Did all telemetry arrive?',
        tick(telemetry.dropped === 0, ['yes', 'no']),
        `${amount(telemetry.rows)} rows, ${amount(telemetry.dropped)} dropped`,
      ],
      [
        'Was it as expected?',
        tick(judgedOnes.length === 0 ? null : met === judgedOnes.length, ['yes', 'no']),
        judgedOnes.length === 0
          ? `${testnet.name} states no expectation`
          : `${amount(met)} of ${counted(judgedOnes.length, 'expectation')} met`,
      ],
    ],
  });
}

function expected({ expectations: all }: RunResult): Html {
  if (all.length === 0) return EMPTY;
  return table({
    caption: 'What the manifest expects',
    isCaptioned: true,
    columns: [text('expectation'), number('measured'), text('met')],
    rows: all.map(({ expression, value, ok }) => [
      html`<code>${expression}</code>`,
      value === null || value === undefined ? null : shown(value),
      tick(ok, ['yes', 'no']),
    ]),
  });
}
