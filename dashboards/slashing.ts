/** Proposals, votes, reasons and bans. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { LIVE_COUNTS } from '../lab/analysis/queries.ts';
import { SLASHING_STEPS } from '../lab/analysis/series.ts';
import { EVIDENCE_BY_RULE, SLASHING_OVER_TIME, SLASHING_VOTES } from '../lab/telemetry/members.ts';
import { assembled, type Section } from './frame.ts';
import { figures, series, table } from './panels.ts';

export function slashing(): Dashboard {
  return assembled(
    {
      uid: 'minefield-slashing',
      title: 'Slashing',
      description: 'From the lie to the committed vote: proposals, votes, reasons and bans.',
    },
    [overall(), votes()],
  );
}

const overall = (): Section => ({
  title: 'The run as a whole',
  panels: [
    figures({
      title: 'So far',
      query: LIVE_COUNTS,
      show: {
        statements: 'statements heard',
        evidence: 'packages of evidence',
        banned: 'identities banned',
        slashed: 'identities slashed',
      },
      unit: 'none',
      size: [24, 4],
    }),
    table({
      title: 'From the strike to the slashing',
      query: SLASHING_STEPS,
      show: {
        member: { name: 'accused', unit: 'string' },
        adversary: { name: 'adversary', unit: 'string' },
        lies: 'lies',
        strike_ms: { name: 'strike', unit: 'time' },
        first_lie_ms: { name: 'first lie', unit: 'time' },
        first_flag_ms: { name: 'first flag', unit: 'time' },
        first_evidence_ms: { name: 'first evidence', unit: 'time' },
        banned_ms: { name: 'first ban', unit: 'time' },
        proposed_ms: { name: 'proposed', unit: 'time' },
        slashed_ms: { name: 'slashed', unit: 'time' },
      },
      unit: 'none',
      size: [24, 8],
    }),
  ],
});

const votes = (): Section => ({
  title: 'Proposals and votes',
  panels: [
    series({
      title: 'Steps of slashing over time, as members report them',
      query: SLASHING_OVER_TIME,
      by: 'event',
      show: { count: 'reports' },
      unit: 'none',
      stacked: true,
      size: [24, 8],
    }),
    table({
      title: 'Votes',
      query: SLASHING_VOTES,
      show: {
        member: { name: 'accused', unit: 'string' },
        banned_by: 'banned by',
        proposed: 'proposals',
        voted: 'voted',
        executed_at: 'committed at',
        rejected_at: 'rejected at',
        votes_for: 'votes for',
        votes_against: 'votes against',
        accused: { name: 'address', unit: 'string' },
      },
      unit: 'none',
      size: [24, 8],
    }),
    table({
      title: 'Reasons',
      query: EVIDENCE_BY_RULE,
      show: {
        rule: { name: 'rule broken', unit: 'string' },
        packages: 'packages',
        accused: 'accused',
        verified: 'verified',
        refused: 'refused',
        reasons: { name: 'why refused', unit: 'string' },
      },
      unit: 'none',
      size: [24, 6],
    }),
  ],
});
