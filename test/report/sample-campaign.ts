/** A campaign's rows as they would stand in its folder: two cells and their control, liars caught in one of them. */
import type { RunResult } from '../../lab/analysis/result.ts';
import { summarise } from '../../lab/campaign/summary.ts';
import type { Campaign } from '../../lab/campaign/definition.ts';
import { type CampaignRow, runsOf } from '../../lab/campaign/rows.ts';
import type { CampaignReport } from '../../lab/report/campaign-parts.ts';
import type { JudgedClaim } from '../../lab/claims/claim.ts';
import { id } from './sample-run.ts';

const SEEDS = 20;
/** Two cells and one control over twenty seeds: 60 runs, of which one broke: 10,030 transactions. */
const TRANSACTIONS_PER_RUN = 170;
const ORIGIN_MS = 1_000_000;

/** `hostile` stands wherever a manifest, a campaign file or an error can put text. */
export function sampleCampaign(base: RunResult, hostile: string): CampaignReport {
  const campaign: Campaign = {
    name: `liars ${hostile}`,
    source: `name: liars # ${hostile}\n`,
    testnetFile: `/tmp/${hostile}.yaml`,
    testnetSource: `name: x # ${hostile}\n`,
    seeds: Array.from({ length: SEEDS }, (_, at) => at + 1),
    training: 8,
    driver: 'sim',
    cryptography: 'ideal',
    cells: [
      { values: { askPeers: '1' }, settings: ['clients.askPeers=1'], control: 0 },
      { values: { askPeers: hostile }, settings: [`clients.askPeers=${hostile}`], control: 0 },
    ],
    controls: [{ settings: ['clients.askPeers=1'] }],
  };
  const rows = runsOf(campaign).map((run): CampaignRow => {
    const common = {
      ...run,
      version: '0.1.0',
      command: `npx lab run '${hostile}' --seed ${run.seed}`,
    };
    if (run.part === 'control' && run.seed === SEEDS) {
      return { ...common, state: 'broke', error: `=1+1 ${hostile}` };
    }
    const isCaught = run.part === 'cell' && run.index === 1;
    return {
      ...common,
      state: 'done',
      cpuMs: 1000,
      result: resultOf(base, run.id, run.seed, run.part === 'control', isCaught),
      observed: {
        finalityMs: Array.from(
          { length: TRANSACTIONS_PER_RUN },
          (_, at) => 80 + at / 2 + run.seed + (isCaught ? 20 : 0),
        ),
        detectors: judgement(run.id, run.part === 'control', run.seed),
      },
    };
  });
  const summary = summarise('liars-abc123', campaign, rows);
  return {
    campaign,
    rows,
    summary,
    claims: [claim(hostile)],
    again: 'npx lab campaign --resume liars-abc123',
  };
}

function resultOf(
  base: RunResult,
  run: string,
  seed: number,
  isControl: boolean,
  isCaught: boolean,
): RunResult {
  const { transactions, detection, attacks } = base;
  return {
    ...base,
    run,
    seed,
    honestControl: isControl,
    transactions: {
      ...transactions,
      submitted: TRANSACTIONS_PER_RUN,
      committed: TRANSACTIONS_PER_RUN - (seed % 3),
      safetyViolations: 0,
    },
    detection: {
      ...detection,
      falseSlashes: 0,
      falsePositives: seed === 3 ? 1 : 0,
      offenders: isControl ? 0 : 2,
      truePositives: isCaught ? 2 : 0,
    },
    attacks: isControl
      ? []
      : attacks.map((attack) => ({
          ...attack,
          succeeded: !isCaught || seed % 5 === 0,
          cases: attack.cases.map((one, at) => ({
            ...one,
            firstLieMs: 6000,
            detectedMs: isCaught ? 6500 + seed * 20 + at * 100 : null,
            bannedMs: isCaught ? 6600 + seed * 20 : null,
            slashedMs: isCaught && at === 0 ? 7000 + seed * 30 : null,
          })),
        })),
  };
}

/** One detector that tells the liars from most of the honest. */
function judgement(run: string, isControl: boolean, seed: number) {
  const honest = Array.from({ length: 6 }, (_, at) => id(`${run}-h${at}`));
  const adversarial = isControl ? [] : [id(`${run}-l1`), id(`${run}-l2`)];
  const score = (subject: string, value: number) => ({
    detector: 'agreement-exact' as const,
    subject,
    score: value,
    atMs: ORIGIN_MS + 2000,
    rises: [{ atMs: ORIGIN_MS + 2000, score: value }],
  });
  return {
    run,
    report: {
      scores: [
        ...honest.map((subject, at) => score(subject, 0.2 + ((seed * 7 + at * 3) % 10) / 5)),
        ...adversarial.map((subject, at) => score(subject, 1.5 + ((seed * 5 + at) % 10) / 3)),
      ],
      costs: [],
    },
    honest,
    adversarial,
    newcomers: [],
    originMs: ORIGIN_MS,
    endMs: ORIGIN_MS + 10_000,
  };
}

function claim(hostile: string): JudgedClaim {
  return {
    id: 'X1',
    title: `a claim ${hostile}`,
    claimed: hostile,
    source: 'W1',
    measured: null,
    unit: 'share',
    n: 0,
    interval: null,
    verdict: 'not testable here',
    reason: hostile,
    rule: hostile,
    conditions: [hostile],
    figures: [],
    beside: [],
    seed: 1,
    quick: false,
    version: '0.1.0',
    measuredOn: '2026-01-15',
    wallMs: 1,
    run: `npx lab claims ${hostile}`,
  };
}
