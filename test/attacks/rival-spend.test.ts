import { expect, test } from 'vitest';
import { Swarm, NETWORK } from '../support/swarm.ts';
import type { Message } from '../../node/wire/messages.ts';
import {
  ColludingOwner,
  rivalsIn,
  rivalsMessage,
  TwoStories,
} from '../../attacks/kit/rival-spend.ts';

/** One peer's part: two others hear of one transfer, two of the other, one is an accomplice. */
function told() {
  const swarm = new Swarm({ peers: 6, clients: 0, parameters: { k: 5 } });
  const { peer, host } = swarm.at(0);
  const [, one = '', two = '', three = '', four = '', accomplice = ''] = swarm.peers.map(
    ({ identity }) => identity.address,
  );
  const owner = new ColludingOwner(NETWORK, '7'.repeat(64), host.now(), (length) =>
    host.random(length),
  );
  const [first, second] = owner.rivals(host.now() + 1);
  const rivals = { one: first, other: second, toOne: [one, two], toOther: [three, four] };
  const stories = new TwoStories(peer, host);
  stories.tell(rivals, [peer.identity.address, accomplice]);
  return { stories, rivals, one, three, accomplice };
}

const vote = (tx: string): Message => ({ type: 'vote', tx, committed: false, ballots: [] });

test('each side hears of its own transfer alone, in whatever message; of all else everybody does', () => {
  const { stories, rivals, one, three } = told();
  const { utter } = stories.decisions;
  const place = { height: 1, hash: one };
  for (const about of [
    (tx: string) => vote(tx),
    (tx: string): Message => ({ type: 'ask-votes', tx }),
    (tx: string): Message => ({
      type: 'commits',
      above: place,
      upTo: place,
      more: false,
      txs: [tx],
    }),
  ]) {
    const [ofOne, ofOther] = [about(rivals.one.id), about(rivals.other.id)];
    expect(utter(one, ofOne)).toBe(ofOne);
    expect(utter(one, ofOther)).toBe(null);
    expect(utter(three, ofOne)).toBe(null);
    expect(utter(three, ofOther)).toBe(ofOther);
  }
  const both: Message = { type: 'frozen', one: rivals.one, other: rivals.other };
  expect(utter(one, both)).toBe(null);
  const other = vote('8'.repeat(64));
  expect(utter(one, other)).toBe(other);
});

test('it calls both valid and never sees either pass', () => {
  const { stories, rivals, one, accomplice } = told();
  const { vote: ballot, heed } = stories.decisions;
  for (const transaction of [rivals.one, rivals.other]) {
    expect(ballot(transaction, '7'.repeat(64), 'invalid')).toBe('valid');
    for (const id of [one, accomplice]) {
      expect(heed({ id, kind: 'peer' }, vote(transaction.id))).toBe(false);
    }
    expect(heed({ id: accomplice, kind: 'peer' }, { type: 'submit', transaction })).toBe(true);
  }
  expect(heed({ id: one, kind: 'peer' }, vote('8'.repeat(64)))).toBe(true);
});

test('rivals travel as JSON; what is not of that form is none', () => {
  const { rivals } = told();
  expect(rivalsIn(JSON.parse(JSON.stringify(rivalsMessage(rivals))))).toEqual(rivals);
  for (const message of [
    null,
    7,
    {},
    { kind: 'rivals' },
    { kind: 'rivals', one: '00', other: '' },
  ]) {
    expect(rivalsIn(message)).toBe(null);
  }
});
