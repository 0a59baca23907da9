import { expect, test } from 'vitest';
import { VirtualNetwork, virtualEndpoint } from '../../test/support/network.ts';
import { LOAD } from '../../test/support/swarm.ts';
import type { Id } from '../id.ts';
import { roundsOf } from '../ledger/rounds.ts';
import type { Transaction } from '../ledger/types.ts';
import { DEFAULT_PARAMETERS } from '../parameters.ts';
import { encodeMessage, type Message } from '../wire/messages.ts';
import { LoadRandom } from './random.ts';
import { Submissions } from './submissions.ts';
import { Wallet } from './wallet.ts';

const id = (index: number): Id => index.toString(16).padStart(64, '0');
const K = 4;
const EXTRA = 2;

/** A client whose tokens' keepers are members 0 to K − 1, and as many more as it asks for. */
class Following {
  readonly network = new VirtualNetwork();
  readonly host = this.network.host(virtualEndpoint(1));
  readonly sent: { readonly to: Id; readonly message: Message }[] = [];
  readonly submissions: Submissions;
  readonly wallet = new Wallet(
    'ab'.repeat(32),
    new LoadRandom('following'),
    (length) => this.host.random(length),
    { ...DEFAULT_PARAMETERS, k: K },
  );

  constructor(
    neighbourhood = (_token: Id, extra: number): readonly Id[] =>
      Array.from({ length: K + extra }, (_, index) => id(index)),
  ) {
    const send = (to: Id, message: Message): void => void this.sent.push({ to, message });
    this.submissions = new Submissions(DEFAULT_PARAMETERS, this.host, { send, neighbourhood });
  }

  /** What was sent first. */
  get transaction(): Transaction {
    const [first] = this.sent;
    if (first?.message.type !== 'submit') throw new Error('nothing was submitted');
    return first.message.transaction;
  }

  submit(highValueShare: number): Id {
    const draft = this.wallet.draw({ ...LOAD, highValueShare }, this.host.now());
    this.submissions.submit(draft, this.wallet);
    return draft.transaction.id;
  }

  pass(ms: number): void {
    for (let at = 0; at < ms; at += 200) {
      this.network.run(200);
      this.submissions.tick();
    }
  }

  outcomes(): readonly string[] {
    return this.network.rows.map(({ row }) => (row.table === 'transactions' ? row.outcome : ''));
  }
}

test('a retry sends identical bytes, and only to those that have not said that it is committed', () => {
  const following = new Following();
  const tx = following.submit(0);
  expect(following.sent.map(({ to }) => to)).toEqual([0, 1, 2, 3].map(id));
  following.submissions.onCommitted(id(0), tx);
  following.submissions.onCommitted(id(1), tx);
  const before = following.sent.length;
  following.pass(2200);
  const again = following.sent.slice(before);
  expect(again.map(({ to }) => to)).toEqual([id(2), id(3)]);
  const bytes = new Set(following.sent.map(({ message }) => encodeMessage(message).toHex()));
  expect(bytes.size).toBe(1);
});

test('it is committed when more than two thirds of all its keepers said so, those it asked for included', () => {
  const following = new Following();
  const tx = following.submit(1);
  expect(new Set(following.sent.map(({ to }) => to)).size).toBe(K + EXTRA);
  for (let keeper = 0; keeper < 4; keeper += 1) following.submissions.onCommitted(id(keeper), tx);
  expect(following.outcomes()).toEqual(['submitted']);
  following.submissions.onCommitted(id(4), tx);
  // The linked second transaction, with the supporting tokens, goes out at once.
  expect(following.outcomes()).toEqual(['submitted', 'committed', 'submitted']);
});

test('of three rounds two are enough, whichever they are, but never without its own token', () => {
  // Each token has keepers of its own.
  const keepers = (token: Id) => [0, 1, 2, 3].map((index) => id(index) + token);
  for (const left of [0, 1, 2, 3]) {
    const following = new Following(keepers);
    following.submit(1);
    const { id: tx, body } = following.transaction;
    const rounds = roundsOf(following.transaction);
    const main = body.changes.flatMap(({ token }) => (rounds.includes(token) ? [] : [token]));
    for (const token of [...main, ...rounds].toSpliced(left, 1)) {
      expect(following.outcomes()).toEqual(['submitted']);
      for (const keeper of keepers(token)) following.submissions.onCommitted(keeper, tx);
    }
    expect(following.outcomes().includes('committed')).toBe(left !== 0);
  }
});

test('what nobody commits is reported as timed out, and its token is left alone', () => {
  const following = new Following();
  following.submit(0);
  following.pass(26_000);
  expect(following.outcomes()).toEqual(['submitted', 'timed-out']);
  expect(following.wallet.tokens).toEqual([]);
});
