/** Parameters other than the default, one rule at a time and where two rules meet. */
import type { ProtocolParameters } from '../../node/parameters.ts';

export const VARIANTS: readonly Partial<ProtocolParameters>[] = [
  { distance: 'xor' },
  { membership: 'known' },
  { topology: 'gradient' },
  { commitRule: 'net' },
  { voting: 'polled' },
  { votes: 'signed' },
  { votes: 'signed', voteExchange: 'certificates' },
  { synchronisation: 'polling' },
  { storageChallenge: 'requester' },
  { freshness: 'off' },
  { difficulty: 'adaptive' },
  { swapping: 'off' },
  { forwardProbability: 0.3 },
  { batchWindowMs: 0 },
  { batchWindowMs: 100 },
  { distance: 'xor', topology: 'gradient' },
  { distance: 'xor', votes: 'signed', voteExchange: 'certificates' },
  { membership: 'known', voting: 'polled' },
  { voting: 'polled', votes: 'signed' },
  { voting: 'polled', commitRule: 'net', synchronisation: 'polling' },
  { topology: 'gradient', swapping: 'off', batchWindowMs: 100 },
  { witnesses: 'every' },
];
