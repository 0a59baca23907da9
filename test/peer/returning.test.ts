/** Members that come back at the worst moment: no refusal locks an identity token for good. */
import { expect, test } from 'vitest';
import type { Decisions } from '../../node/decisions.ts';
import { expectBannedOnly, expectSafe } from '../support/invariants.ts';
import { Swarm } from '../support/swarm.ts';

/** Leases of 20 s, the shortest there are. */
const QUICK = { k: 5, timeScale: 3600, trustHours: 8, leaseHours: 1 } as const;

test.each(['mac', 'signed'] as const)(
  'a member that comes back when all have found that it lapsed renews (votes: %s)',
  (votes) => {
    let isLost = true;
    // One says so; the words of all others are lost for long.
    const withheld: Partial<Decisions> = {
      vote: ({ body }, _token, honest) => (body.purpose.kind === 'lapse' && isLost ? null : honest),
    };
    const decisions = Object.fromEntries([1, 2, 3, 4, 5].map((index) => [index, withheld]));
    const swarm = new Swarm({
      peers: 6,
      clients: 0,
      seed: 91,
      parameters: { ...QUICK, votes },
      decisions,
    });
    swarm.mesh();
    const { endpoint, peer } = swarm.at(4);
    const { address } = peer.identity;
    const whole = swarm.network.link;
    swarm.network.link = (from, to) =>
      from.ip === endpoint.ip || to.ip === endpoint.ip ? { lossProbability: 1 } : whole(from, to);
    // Two leases, and all have found it valid, which binds them whether it is heard or not.
    swarm.network.run(50_000);
    swarm.network.link = whole;
    const renewals = () =>
      swarm.rows('transactions').filter(({ kind, outcome, tokens }) => {
        return kind === 'renewal' && outcome === 'committed' && tokens[0] === address;
      });
    expect(renewals()).toEqual([]);
    expect(swarm.network.runUntil(() => renewals().length >= 4, 20_000)).toBe(true);
    isLost = false;
    swarm.network.run(30_000);
    for (const one of swarm.peers) expect(one.membership.counts(address)).toBe(true);
    expectSafe(swarm);
    expectBannedOnly(swarm, []);
  },
);
