/** Owners who sign two transfers of one mapping, on networks that lose, reorder, split and restart. */
import { expect, test } from 'vitest';
import { ZERO_ID } from '../../node/id.ts';
import type { ProtocolParameters } from '../../node/parameters.ts';
import { expectBannedOnly, expectSafe } from '../support/invariants.ts';
import { seededRandom } from '../support/network.ts';
import { Spender, spending } from '../support/spender.ts';
import { Swarm } from '../support/swarm.ts';

/** Longer than a transaction may be under vote, and than a peer waits that may have forgotten. */
const STUCK_MS = 28_000;
const OWNERS = 9;

type Rivals = ReturnType<Spender['rivals']>;

interface Spent {
  readonly swarm: Swarm;
  readonly spender: Spender;
  readonly rivals: readonly Rivals[];
}

/** Each member hears one of the two first and perhaps the other later; how many which, is random. */
function spendTwice(seed: number, parameters: Partial<ProtocolParameters>): Spent {
  const random = seededRandom(seed);
  const swarm = new Swarm({ peers: 9, clients: 0, seed, parameters });
  swarm.mesh();
  const spender = new Spender(swarm);
  const created = spender.create(OWNERS);
  const link = () => ({ delayMs: 1 + random() * 300, lossProbability: 0.05 });
  swarm.network.link = link;
  const pairs = created.map((one) => spender.rivals(one));
  for (const rivals of pairs) {
    const share = random();
    for (const id of spender.everybody) {
      const [first, second] = random() < share ? rivals : rivals.toReversed();
      if (first !== undefined) spender.submit([id], first);
      if (second !== undefined && random() < 0.3) spender.submit([id], second);
    }
    swarm.network.run(Math.floor(random() * 300));
  }
  const index = Math.floor(random() * 9);
  swarm.restart(index, 500);
  const side = new Set(
    swarm.seated.filter(() => random() < 0.5).map(({ endpoint }) => endpoint.ip),
  );
  swarm.network.link = (from, to) =>
    side.has(from.ip) === side.has(to.ip) ? link() : { lossProbability: 1 };
  swarm.network.run(2000);
  swarm.network.link = link;
  swarm.restart((index + 4) % 9, 500);
  swarm.network.run(STUCK_MS);
  return { swarm, spender, rivals: pairs };
}

function outcomes(swarm: Swarm, rivals: Rivals): ReadonlySet<string> {
  const ids = new Set(rivals.map(({ id }) => id));
  const rows = swarm.rows('transactions').filter(({ tx }) => ids.has(tx));
  return new Set(rows.map(({ outcome }) => outcome));
}

let frozen = 0;
let passed = 0;

test.each([1, 2, 3, 4])(
  'of two transfers at most one is committed, a stuck token is reported, others go on (seed %i)',
  (seed) => {
    const { swarm, spender, rivals } = spendTwice(seed, {});
    expectSafe(swarm);
    expectBannedOnly(swarm, []);
    for (const pair of rivals) {
      const seen = outcomes(swarm, pair);
      const reported = ['committed', 'frozen', 'conflicting', 'timed-out'];
      expect(reported.some((outcome) => seen.has(outcome))).toBe(true);
      if (seen.has('committed')) passed += 1;
      else expect(seen).toContain('frozen');
      if (seen.has('frozen')) frozen += 1;
    }
    // Other tokens of the same owner, all over the ring.
    swarm.network.link = () => ({ delayMs: 40 });
    const tokens = ['1a', '5b', '9c', 'dd'].map((byte) => byte.repeat(32));
    const terms = { previous: ZERO_ID, to: 0, timestamp: swarm.network.now };
    const others = tokens.map((token) => spending({ ...terms, tokens: [token] }));
    for (const other of others) spender.submit(spender.everybody, other);
    swarm.network.run(5000);
    for (const other of others) {
      const rows = swarm.rows('transactions').filter(({ tx }) => tx === other.id);
      const committed = rows.filter(({ outcome }) => outcome === 'committed');
      expect(committed.length).toBeGreaterThanOrEqual(swarm.parameters.k);
    }
  },
);

test('of those 36 owners some got one transfer through and some froze their token', () => {
  expect(passed).toBeGreaterThan(5);
  expect(frozen).toBeGreaterThan(5);
});

test('with the papers’ rule the rows say what happened: every double spend ends or is conflicting', () => {
  const { swarm, rivals } = spendTwice(5, { commitRule: 'net' });
  for (const pair of rivals) {
    const seen = outcomes(swarm, pair);
    expect(seen.has('committed') || seen.has('conflicting') || seen.has('frozen')).toBe(true);
  }
  const committed = rivals.filter((pair) => outcomes(swarm, pair).has('committed'));
  expect(committed.length).toBeGreaterThan(3);
});
