/** What `lab attacks` tells of evidence forgery, and how the lab judges it. */
import type { Declaration } from '../adversary.ts';

/** `all`: each of the others. */
export const METHODS = ['forge', 'frame', 'capture', 'all'] as const;

export const declaration: Declaration = {
  name: 'evidence-forgery',
  goal: 'Get honest peers banned: by forged evidence, by true answers that look guilty, by a vote without proof.',
  knobs: {
    method: {
      type: 'string',
      default: 'all',
      values: METHODS,
      description:
        'forge: packages that prove nothing. frame: own transfers between two answers. capture: vote slashings without proof.',
    },
    victims: {
      type: 'integer',
      default: 2,
      min: 1,
      max: 20,
      unit: 'peers',
      description:
        'How many honest peers are accused: those with most forgers among their nearest.',
    },
    packagesPerSecond: {
      type: 'number',
      default: 5,
      min: 0.1,
      max: 500,
      unit: 'packages per second',
      description: 'Forged packages that each forger sends, each to one member.',
    },
  },
  budget: 'Identities that count as members; for `capture` more than half of a victim’s nearest.',
  phases: ['listen', 'strike', 'hide'],
  defence:
    'Packages bind network, accused, key, epoch and head, and are verified by everyone alike; the rule `chain` convicts only for what no honest peer can say.',
  switchOff: { 'protocol.conflictRule': 'paper' },
  layers: ['evidence refused'],
  source: 'minefield, threats "fabricated evidence" and "coordinated slashing"; PROTOCOL.md 7',
  success: {
    meaning: 'An honest peer was banned by another honest member, or slashed by vote.',
    sql: `SELECT count() > 0 AS succeeded,
        uniqExactIf(accused, how = 'banned') AS honestBanned,
        uniqExactIf(accused, how = 'executed') AS honestSlashed,
        (SELECT count() FROM lab.evidence WHERE run = {run:String} AND event = 'refused'
          AND peer NOT IN (SELECT member FROM mine)) AS packagesRefused,
        (SELECT arraySort(groupUniqArray(reason)) FROM lab.evidence WHERE run = {run:String}
          AND event = 'refused' AND peer NOT IN (SELECT member FROM mine)) AS refusedBecause
      FROM sentences WHERE adversary = '' AND at_ms >= {start:Float64}`,
  },
};
