/** What the sections of a campaign's report share: how a cell is called and what it looks like. */
import { cellLabels } from '../campaign/labels.ts';
import type { CampaignRow } from '../campaign/rows.ts';
import type { CampaignSummary, CellSummary, PartSummary } from '../campaign/summary.ts';
import type { Campaign } from '../campaign/definition.ts';
import type { JudgedClaim } from '../claims/claim.ts';
import { seriesSign, type Sign } from './signs.ts';

export interface CampaignReport {
  readonly campaign: Campaign;
  readonly summary: CampaignSummary;
  readonly rows: readonly CampaignRow[];
  /** The papers' claims as they are on record. */
  readonly claims: readonly JudgedClaim[];
  /** The command that carries the campaign out again, or goes on with it. */
  readonly again: string;
}

/** A cell or a control, as it is called in every chart and table. */
export interface NamedPart<Part extends PartSummary = PartSummary> {
  /** Short enough for an axis. */
  readonly name: string;
  /** What tells it from the others. */
  readonly meaning: string;
  readonly sign: Sign;
  readonly part: Part;
}

/** Curves that one chart tells apart. */
export const CURVES_PER_CHART = 4;
/** Cells with curves of their own; the tables have all. */
export const MAX_CURVED_CELLS = 12;

export function namedCells({ cells }: CampaignSummary): readonly NamedPart<CellSummary>[] {
  const labels = cellLabels(cells);
  return cells.map((part, at) => {
    const { short: name = '', long: meaning = '' } = labels[at] ?? {};
    return { name, meaning, sign: seriesSign(at), part };
  });
}

export function namedControls({ cells, controls }: CampaignSummary): readonly NamedPart[] {
  const names = cellLabels(cells).map(({ short }) => short);
  return controls.map((part, at) => {
    const of = names.filter((_, cell) => cells[cell]?.control === at);
    const name = controls.length === 1 ? 'honest control' : `honest ${at + 1}`;
    const sign: Sign = { colour: 'var(--reference)', shape: 'circle', dash: [2, 2] };
    return { name, meaning: `without adversaries, of ${of.join('; ')}`, sign, part };
  });
}

/** Cells in which somebody attacked. */
export function attackedCells(summary: CampaignSummary): readonly NamedPart<CellSummary>[] {
  return namedCells(summary).filter(({ part }) => part.success.n + part.detection.n > 0);
}

/** Runs that came to an end. */
export type DoneRow = Extract<CampaignRow, { readonly state: 'done' }>;

export function doneRows(
  { rows }: CampaignReport,
  part: CampaignRow['part'],
  index: number,
): readonly DoneRow[] {
  return rows.flatMap((row) =>
    row.state === 'done' && row.part === part && row.index === index ? [row] : [],
  );
}
