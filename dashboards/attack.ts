/** How an attack goes: who strikes when, who is caught, how fast, and who is wronged. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { ATTACK_FIGURES, DETECTION_FIGURES } from '../lab/analysis/figures.ts';
import {
  DETECTION_BY_WAY,
  DETECTION_OVER_TIME,
  EVIDENCE_PACKAGES,
} from '../lab/analysis/series.ts';
import { LAYER_COSTS } from '../lab/analysis/queries.ts';
import { DISTURBANCES } from '../lab/telemetry/series.ts';
import { assembled, type Section } from './frame.ts';
import { figures, NONE_ALLOWED, series, table, timeline } from './panels.ts';

export function attack(): Dashboard {
  return assembled(
    {
      uid: 'minefield-attack',
      title: 'Attack',
      description: 'Who strikes when, who is caught by what and how fast, and who is wronged.',
    },
    [overall(), overTime(), byWhat()],
  );
}

const overall = (): Section => ({
  title: 'The run as a whole',
  panels: [
    figures({
      title: 'Detection',
      query: DETECTION_FIGURES,
      show: {
        offenders: 'offenders',
        true_positives: 'detected',
        false_negatives: 'missed',
        rate: { name: 'detection rate', unit: 'percentunit' },
      },
      unit: 'none',
      size: [14, 4],
    }),
    figures({
      title: 'Honest identities wronged',
      query: DETECTION_FIGURES,
      show: { false_positives: 'false positives', false_slashes: 'false slashes' },
      unit: 'none',
      thresholds: NONE_ALLOWED,
      size: [10, 4],
    }),
    table({
      title: 'Attacks: medians from the first lie that an honest member received',
      query: ATTACK_FIGURES,
      show: {
        attack_id: { name: 'attack', unit: 'string' },
        strike_ms: { name: 'strike', unit: 'time' },
        adversaries: { name: 'adversaries', unit: 'none' },
        offenders: { name: 'offenders', unit: 'none' },
        detected: { name: 'detected', unit: 'none' },
        slashed: { name: 'slashed', unit: 'none' },
        first_detected_ms: { name: 'first detected', unit: 'time' },
        time_to_detect_ms: 'time to detect',
        time_to_ban_ms: 'time to ban',
        time_to_slash_ms: 'time to slash',
      },
      unit: 'ms',
      size: [24, 5],
    }),
  ],
});

const overTime = (): Section => ({
  title: 'Over time',
  panels: [
    timeline({
      title: 'Attacks and faults',
      query: DISTURBANCES,
      by: 'what',
      show: { level: 'state' },
      states: [
        [2, 'goes on', 'red'],
        [1, 'paused', 'orange'],
        [0, 'over', 'transparent'],
      ],
      unit: 'none',
      size: [24, 5],
    }),
    series({
      title: 'Flags, evidence, bans and slashings',
      query: DETECTION_OVER_TIME,
      show: { flags: 'flags', evidence: 'evidence', bans: 'bans', slashings: 'slashings' },
      unit: 'none',
      stacked: true,
      size: [24, 8],
    }),
  ],
});

const byWhat = (): Section => ({
  title: 'By what',
  panels: [
    table({
      title: 'Evidence',
      query: EVIDENCE_PACKAGES,
      show: {
        at_ms: { name: 'first held', unit: 'time' },
        member: { name: 'accused', unit: 'string' },
        adversary: { name: 'adversary', unit: 'string' },
        rule: { name: 'rule', unit: 'string' },
        holders: { name: 'held by', unit: 'none' },
        bytes: 'size',
        package: { name: 'package', unit: 'string' },
      },
      unit: 'bytes',
      size: [24, 8],
    }),
    table({
      title: 'Found by evidence or a flag, and by which',
      query: DETECTION_BY_WAY,
      show: {
        how: { name: 'by', unit: 'string' },
        true_positives: 'adversaries',
        false_positives: { name: 'honest ones', thresholds: NONE_ALLOWED },
        first_ms: { name: 'first', unit: 'time' },
      },
      unit: 'none',
      size: [12, 7],
    }),
    table({
      title: 'What detection layers cost honest peers',
      query: LAYER_COSTS,
      show: {
        layer: { name: 'layer', unit: 'string' },
        checks: 'comparisons',
        messages: 'messages',
        bytes: { name: 'bytes', unit: 'bytes' },
        signatures: 'signatures verified',
      },
      unit: 'none',
      size: [12, 7],
    }),
  ],
});
