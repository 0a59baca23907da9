import { expect, test } from 'vitest';
import { VirtualNetwork, virtualEndpoint } from '../../test/support/network.ts';
import { signingKey } from '../crypto/ed25519.ts';
import { deciding } from '../decisions.ts';
import { type Id, ZERO_ID } from '../id.ts';
import { RecordChecker } from '../identity/checker.ts';
import { Chain } from '../ledger/chain.ts';
import { Membership } from '../ledger/membership.ts';
import { keyHash, ORDINARY, signTransaction } from '../ledger/transaction.ts';
import { idOf, NETWORK, POW } from '../minefield/speaker.fixture.ts';
import { DEFAULT_PARAMETERS } from '../parameters.ts';
import { Following } from './following.ts';
import { Holdings } from './holdings.ts';

const owner = signingKey(new Uint8Array(32).fill(7));
const [honest, liar] = [idOf(1), idOf(2)];

function creation(number: number) {
  const changes = [
    { token: idOf(1000 + number), previous: ZERO_ID, owner: keyHash(owner.publicKey) },
  ];
  return signTransaction(
    {
      network: NETWORK,
      changes,
      timestamp: 100 + number,
      valueClass: 'low',
      extraNeighbours: 0,
      purpose: ORDINARY,
    },
    [owner],
  );
}

/** What it has noted of each source, whom it has lost, and what it asked for since it was looked at last. */
function follower() {
  const network = new VirtualNetwork();
  const host = network.host(virtualEndpoint(1));
  const self = idOf(9);
  const noted: [Id, Id][] = [];
  const lost: Id[] = [];
  let asked: [Id, Id][] = [];
  const following = new Following(
    {
      network: NETWORK,
      parameters: DEFAULT_PARAMETERS,
      self,
      host,
      membership: new Membership(),
      checker: new RecordChecker(NETWORK, POW, () => host.now()),
      holdings: new Holdings(
        new Chain({ network: NETWORK, peer: self, timeScale: 1 }, host.store),
        host.store,
      ),
      decisions: deciding(() => ({})),
      send: (to, message) => {
        if (message.type === 'get-transaction') asked.push([to, message.tx]);
      },
    },
    {
      committed: (source, { id }) => noted.push([source, id]),
      lost: (source) => lost.push(source),
    },
  );
  /** Time goes on; whom it asked for what. */
  const tick = (ms = 800) => {
    asked = [];
    network.run(ms);
    following.tick(host.now());
    return asked;
  };
  return { following, tick, noted, lost };
}

test('what a source told counts in its order, whatever arrives first', () => {
  const { following, tick, noted, lost } = follower();
  const [first, second] = [creation(1), creation(2)];
  following.onCommits(honest, [first.id, second.id]);
  expect(tick()).toEqual([
    [honest, first.id],
    [honest, second.id],
  ]);
  expect(following.onTransaction(second)).toBe(true);
  expect(noted).toEqual([]);
  following.onTransaction(first);
  expect(noted).toEqual([
    [honest, first.id],
    [honest, second.id],
  ]);
  expect(lost).toEqual([]);
});

test('a source of which something can’t be had is lost, not followed with a gap; then it is asked anew', () => {
  const { following, tick, noted, lost } = follower();
  const [missing, next] = [creation(1), creation(2)];
  following.onCommits(honest, [missing.id, next.id]);
  tick();
  following.onTransaction(next);
  for (let turn = 0; turn < 20; turn += 1) tick();
  expect(noted).toEqual([]);
  expect(lost).toEqual([honest]);
  following.onCommits(honest, [missing.id, next.id]);
  expect(tick()).toEqual([[honest, missing.id]]);
  following.onTransaction(missing);
  expect(noted).toEqual([
    [honest, missing.id],
    [honest, next.id],
  ]);
});

test('who names what it does not have neither loses others their tries nor their turn', () => {
  const { following, tick, noted, lost } = follower();
  const real = creation(1);
  following.onCommits(liar, [real.id, ...Array.from({ length: 400 }, (_, index) => idOf(index))]);
  for (let turn = 0; turn < 14; turn += 1) tick();
  const other = creation(2);
  following.onCommits(honest, [real.id, other.id]);
  const askedHonest = new Set(
    Array.from({ length: 14 }, () => tick()).flatMap((asked) =>
      asked.flatMap(([to, tx]) => (to === honest ? [tx] : [])),
    ),
  );
  expect(askedHonest).toEqual(new Set([real.id, other.id]));
  expect(lost).not.toContain(honest);
  following.onTransaction(real);
  following.onTransaction(other);
  expect(noted.filter(([source]) => source === honest)).toHaveLength(2);
});

test('a source that tells faster than can be fetched is not asked for more', () => {
  const { following } = follower();
  for (let told = 0; told < 512; told += 32) {
    expect(following.hasRoom(liar)).toBe(true);
    following.onCommits(
      liar,
      Array.from({ length: 32 }, (_, index) => idOf(told + index)),
    );
  }
  expect(following.hasRoom(liar)).toBe(false);
  expect(following.hasRoom(honest)).toBe(true);
});
