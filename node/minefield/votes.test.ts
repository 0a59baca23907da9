/** What an honest voter signs in its whole life never convicts it (rule `double-vote`). */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signingKey } from '../crypto/ed25519.ts';
import { type Id, ZERO_ID } from '../id.ts';
import { signTransaction } from '../ledger/transaction.ts';
import type { Purpose, Transaction } from '../ledger/types.ts';
import { boundTo, VoteLock } from '../voting/lock.ts';
import { type SignedVote, signVote } from '../voting/signed-vote.ts';
import { doubleVote } from './conflict.ts';
import { chargeAgainst } from './slashing.ts';
import { idOf, NETWORK, Speaker } from './speaker.fixture.ts';

type Deed = 'transfer' | 'renewal' | 'lapse' | 'slashing' | 'pass' | 'restart' | 'keep' | 'restore';
const deeds: readonly Deed[] = [
  'transfer',
  'transfer',
  'renewal',
  'lapse',
  'slashing',
  'pass',
  'restart',
  'keep',
  'restore',
];
const token = idOf(1);
const key = signingKey(new Uint8Array(32).fill(9));

function changeOf(kind: Deed, previous: Id, turn: number): Transaction {
  const purposes: Partial<Record<Deed, Purpose>> = {
    slashing: { kind: 'slashing', charge: chargeAgainst(token) },
    lapse: { kind: 'lapse' },
    renewal: { kind: 'renewal' },
  };
  const owner = kind === 'slashing' ? ZERO_ID : idOf(5);
  const body = {
    network: NETWORK,
    changes: [{ token, owner, previous }],
    timestamp: 1000 + turn,
    valueClass: 'low' as const,
    extraNeighbours: 0,
    purpose: purposes[kind] ?? { kind: 'ordinary' as const },
  };
  return signTransaction(body, [key]);
}

/** All votes of a life in which rivals come after one mapping, and one of them may pass. */
function votesOf(life: readonly Deed[], mayClaim = (claimed: boolean) => claimed): SignedVote[] {
  const speaker = new Speaker();
  const votes: SignedVote[] = [];
  let [previous, epoch, kept] = [idOf(7), 1, speaker.store.copy()];
  let last: Transaction | null = null;
  for (const [turn, deed] of life.entries()) {
    const lock = new VoteLock(speaker.store);
    if (deed === 'keep') kept = speaker.store.copy();
    else if (deed === 'restore' || deed === 'restart') {
      if (deed === 'restore') speaker.store = kept.copy();
      epoch += 1;
      speaker.start(epoch);
    } else if (deed === 'pass') {
      if (last === null) continue;
      lock.release({ token, owner: idOf(5), previous, tx: last.id });
      previous = last.id;
      last = null;
    } else {
      const transaction = changeOf(deed, previous, turn);
      const [change] = transaction.body.changes;
      if (change === undefined) continue;
      const bound = boundTo(transaction, change);
      if (!mayClaim(lock.claim(token, bound, transaction.id))) continue;
      last = transaction;
      const ballots = [{ token, previous: bound, ballot: 'valid' as const }];
      const { lamppost, certificate } = speaker.chain.session;
      const peer = speaker.identity.address;
      votes.push(
        signVote(
          { network: NETWORK, peer, tx: transaction.id, committed: false, ballots },
          { certificate, lamppost },
        ),
      );
    }
  }
  return votes;
}

function convicting(votes: readonly SignedVote[]): number {
  const pairs = votes.flatMap((a, at) => votes.slice(at + 1).map((b) => [a, b] as const));
  return pairs.filter(([a, b]) => doubleVote(a, b) !== null).length;
}

test('no two votes of an honest life convict: rivals, slashings, restarts, restores', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...deeds), { maxLength: 30 }), (life) => {
      expect(convicting(votesOf(life))).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test('who votes past its lock is convicted, whoever slashes beside a renewal is not', () => {
  expect(convicting(votesOf(['transfer', 'transfer'], () => true))).toBe(1);
  expect(convicting(votesOf(['transfer', 'restart', 'transfer'], () => true))).toBe(0);
  expect(votesOf(['renewal', 'slashing'])).toHaveLength(2);
  expect(convicting(votesOf(['renewal', 'slashing']))).toBe(0);
});
