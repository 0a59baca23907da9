/** What is kept of votes on commits, and when two of one voter contradict one another. */
import { expect, test } from 'vitest';
import { type Id, ZERO_ID } from '../id.ts';
import { idOf, NETWORK, Speaker } from '../minefield/speaker.fixture.ts';
import { signingKey } from '../crypto/ed25519.ts';
import { ORDINARY, signTransaction } from '../ledger/transaction.ts';
import type { Purpose, Transaction } from '../ledger/types.ts';
import { type SignedVote, signVote, verifySignedVote } from '../voting/signed-vote.ts';
import { VoteFile } from './vote-file.ts';

const REACH = 5;
const key = signingKey(new Uint8Array(32).fill(3));
const place = (number: number) => ({ token: idOf(number), previous: idOf(900 + number) });
const always = (): boolean => true;

/** The `owner`th transfer of the tokens with these numbers. */
function transfer(tokens: readonly number[], owner: number, purpose: Purpose = ORDINARY) {
  const body = {
    network: NETWORK,
    changes: tokens.map((number) => ({ ...place(number), owner: idOf(owner) })),
    timestamp: 1000 + owner,
    valueClass: 'low' as const,
    extraNeighbours: 0,
    purpose: owner === 0 ? ORDINARY : purpose,
  };
  return signTransaction(
    body,
    tokens.map(() => key),
  );
}

function voteOn(speaker: Speaker, { id, body }: Transaction): SignedVote {
  const ballots = body.changes.map(({ token, previous }) => {
    return { token, previous, ballot: 'valid' as const };
  });
  const { chain, identity } = speaker;
  const said = { network: NETWORK, peer: identity.address, tx: id, committed: false, ballots };
  return signVote(said, chain.session);
}

function filing() {
  const speaker = new Speaker();
  const { identity } = speaker;
  const file = new VoteFile((vote) => verifySignedVote(vote, identity.record.identityKey));
  const pass = (transaction: Transaction, ...votes: readonly SignedVote[]): void =>
    file.committed(transaction, REACH, () => votes);
  return { speaker, file, pass };
}

const [one, other] = [transfer([1], 1), transfer([1], 2)];
const to: Id = idOf(77);

test('a vote on a rival of what passed contradicts the voter’s own, in the same epoch alone', () => {
  const { speaker, file, pass } = filing();
  const mine = voteOn(speaker, one);
  pass(one, mine);
  expect(file.contradiction(mine)).toBe(null);
  expect(file.contradiction(voteOn(speaker, transfer([2], 2)))).toBe(null);
  expect(file.contradiction(voteOn(speaker, other))).toBe(mine);
  speaker.start(2);
  expect(file.contradiction(voteOn(speaker, other))).toBe(null);
});

test('a late vote is looked at when it matters: a forged one convicts nobody', () => {
  const { speaker, file, pass } = filing();
  pass(one);
  const late = voteOn(speaker, one);
  file.late({ ...late, signature: new Uint8Array(64) });
  expect(file.contradiction(voteOn(speaker, other))).toBe(null);
  const { file: fresh, pass: passThere } = filing();
  passThere(one);
  fresh.late(late);
  expect(fresh.contradiction(voteOn(speaker, other))).toBe(late);
});

test('a late vote on something else than what passed is not kept', () => {
  const { speaker, file, pass } = filing();
  pass(one);
  const vote = voteOn(speaker, transfer([1, 2], 1));
  file.late({ ...vote, tx: one.id });
  expect(file.against(to, other.id, place(1), always)).toEqual([[]]);
});

test('votes are shown to who committed a rival, twice; of what passed there too nothing is', () => {
  const { speaker, file, pass } = filing();
  const mine = voteOn(speaker, one);
  pass(one, mine);
  expect(file.against(to, one.id, place(1), always)).toEqual([]);
  expect(file.against(to, other.id, place(2), always)).toEqual([]);
  expect(file.against(to, other.id, place(1), () => false)).toEqual([]);
  expect(file.against(to, other.id, place(1), (reach) => reach === REACH)).toEqual([[mine]]);
  expect(file.against(to, other.id, place(1), always)).toEqual([[mine]]);
  expect(file.against(to, other.id, place(1), always)).toEqual([]);
  expect(file.against(idOf(78), other.id, place(1), always)).toEqual([[mine]]);
});

test('what takes a mapping from nobody has no rival', () => {
  const { speaker, file, pass } = filing();
  const lapse = transfer([1], 1, { kind: 'lapse' });
  pass(lapse, voteOn(speaker, lapse));
  expect(file.hasRival(voteOn(speaker, other))).toBe(false);
  expect(file.contradiction(voteOn(speaker, other))).toBe(null);
});

test('the oldest commits are forgotten, with votes or without', () => {
  const { speaker, file, pass } = filing();
  pass(one, voteOn(speaker, one));
  const body = { ...one.body, changes: [{ token: idOf(3), owner: idOf(4), previous: ZERO_ID }] };
  const fill = (count: number, first: number): void => {
    for (let turn = first; turn < first + count; turn += 1) {
      file.committed({ ...one, id: idOf(10_000 + turn), body }, REACH, () => []);
    }
  };
  fill(8000, 0);
  expect(file.hasRival(voteOn(speaker, other))).toBe(true);
  fill(1000, 8000);
  expect(file.hasRival(voteOn(speaker, other))).toBe(false);
  expect(file.reach(one.id)).toBe(0);
});
