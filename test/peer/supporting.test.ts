import { afterAll, beforeAll, expect, test } from 'vitest';
import { useCryptography } from '../../node/crypto/cryptography.ts';
import { type SigningKey, signingKey } from '../../node/crypto/ed25519.ts';
import { hash, hashBytes } from '../../node/crypto/hash.ts';
import { type Id, idToBytes, ZERO_ID } from '../../node/id.ts';
import { RESTORING, supportingTokens } from '../../node/ledger/supporting.ts';
import { keyHash, ORDINARY, signTransaction } from '../../node/ledger/transaction.ts';
import type { Transaction } from '../../node/ledger/types.ts';
import type { ProtocolParameters } from '../../node/parameters.ts';
import { Asker } from '../support/asker.ts';
import { NETWORK, Swarm } from '../support/swarm.ts';

const K = 3;

beforeAll(() => useCryptography('ideal'));
afterAll(() => useCryptography('real'));

const key = (index: number): SigningKey => signingKey(hashBytes('key', new Uint8Array([index])));

/** Moves each token from the transaction it is at (ZERO_ID: creates it) to the owner `to`. */
function move(at: ReadonlyMap<Id, Id>, from: number, to: number, timestamp: number): Transaction {
  const changes = [...at]
    .map(([token, previous]) => ({ token, owner: keyHash(key(to).publicKey), previous }))
    .sort((a, b) => (a.token < b.token ? -1 : 1));
  const body = {
    network: NETWORK,
    changes,
    timestamp,
    valueClass: 'high' as const,
    extraNeighbours: 0,
    purpose: ORDINARY,
  };
  return signTransaction(
    body,
    changes.map(({ previous }) => key(previous === ZERO_ID ? to : from)),
  );
}

/** A network in which token `main` is at `state` and has its supporting tokens there. */
class Supported {
  readonly swarm: Swarm;
  readonly asker: Asker;
  readonly main: Id;
  readonly state: Transaction;

  constructor(parameters: Partial<ProtocolParameters> = {}) {
    const size = { peers: 27, clients: 0, seed: 6 };
    this.swarm = new Swarm({ ...size, parameters: { k: K, ...parameters } });
    this.swarm.mesh();
    this.asker = new Asker(this.swarm, 90);
    this.main = this.another(0);
    const created = move(new Map([[this.main, ZERO_ID]]), 1, 1, this.swarm.network.now);
    this.submit(created);
    this.state = move(
      new Map([
        [this.main, created.id],
        ...this.supporting.map((token): [Id, Id] => [token, ZERO_ID]),
      ]),
      1,
      1,
      this.swarm.network.now,
    );
    // Certificates are long, and go to whom one knows: the first take a second more.
    this.submit(this.state, 3000);
    expect(this.keepersWith(this.main, this.state.id)).toBe(K);
  }

  get supporting(): readonly Id[] {
    return supportingTokens(this.main);
  }

  near(token: Id): readonly Id[] {
    const living = this.swarm.seated.find(({ host }) => !this.#dead.has(host));
    return living?.peer.membership.near(token, K) ?? [];
  }

  submit(transaction: Transaction, forMs = 2000): void {
    const near = transaction.body.changes.flatMap(({ token }) => this.near(token));
    this.asker.say(new Set(near), { type: 'submit', transaction });
    this.swarm.network.run(forMs);
  }

  /** How many living keepers hold this mapping of the token in their state. */
  keepersWith(token: Id, tx: Id): number {
    const near = this.near(token);
    return this.swarm.seated.filter(
      ({ peer, host }) =>
        !this.#dead.has(host) &&
        near.includes(peer.identity.address) &&
        peer.chain.state.get(token)?.tx === tx,
    ).length;
  }

  /** Everyone that holds the token is gone for good, and counted by nobody any more. */
  lose(token: Id, state = this.state): void {
    for (const { peer, host } of this.swarm.seated) {
      if (peer.chain.state.get(token) === undefined) continue;
      host.kill();
      this.#dead.add(host);
      for (const other of this.swarm.peers) {
        other.membership.remove(peer.identity.address, this.swarm.network.now);
      }
    }
    expect(this.keepersWith(token, state.id)).toBe(0);
  }

  /** The first or a later token for which nobody keeps both it and one of those that support it. */
  another(which: number): Id {
    let left = which;
    for (let index = 0; ; index += 1) {
      const main = hash('key', idToBytes(NETWORK), new Uint8Array([index]));
      const supporting = supportingTokens(main).map((token) => this.near(token));
      const all = [this.near(main), ...supporting].flat();
      if (new Set(all).size < all.length) continue;
      if (left === 0) return main;
      left -= 1;
    }
  }

  readonly #dead = new Set<object>();
}

const restored = ({ swarm }: Supported) =>
  swarm.rows('transactions').filter(({ outcome }) => outcome === 'restored');

/** The move that follows `state`, with three of the supporting tokens from the `first` on. */
function next({ main, state, supporting, swarm }: Supported, first = 0): Transaction {
  const along = supporting
    .slice(first, first + RESTORING)
    .map((token): [Id, Id] => [token, state.id]);
  return move(new Map([[main, state.id], ...along]), 1, 2, swarm.network.now);
}

test('a token that all its keepers have lost comes back through its supporting tokens', () => {
  const network = new Supported();
  network.lose(network.main);
  const moved = next(network);
  network.submit(moved, 5000);
  expect(restored(network).map(({ tx }) => tx)).toContain(network.state.id);
  // The owner's move, which the new keepers could not judge, is committed.
  expect(network.keepersWith(network.main, moved.id)).toBe(K);
});

test.each([
  [2, 'comes back'],
  [3, 'stays lost'],
])('with %i of the five supporting tokens lost too it %s', (lost, fate) => {
  const network = new Supported();
  network.lose(network.main);
  for (const token of network.supporting.slice(-lost)) network.lose(token);
  network.submit(next(network), 5000);
  expect(restored(network).length > 0).toBe(fate === 'comes back');
});

test.each([1, 5])(
  'with %i supporting tokens lost alone, those who keep them now take them up where the main token is',
  (lost) => {
    const network = new Supported();
    const { main, state, supporting, swarm } = network;
    const all = [main, ...supporting].map((token): [Id, Id] => [token, state.id]);
    const once = move(new Map(all), 1, 1, swarm.network.now);
    network.submit(once);
    for (const token of supporting.slice(0, lost)) network.lose(token, once);
    const along = [main, ...supporting.slice(0, RESTORING)];
    const moved = move(
      new Map(along.map((token): [Id, Id] => [token, once.id])),
      1,
      2,
      swarm.network.now,
    );
    network.submit(moved, 6000);
    for (const token of along) expect(network.keepersWith(token, moved.id)).toBe(K);
  },
);

test('who merely asks for a lost token brings it back too', () => {
  const network = new Supported();
  network.lose(network.main);
  const query = new Uint8Array(16);
  const token = network.main;
  const silent = network.asker.ask(
    network.near(token),
    { type: 'ask-mapping', token, query },
    8000,
  );
  expect([...silent.values()][0]).toMatchObject({ statement: { answer: null } });
  expect(network.keepersWith(token, network.state.id)).toBe(K);
});

test.each<Partial<ProtocolParameters>>([
  { voting: 'polled' },
  { votes: 'signed', voteExchange: 'certificates' },
  { voting: 'polled', votes: 'signed' },
])('its keepers vote last however votes travel: %j', (parameters) => {
  const network = new Supported(parameters);
  const moved = next(network);
  network.submit(moved, 4000);
  expect(network.keepersWith(network.main, moved.id)).toBe(K);
});

test('a supported token that leaves its supporting tokens behind is not moved', () => {
  const network = new Supported();
  const { main, state, swarm, supporting } = network;
  const at = new Map([
    [main, state.id],
    ...supporting.slice(0, 2).map((s): [Id, Id] => [s, state.id]),
  ]);
  const alone = move(at, 1, 2, swarm.network.now);
  network.submit(alone, 3000);
  const verdicts = swarm.rows('votes').filter(({ tx, token }) => tx === alone.id && token === main);
  expect(new Set(verdicts.map(({ verdict }) => verdict))).toEqual(new Set(['invalid']));
  // Its keepers called none valid, so the owner may still do better, with those it did not waste.
  const moved = next(network, 2);
  network.submit(moved);
  expect(network.keepersWith(main, moved.id)).toBe(K);
});

test('a stranger that creates a supporting token first keeps the owner from having support, no more', () => {
  const network = new Supported();
  const { asker, swarm } = network;
  const main = network.another(1);
  const created = move(new Map([[main, ZERO_ID]]), 1, 1, swarm.network.now);
  network.submit(created);
  const [taken = '', ...others] = supportingTokens(main);
  network.submit(move(new Map([[taken, ZERO_ID]]), 3, 3, swarm.network.now));
  const all = [taken, ...others].map((token): [Id, Id] => [token, ZERO_ID]);
  const linked = move(new Map([[main, created.id], ...all]), 1, 1, swarm.network.now);
  network.submit(linked);
  expect(network.keepersWith(main, linked.id)).toBe(0);
  // Nobody who keeps the token itself has called that valid: its owner moves it alone.
  const moved = move(new Map([[main, created.id]]), 1, 2, swarm.network.now);
  asker.say(network.near(main), { type: 'submit', transaction: moved });
  swarm.network.run(2000);
  expect(network.keepersWith(main, moved.id)).toBe(K);
});

test('supporting tokens that name an older state than three of them restore nothing of it', () => {
  const network = new Supported();
  const moved = next(network);
  network.submit(moved);
  network.lose(network.main);
  // The three that came along are lost with it; the two left behind still name the state before.
  for (const token of network.supporting.slice(0, RESTORING)) network.lose(token);
  const [left] = network.supporting.slice(RESTORING);
  expect(network.keepersWith(left ?? '', network.state.id)).toBeGreaterThan(0);
  network.asker.ask(
    network.near(network.main),
    { type: 'ask-mapping', token: network.main, query: new Uint8Array(16) },
    5000,
  );
  expect(restored(network)).toEqual([]);
});
