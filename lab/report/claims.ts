/** The claims ledger as a table: what papers claim, what was measured, whether the one fits the other. */
import type { JudgedClaim } from '../claims/claim.ts';
import { section } from './figure.ts';
import { amount, EMPTY, figure, html, interval, type Html } from './html.ts';
import { number, table, text } from './table.ts';

const SIGN: Readonly<Record<JudgedClaim['verdict'], string>> = {
  holds: '✓',
  fails: '✗',
  partly: '◐',
  'not testable here': '–',
};
const TONE: Readonly<Record<JudgedClaim['verdict'], string>> = {
  holds: 'good',
  fails: 'bad',
  partly: '',
  'not testable here': 'quiet',
};

export function claimsSection(claims: readonly JudgedClaim[]): Html {
  if (claims.length === 0) return EMPTY;
  const of = (verdict: JudgedClaim['verdict']): number =>
    claims.filter((claim) => claim.verdict === verdict).length;
  return section(
    'claims',
    'The papers’ claims',
    html`<details><summary>All ${amount(claims.length)} claims</summary>${table({
      caption: 'Claims, as they are on record',
      columns: [
        text('id'),
        text('claim'),
        text('claimed'),
        number('measured'),
        number('95 % interval'),
        number('n'),
        text('verdict'),
        text('again'),
      ],
      rows: claims.map((claim) => [
        claim.id,
        claim.title,
        claim.claimed,
        `${figure(claim.measured)} ${claim.unit}`.trim(),
        interval(claim.interval, figure),
        amount(claim.n),
        html`<span class="${TONE[claim.verdict]}">${SIGN[claim.verdict]} ${claim.verdict}</span>`,
        html`<code>${claim.run}</code>`,
      ]),
    })}</details>`,
    `As on record in docs/claims.json, measured apart from this campaign: ${of('holds')} hold, ${of('partly')} partly, ${of('fails')} fail, ${of('not testable here')} not testable here. Conditions and every figure: docs/CLAIMS.md.`,
  );
}
