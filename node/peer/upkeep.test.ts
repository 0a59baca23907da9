import { expect, test } from 'vitest';
import { VirtualNetwork, virtualEndpoint } from '../../test/support/network.ts';
import { deciding } from '../decisions.ts';
import { ZERO_ID } from '../id.ts';
import { RecordChecker } from '../identity/checker.ts';
import { Chain } from '../ledger/chain.ts';
import { Membership } from '../ledger/membership.ts';
import { identityOf, idOf, NETWORK, POW } from '../minefield/speaker.fixture.ts';
import { DEFAULT_PARAMETERS } from '../parameters.ts';
import type { Commits } from '../wire/keeping.ts';
import { Holdings } from './holdings.ts';
import { Speakers } from './speakers.ts';
import { Upkeep } from './upkeep.ts';

const neighbour = identityOf(2).address;

/** A peer with one neighbour, and from what height on it asked that for commits. */
function keeper() {
  const network = new VirtualNetwork();
  const host = network.host(virtualEndpoint(1));
  const self = identityOf(1).address;
  const membership = new Membership();
  for (const number of [1, 2]) {
    const { address, record } = identityOf(number);
    membership.add({ address, record, endpoint: virtualEndpoint(number) });
  }
  const asked: number[] = [];
  const upkeep = new Upkeep(
    {
      network: NETWORK,
      parameters: DEFAULT_PARAMETERS,
      self,
      host,
      membership,
      checker: new RecordChecker(NETWORK, POW, () => host.now()),
      holdings: new Holdings(
        new Chain({ network: NETWORK, peer: self, timeScale: 1 }, host.store),
        host.store,
      ),
      decisions: deciding(() => ({})),
      send: (_, message) => {
        if (message.type === 'ask-commits') asked.push(message.above);
      },
    },
    new Speakers(NETWORK, (address) => membership.get(address), null),
    () => ZERO_ID,
  );
  const ask = () => {
    upkeep.tick([neighbour]);
    return asked.at(-1);
  };
  const hear = (from: readonly [number, number], to: readonly [number, number], more = false) =>
    upkeep.onCommits(neighbour, answer(from, to, more));
  return { upkeep, network, asked, ask, hear };
}

/** Blocks by height and number: the same number is the same block. */
function answer(from: readonly [number, number], to: readonly [number, number], more: boolean) {
  const [above, upTo] = [from, to].map(([height, number]) => ({ height, hash: idOf(number) }));
  if (above === undefined || upTo === undefined) throw new Error('no places');
  return { type: 'commits', above, upTo, more, txs: [] } satisfies Commits;
}

test('it reads on from where it has come to, at once while there is more', () => {
  const { asked, ask, hear } = keeper();
  expect(ask()).toBe(0);
  hear([0, 1], [5, 2], true);
  expect(asked).toEqual([0, 5]);
  hear([5, 2], [9, 3]);
  expect(ask()).toBe(9);
});

test('an answer to what others here asked, or to what it asked before it started over, leaves no gap', () => {
  const { upkeep, ask, hear } = keeper();
  ask();
  hear([7, 2], [9, 3]);
  expect(ask()).toBe(0);
  hear([0, 1], [5, 2]);
  expect(ask()).toBe(5);
  upkeep.startOver();
  hear([5, 2], [6, 3]);
  expect(ask()).toBe(0);
});

test('a neighbour that was put back to an older state is read from the start', () => {
  const { ask, hear } = keeper();
  ask();
  hear([0, 1], [5, 2]);
  expect(ask()).toBe(5);
  hear([5, 20], [9, 21]);
  expect(ask()).toBe(0);
});
