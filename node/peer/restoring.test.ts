import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryStore, VirtualNetwork, virtualEndpoint } from '../../test/support/network.ts';
import { signingKey } from '../crypto/ed25519.ts';
import { type Id, ZERO_ID } from '../id.ts';
import { Chain } from '../ledger/chain.ts';
import { Membership } from '../ledger/membership.ts';
import { supportingTokens } from '../ledger/supporting.ts';
import { keyHash, ORDINARY, signTransaction } from '../ledger/transaction.ts';
import type { Transaction } from '../ledger/types.ts';
import { identityOf, idOf, NETWORK } from '../minefield/speaker.fixture.ts';
import { DEFAULT_PARAMETERS } from '../parameters.ts';
import type { Message } from '../wire/messages.ts';
import { Holdings } from './holdings.ts';
import { Restoring } from './restoring.ts';

const K = 4;
const membership = new Membership();
for (let number = 1; number <= 24; number += 1) {
  const { address, record } = identityOf(number);
  membership.add({ address, record, endpoint: virtualEndpoint(number) });
}
const near = (token: Id): readonly Id[] => membership.near(token, K);
const self = identityOf(1).address;
/** Tokens that this peer keeps, and none of the tokens that support them. */
const mains = Array.from({ length: 2000 }, (_, number) => idOf(number)).filter(
  (token) =>
    near(token).includes(self) && !supportingTokens(token).some((one) => near(one).includes(self)),
);
const [main = ''] = mains;
const key = signingKey(new Uint8Array(32).fill(1));
const owner = keyHash(key.publicKey);

function supports(
  tokens: readonly Id[],
  timestamp: number,
  valueClass: 'low' | 'high' = 'high',
): Transaction {
  const changes = tokens.toSorted().map((token) => ({ token, owner, previous: ZERO_ID }));
  const body = {
    network: NETWORK,
    changes,
    timestamp,
    valueClass,
    extraNeighbours: 0,
    purpose: ORDINARY,
  };
  return signTransaction(
    body,
    changes.map(() => key),
  );
}

const state = supports([main, ...supportingTokens(main)], 5);

/** A keeper of `main` that has lost it. */
class Keeper {
  readonly network = new VirtualNetwork();
  readonly host = this.network.host(virtualEndpoint(1));
  readonly sent: { readonly to: Id; readonly message: Message }[] = [];
  readonly holdings: Holdings;
  readonly restoring: Restoring;
  told: Id | null = null;

  constructor() {
    const store = new MemoryStore();
    this.holdings = new Holdings(
      new Chain({ network: NETWORK, peer: self, timeScale: 1 }, store),
      store,
    );
    const { host, holdings } = this;
    const send = (to: Id, message: Message): void => void this.sent.push({ to, message });
    const parameters = { ...DEFAULT_PARAMETERS, k: K };
    this.restoring = new Restoring(
      { network: NETWORK, parameters, self, host, membership, holdings, send },
      { restored: ({ id }) => (this.told = id), copy: () => undefined },
    );
  }

  pass(ms: number): void {
    for (let at = 0; at < ms; at += 100) {
      this.network.run(100);
      this.restoring.tick();
    }
  }

  /** The question that `to` was asked about `token`. */
  query(to: Id, token: Id): Uint8Array {
    for (const { to: asked, message } of this.sent) {
      if (message.type !== 'ask-mapping' || asked !== to || message.token !== token) continue;
      return message.query;
    }
    throw new Error('it was not asked');
  }

  /** `peer` names `tx` as what the supporting token is at. */
  say(peer: Id, token: Id, tx: Id, query = this.query(peer, token)): void {
    const mapping = { token, owner, tx, previous: ZERO_ID };
    this.restoring.hear({ peer, token, query, answer: { mapping, path: [], block: tx } });
  }

  /** What it asked for comes. */
  serve(transaction: Transaction): void {
    const wanted = this.sent.some(
      ({ message }) => message.type === 'get-transaction' && message.tx === transaction.id,
    );
    if (wanted) this.restoring.onTransaction(transaction);
  }
}

test('a state is taken over when three of five name it, each by more than two thirds of its keepers', () => {
  const words = fc.array(fc.nat(K), { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(words, (counts) => {
      const keeper = new Keeper();
      keeper.restoring.want(main, false);
      keeper.pass(2500);
      for (const [index, token] of supportingTokens(main).entries()) {
        for (const [rank, peer] of near(token).entries()) {
          keeper.say(peer, token, rank < (counts[index] ?? 0) ? state.id : idOf(7000 + rank));
        }
      }
      keeper.serve(state);
      const isEnough = counts.filter((count) => count * 3 > K * 2).length >= 3;
      expect([counts, keeper.holdings.mapping(main)?.tx]).toEqual([
        counts,
        isEnough ? state.id : undefined,
      ]);
      expect(keeper.told).toBe(isEnough ? state.id : null);
    }),
    { numRuns: 60 },
  );
});

test.each([
  ['changes another token', [idOf(5000), ...supportingTokens(main)], 'high'],
  [
    'is of low value, so that its successor need not take support along',
    state.body.changes.map(({ token }) => token),
    'low',
  ],
] as const)('a transaction that %s restores nothing, whoever names it', (_why, tokens, value) => {
  const foreign = supports(tokens, 5, value);
  const keeper = new Keeper();
  keeper.restoring.want(main, false);
  keeper.pass(2500);
  for (const token of supportingTokens(main)) {
    for (const peer of near(token)) keeper.say(peer, token, foreign.id);
  }
  keeper.serve(foreign);
  expect(keeper.sent.some(({ message }) => message.type === 'get-transaction')).toBe(true);
  expect(keeper.holdings.mapping(main)).toBeUndefined();
});

test('words of strangers, and answers to other questions, count for nothing', () => {
  const keeper = new Keeper();
  keeper.restoring.want(main, false);
  keeper.pass(2500);
  for (const token of supportingTokens(main)) {
    for (const peer of near(token)) keeper.say(peer, token, state.id, new Uint8Array(16));
    const query = keeper.query(near(token)[0] ?? '', token);
    const strangers = [...membership.known].filter((address) => !near(token).includes(address));
    for (const address of strangers) keeper.say(address, token, state.id, query);
  }
  keeper.restoring.onTransaction(state);
  expect(keeper.holdings.mapping(main)).toBeUndefined();
});

test('however many tokens a stranger asks for, few are searched for, and each seldom', () => {
  const keeper = new Keeper();
  expect(mains.length).toBeGreaterThan(60);
  for (let second = 0; second < 30; second += 1) {
    for (const token of mains) keeper.restoring.want(token, true);
    keeper.pass(1000);
  }
  // Two at a time, eight seconds each, five supporting tokens, k keepers, asked at most five times.
  const rounds = Math.ceil(30 / 8);
  expect(keeper.sent.length).toBeLessThanOrEqual(rounds * 2 * 5 * K * 5);
  const again = new Keeper();
  for (let second = 0; second < 55; second += 1) {
    again.restoring.want(main, true);
    again.pass(1000);
  }
  const searches = new Set(
    again.sent.flatMap(({ message }) =>
      message.type === 'ask-mapping' ? [message.query.toHex()] : [],
    ),
  );
  expect(searches.size).toBe(1);
});

test('a token that others keep, or that is here, is not searched for', () => {
  const keeper = new Keeper();
  const elsewhere = idOf(
    Array.from({ length: 99 }, (_, number) => number).find(
      (number) => !near(idOf(number)).includes(self),
    ) ?? 0,
  );
  keeper.restoring.want(elsewhere, false);
  keeper.holdings.commit(state, new Set([main]));
  keeper.restoring.want(main, false);
  keeper.pass(5000);
  expect(keeper.sent).toEqual([]);
});
