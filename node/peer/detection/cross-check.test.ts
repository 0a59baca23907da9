import { expect, test } from 'vitest';
import { MemoryStore, VirtualNetwork, virtualEndpoint } from '../../../test/support/network.ts';
import { signingKey } from '../../crypto/ed25519.ts';
import { type Id, ZERO_ID } from '../../id.ts';
import { Chain } from '../../ledger/chain.ts';
import { Membership } from '../../ledger/membership.ts';
import { keyHash, ORDINARY, signTransaction } from '../../ledger/transaction.ts';
import type { Mapping, Transaction } from '../../ledger/types.ts';
import { entryOf, identityOf, idOf, NETWORK, Speaker } from '../../minefield/speaker.fixture.ts';
import { DEFAULT_PARAMETERS } from '../../parameters.ts';
import type { Message } from '../../wire/messages.ts';
import { Holdings } from '../holdings.ts';
import { CrossCheck, SETTLE_MS } from './cross-check.ts';

const TOKEN = idOf(500);
const PEERS = [1, 2, 3, 4, 5].map((number) => identityOf(number));
const [self = '', accused = '', ...others] = PEERS.map(({ address }) => address);
const keyOf = (number: number) => signingKey(new Uint8Array(32).fill(number));

/** From the key `number - 1` to the key `number`, the first out of nothing. */
function transfer(number: number, previous: Id): Transaction {
  const owner = keyHash(keyOf(number).publicKey);
  return signTransaction(
    {
      network: NETWORK,
      changes: [{ token: TOKEN, owner, previous }],
      timestamp: number,
      valueClass: 'low',
      extraNeighbours: 0,
      purpose: ORDINARY,
    },
    [keyOf(number - (previous === ZERO_ID ? 0 : 1))],
  );
}

function mappingOf({ id, body }: Transaction): Mapping {
  const [change = { token: TOKEN, owner: '', previous: ZERO_ID }] = body.changes;
  return { ...change, tx: id };
}

const first = transfer(1, ZERO_ID);
const second = transfer(2, first.id);
const third = transfer(3, second.id);

/** A keeper that holds `first`, as do all others, and hears `told`; is that flagged? */
function judged(told: Mapping, known: readonly Transaction[]): boolean {
  const network = new VirtualNetwork({ seed: 1 });
  const host = network.host(virtualEndpoint(1));
  const membership = new Membership();
  for (const [index, { address, record }] of PEERS.entries()) {
    membership.add({ address, record, endpoint: virtualEndpoint(index) });
  }
  const store = new MemoryStore();
  const chain = new Chain({ network: NETWORK, peer: self, timeScale: 1 }, store);
  const holdings = new Holdings(chain, store);
  holdings.commit(first, new Set([TOKEN]));
  const parameters = { ...DEFAULT_PARAMETERS, k: PEERS.length };
  const send = (_to: Id, _message: Message): void => {};
  const check = new CrossCheck(
    { self, host, membership, parameters, holdings, send },
    {
      held: () => {},
      failed: () => {},
      transaction: (tx) => known.find(({ id }) => id === tx) ?? null,
      better: (a) => a,
    },
  );
  const speaker = new Speaker();
  speaker.append(entryOf(1));
  const word = speaker.say(idOf(1));
  const hear = (peer: Id, mapping: Mapping): void => {
    const answer = word.answer === null ? null : { ...word.answer, mapping };
    check.hear({ ...word, peer, token: TOKEN, answer });
  };
  hear(accused, told);
  for (let passed = 0; passed <= SETTLE_MS; passed += 1000) {
    check.tick();
    network.run(1000);
    for (const other of others) hear(other, mappingOf(first));
  }
  check.tick();
  return network.rows.some(({ row }) => row.table === 'flags');
}

test('who says what nobody holds, of which no owner’s word is known, is flagged', () => {
  expect(judged({ ...mappingOf(second), tx: idOf(9) }, [second])).toBe(true);
  expect(judged(mappingOf(second), [])).toBe(true);
});

test('who is ahead by transactions that the owners signed is not: this peer may be cut off', () => {
  expect(judged(mappingOf(second), [second])).toBe(false);
  expect(judged(mappingOf(third), [second, third])).toBe(false);
});

test('another owner than the transaction’s, or one that does not build on the own view, is flagged', () => {
  expect(judged({ ...mappingOf(second), owner: idOf(8) }, [second])).toBe(true);
  expect(judged(mappingOf(third), [third])).toBe(true);
  const rival = transfer(4, ZERO_ID);
  expect(judged(mappingOf(rival), [rival])).toBe(true);
});
