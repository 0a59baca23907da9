/**
 * The rows of the claims ledger, as data. Another row is one entry here and one file in
 * `experiments/`. Bounds say what still counts as the claim: where a paper gives one number, a factor
 * of two about it, since its own roundings differ by as much; where it says "about", a quarter.
 */
import type { Claim } from './claim.ts';

export const CLAIMS: readonly Claim[] = [
  {
    id: 'E2',
    title: 'attack cost grows exponentially with N',
    claimed: '$130K at 1,000 peers, $22M at 1,000,000',
    source: 'W5.2, W9.1–9.3',
    conditions: '26 identities, 64 MiB, 10 passes, 17–20 bits; price of a core not given',
    rule: 'dollars within a factor of two; exponential: the growth rate itself grows with N',
    figures: [
      {
        name: 'cost at 1,000 peers',
        unit: 'USD',
        claimed: '$130K',
        atLeast: 65_000,
        atMost: 260_000,
      },
      {
        name: 'cost at 1,000,000 peers',
        unit: 'USD',
        claimed: '$22M+',
        atLeast: 11_000_000,
        atMost: null,
      },
      {
        name: 'growth of the growth',
        unit: 'decades gained in the last decade of N / in the first',
        claimed: 'exponential: 100',
        // A power law has 1; anything that bends upwards at all would pass.
        atLeast: 1.5,
        atMost: null,
      },
    ],
    experiment: async () => (await import('./experiments/attack-cost.ts')).attackCost,
  },
  {
    id: 'L6',
    title: 'confidence above 0.85 convicts a repeated liar',
    claimed: '> 0.85',
    source: 'W12.3, M slashing triggers',
    conditions: 'weights α, β, γ unstated; 3 conflicts over 24 h are the paper’s trigger',
    rule: 'each package is one that the paper would have convicted: above 0.85 at equal weights',
    figures: [
      {
        name: '3 conflicts over 24 h',
        unit: '',
        claimed: '> 0.85: the paper’s own trigger',
        atLeast: 0.850_001,
        atMost: 1,
      },
      {
        name: '2 conflicts among 10 answers',
        unit: '',
        claimed: '> 0.85',
        atLeast: 0.850_001,
        atMost: 1,
      },
      {
        name: '4 conflicts among 5 answers',
        unit: '',
        claimed: '> 0.85',
        atLeast: 0.850_001,
        atMost: 1,
      },
    ],
    experiment: async () => (await import('./experiments/confidence.ts')).dilution,
  },
  {
    id: 'X1',
    title: 'swapping leaves an attacker a window of 3.5 hours',
    claimed: '3.5 h',
    source: 'E attack resistance',
    conditions: '26 coordinated peers, swapped every 30 min, together with probability 0.05',
    rule: 'within a factor of two of 3.5 hours',
    figures: [
      {
        name: 'window simulated',
        unit: 'h',
        claimed: '3.5 h',
        atLeast: 1.75,
        atMost: 7,
      },
      {
        name: 'window by the formula',
        unit: 'h',
        claimed: '3.5 h',
        atLeast: 1.75,
        atMost: 7,
      },
    ],
    experiment: async () => (await import('./experiments/attack-window.ts')).attackWindow,
  },
  {
    id: 'B2',
    title: 'a mapping answer is about 1 KB and fits a datagram',
    claimed: '~1 KB, under the MTU',
    source: 'M key concerns, W11.1',
    conditions: '2–4 recent mappings in each answer',
    rule: 'medians within a quarter of 1,024 bytes; at least 99 % of answers in one datagram of 1,400',
    figures: [
      {
        name: 'median with 2 recent mappings',
        unit: 'bytes',
        claimed: '~1 KB',
        atLeast: 768,
        atMost: 1280,
      },
      {
        name: 'median with 4 recent mappings',
        unit: 'bytes',
        claimed: '~1 KB',
        atLeast: 768,
        atMost: 1280,
      },
      {
        name: 'in one datagram with 2',
        unit: 'share',
        claimed: 'all',
        atLeast: 0.99,
        atMost: null,
      },
      {
        name: 'in one datagram with 3',
        unit: 'share',
        claimed: 'all',
        atLeast: 0.99,
        atMost: null,
      },
      {
        name: 'in one datagram with 4',
        unit: 'share',
        claimed: 'all',
        atLeast: 0.99,
        atMost: null,
      },
    ],
    experiment: async () => (await import('./experiments/statement-bytes.ts')).statementBytes,
  },
];
