/** Holds what was measured against what was claimed. The only place where a verdict comes from. */
import type {
  Claim,
  ClaimedFigure,
  Estimate,
  FigureVerdict,
  JudgedClaim,
  JudgedFigure,
  Measured,
  Verdict,
} from './claim.ts';

/** Everything that only the run of an experiment knows. */
export type Circumstances = Pick<
  JudgedClaim,
  'seed' | 'quick' | 'version' | 'measuredOn' | 'wallMs' | 'run'
>;

/** Throws when the experiment measured something that the row does not claim, or left a figure out. */
export function judge(claim: Claim, measured: Measured, circumstances: Circumstances): JudgedClaim {
  const claimedNames = new Set(claim.figures.map(({ name }) => name));
  const unknown = Object.keys(measured.figures).filter((name) => !claimedNames.has(name));
  if (unknown.length > 0) throw new Error(`${claim.id} does not claim: ${unknown.join(', ')}`);
  const [first, ...rest] = claim.figures;
  const headline = judgeFigure(claim.id, first, measured);
  const figures = [headline, ...rest.map((figure) => judgeFigure(claim.id, figure, measured))];
  return {
    id: claim.id,
    title: claim.title,
    claimed: claim.claimed,
    source: claim.source,
    measured: headline.measured,
    unit: headline.unit,
    n: headline.n,
    interval: headline.interval,
    ...verdictOf(figures),
    rule: claim.rule,
    conditions: [`paper: ${claim.conditions}`, ...measured.conditions],
    figures,
    beside: measured.beside,
    ...circumstances,
  };
}

function judgeFigure(id: string, figure: ClaimedFigure, { figures }: Measured): JudgedFigure {
  const { name, unit, claimed } = figure;
  const found = figures[name];
  if (found === undefined) throw new Error(`the experiment of ${id} says nothing of ${name}`);
  const said = { name, unit, claimed };
  if ('untested' in found) {
    const nothing = { measured: null, interval: null, n: 0, of: '' };
    return { ...said, ...nothing, verdict: 'untested', why: found.untested };
  }
  const { value, interval, n, of } = found;
  if (![value, ...interval].every((number) => Number.isFinite(number))) {
    throw new Error(`${id}: ${name} was measured as no number`);
  }
  return { ...said, measured: value, interval, n, of, verdict: compare(figure, found), why: null };
}

/** Holds with its whole interval within the bounds, fails with its whole interval outside of them. */
function compare(
  { atLeast, atMost }: ClaimedFigure,
  { interval: [lo, hi] }: Estimate,
): FigureVerdict {
  const least = atLeast ?? Number.NEGATIVE_INFINITY;
  const most = atMost ?? Number.POSITIVE_INFINITY;
  if (lo >= least && hi <= most) return 'holds';
  return hi < least || lo > most ? 'fails' : 'open';
}

function verdictOf(figures: readonly JudgedFigure[]): { verdict: Verdict; reason: string } {
  const named = (wanted: FigureVerdict) =>
    figures.filter(({ verdict }) => verdict === wanted).map(({ name }) => name);
  const groups = [
    ['holds', named('holds')],
    ['fails', named('fails')],
    ['too few to tell', named('open')],
    ['not tested', named('untested')],
  ] as const;
  const reason = groups
    .filter(([, names]) => names.length > 0)
    .map(([word, names]) => `${word}: ${names.join(', ')}`)
    .join('; ');
  return { verdict: overall(named('holds').length, named('fails').length, figures.length), reason };
}

function overall(held: number, failed: number, all: number): Verdict {
  if (held === all) return 'holds';
  if (failed === all) return 'fails';
  return held + failed === 0 ? 'not testable here' : 'partly';
}
