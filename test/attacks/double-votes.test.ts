/** Who votes for two rivals is convicted where votes are signed, though the two votes never met. */
import { expect, test, vi } from 'vitest';
import type { Id } from '../../node/id.ts';
import type { Decisions } from '../../node/decisions.ts';
import type { ProtocolParameters } from '../../node/parameters.ts';
import { signVote } from '../../node/voting/signed-vote.ts';
import type { Message } from '../../node/wire/messages.ts';
import { ColludingOwner, TwoStories } from '../../attacks/kit/rival-spend.ts';
import { expectBannedOnly, expectSafe } from '../support/invariants.ts';
import { NETWORK, type Seated, Swarm } from '../support/swarm.ts';
import { attacked } from './attacked.ts';

// A second or two each on a core of one's own.
vi.setConfig({ testTimeout: 60_000 });

const PEERS = 9;
const TOKENS = 3;

interface Plan {
  readonly accomplices: number;
  readonly parameters: Partial<ProtocolParameters>;
  readonly lossProbability?: number;
  /** What an accomplice says instead of its votes. */
  readonly instead?: (seated: Seated, message: Message) => Message;
  /** While the two sides cannot hear one another. */
  readonly meanwhile?: (swarm: Swarm, accomplices: number) => void;
}

/** Everyone keeps every token; the two halves of the honest ones hear of one transfer each. */
function spendTwice(plan: Plan) {
  const { accomplices, parameters, lossProbability = 0, meanwhile } = plan;
  const instead = plan.instead ?? ((_seated: Seated, message: Message) => message);
  const minds = Array.from({ length: accomplices }, (): Partial<Decisions> => ({}));
  const swarm = new Swarm({
    peers: PEERS,
    clients: 0,
    seed: 3,
    lossProbability,
    parameters: { k: PEERS, ...parameters },
    decisions: Object.fromEntries(minds.entries()),
  });
  swarm.mesh();
  const ids = (seated: readonly Seated[]): readonly Id[] =>
    seated.map(({ peer }) => peer.identity.address);
  const guilty = ids(swarm.seated.slice(0, accomplices));
  const honest = swarm.seated.slice(accomplices);
  const [near, far] = [honest.slice(0, honest.length / 2), honest.slice(honest.length / 2)];
  const { host, peer } = swarm.at(0);
  const random = (length: number): Uint8Array => host.random(length);
  const owners = Array.from({ length: TOKENS }, () => {
    return new ColludingOwner(NETWORK, random(32).toHex(), host.now(), random);
  });
  for (const { created: transaction } of owners) {
    for (const id of ids(swarm.seated.slice(1))) peer.send(id, { type: 'submit', transaction });
  }
  swarm.network.run(3000);
  const whole = swarm.network.link;
  if (meanwhile !== undefined) {
    const cut = new Set(far.map(({ endpoint }) => endpoint.ip));
    const rest = new Set(near.map(({ endpoint }) => endpoint.ip));
    const isCut = (a: string, b: string): boolean => cut.has(a) && rest.has(b);
    swarm.network.link = (from, to) =>
      isCut(from.ip, to.ip) || isCut(to.ip, from.ip) ? { lossProbability: 1 } : whole(from, to);
  }
  const all = swarm.seated.slice(0, accomplices).map((one) => new TwoStories(one.peer, one.host));
  for (const [index, { decisions }] of all.entries()) {
    const utter: Decisions['utter'] = (to, message) => {
      const said = decisions.utter(to, message);
      return said === null ? null : instead(swarm.at(index), said);
    };
    Object.assign(minds[index] ?? {}, decisions, { utter });
  }
  for (const owner of owners) {
    const [one, other] = owner.rivals(host.now());
    const rivals = { one, other, toOne: ids(near), toOther: ids(far) };
    for (const stories of all) stories.tell(rivals, guilty);
  }
  swarm.network.run(2000);
  meanwhile?.(swarm, accomplices);
  swarm.network.link = whole;
  swarm.network.run(7000);
  return { swarm, guilty };
}

/** Whom each honest peer has banned. */
function bans(swarm: Swarm, guilty: readonly Id[]): readonly number[] {
  return swarm.peers.slice(guilty.length).map((peer) => peer.health().banned);
}

const PLANS: readonly (Plan & { readonly name: string })[] = [
  { name: 'the papers’ rule', accomplices: 3, parameters: { commitRule: 'net' } },
  { name: 'a quorum that too many of them make', accomplices: 5, parameters: {} },
  { name: 'polled votes', accomplices: 3, parameters: { commitRule: 'net', voting: 'polled' } },
  { name: 'loss', accomplices: 3, parameters: { commitRule: 'net' }, lossProbability: 0.1 },
  {
    name: 'a side of which one still knows how it was voted',
    accomplices: 3,
    parameters: { commitRule: 'net' },
    meanwhile: (swarm, accomplices) => {
      for (const index of [accomplices, accomplices + 1]) swarm.restart(index, 100);
      swarm.network.run(3000);
    },
  },
];

test.each(PLANS)('both sides commit, and every double voter is convicted: $name', (plan) => {
  const parameters = { ...plan.parameters, votes: 'signed' } as const;
  const { swarm, guilty } = spendTwice({ ...plan, parameters });
  expect(() => expectSafe(swarm, swarm.seated.slice(guilty.length))).toThrow();
  expectBannedOnly(swarm, guilty);
  expect(bans(swarm, guilty)).toEqual(swarm.peers.slice(guilty.length).map(() => guilty.length));
});

test('a vote that only the channel vouches for proves nothing', () => {
  const parameters = { commitRule: 'net', votes: 'mac' } as const;
  const { swarm, guilty } = spendTwice({ accomplices: 3, parameters });
  expect(() => expectSafe(swarm, swarm.seated.slice(guilty.length))).toThrow();
  expect(new Set(bans(swarm, guilty))).toEqual(new Set([0]));
});

/** Its word that it has seen the transaction pass: counts as a vote, and binds to no mapping. */
function seenToPass({ peer }: Seated, message: Message): Message {
  if (message.type !== 'signed-vote') return message;
  const { network, tx } = message.vote;
  const said = { network, peer: peer.identity.address, tx, committed: true, ballots: [] };
  return { type: 'signed-vote', vote: signVote(said, peer.chain.session), views: [] };
}

test('whoever says of both that they have passed, and votes for none, is not convicted', () => {
  const parameters = { commitRule: 'net', votes: 'signed' } as const;
  const { swarm, guilty } = spendTwice({ accomplices: 3, parameters, instead: seenToPass });
  expect(() => expectSafe(swarm, swarm.seated.slice(guilty.length))).toThrow();
  expect(new Set(bans(swarm, guilty))).toEqual(new Set([0]));
});

test('the colluding liars spend twice under the net rule, and are slashed for it', async () => {
  const { attack, result } = await attacked(
    `name: liars
durationMs: 9000
protocol: {k: 6, commitRule: net, votes: signed, leaseHours: 240, pow: {memoryKiB: 8, passes: 1, bits: 1}}
regions: [{name: here}]
links: [{default: {delayMs: 10}}]
peers:
  - {group: honest, count: 9, regions: even}
  - {group: liars, count: 3, regions: even, adversary: colluding-liars, active: false}
attacks: [{name: colluding-liars, atMs: 2000, knobs: {strike: double-spend, tokens: 8}}]
`,
  );
  expect(attack.success['spentTwice']).toBe(8);
  expect(attack).toMatchObject({ offenders: 3, slashed: 3, detectedBy: ['evidence:double-vote'] });
  expect(result.detection.falseSlashes).toBe(0);
});

test('Sybils that are three of five keepers spend twice under the quorum, and are slashed for it', async () => {
  const { attack, result } = await attacked(
    `name: sybils
durationMs: 8000
protocol: {k: 5, votes: signed, leaseHours: 240, pow: {memoryKiB: 8, passes: 1, bits: 4}}
regions: [{name: here}]
links: [{default: {delayMs: 20}}]
peers:
  - {group: honest, count: 8, regions: even}
  - {group: sybils, count: 3, regions: even, adversary: sybil-positioning, active: false}
attacks: [{name: sybil-positioning, atMs: 1000, knobs: {captured: 3, waitMs: 500}}]
`,
  );
  expect(attack.success['spentTwice']).toBe(3);
  expect(attack).toMatchObject({ offenders: 3, slashed: 3, detectedBy: ['evidence:double-vote'] });
  expect(result.detection.falseSlashes).toBe(0);
});
