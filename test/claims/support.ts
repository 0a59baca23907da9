import type { ExperimentOptions, JudgedClaim, Measured } from '../../lab/claims/claim.ts';
import { judge } from '../../lab/claims/judge.ts';
import { CLAIMS } from '../../lab/claims/ledger.ts';

export const OPTIONS: ExperimentOptions = { seed: 1, quick: true, remark: () => undefined };

/** What the ledger makes of a measurement. */
export function judged(id: string, measured: Measured): JudgedClaim {
  const claim = CLAIMS.find((row) => row.id === id);
  if (claim === undefined) throw new Error(`no row ${id}`);
  const circumstances = { seed: 1, quick: true, version: '', measuredOn: '', wallMs: 0, run: '' };
  return judge(claim, measured, circumstances);
}

export function verdictOf(id: string, measured: Measured): string {
  return judged(id, measured).verdict;
}

/** The verdict on each figure whose name contains `part`. */
export function figureVerdicts(id: string, measured: Measured, part = ''): readonly string[] {
  return judged(id, measured)
    .figures.filter(({ name }) => name.includes(part))
    .map(({ verdict }) => verdict);
}
