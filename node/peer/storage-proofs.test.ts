import { expect, test } from 'vitest';
import { seededRandom } from '../../test/support/network.ts';
import type { Id } from '../id.ts';
import { Membership } from '../ledger/membership.ts';
import { FOUNDING } from '../ledger/standing.ts';
import { Speaker } from '../minefield/speaker.fixture.ts';
import { DEFAULT_PARAMETERS, type ProtocolParameters } from '../parameters.ts';
import { isProvingMessage } from '../wire/proving.ts';
import type { ProofContext } from './storage-judge.ts';
import { Holdings } from './holdings.ts';
import { type RoundResult, StorageProofs, type Verdict } from './storage-proofs.ts';

const ENDPOINT = { ip: '10.0.0.1', port: 4000 };

interface Side {
  readonly self: Id;
  readonly proofs: StorageProofs;
  readonly rounds: (readonly RoundResult[])[];
}

/** Two peers that should store all `tokens`; the first stores all, the second what `keeps` says. */
function pair(
  tokens: number,
  keeps: (index: number) => boolean,
  parameters: Partial<ProtocolParameters> = {},
) {
  const random = seededRandom(tokens);
  const bytes = (length: number) => Uint8Array.from({ length }, () => Math.floor(random() * 256));
  const universe = Array.from({ length: tokens }, () => bytes(32).toHex());
  const clock = { now: 2_060_000 };
  const speakers = [new Speaker(1), new Speaker(2)];
  const sides: Side[] = [];
  const queue: (() => void)[] = [];
  for (const [index, speaker] of speakers.entries()) {
    const stored = universe.filter((_, at) => index === 0 || keeps(at));
    for (let from = 0; from < stored.length; from += 32) {
      speaker.append(
        ...stored.slice(from, from + 32).map((token) => ({
          kind: 'committed' as const,
          mapping: { token, owner: token, tx: token, previous: token },
        })),
      );
    }
    const membership = new Membership({ ...DEFAULT_PARAMETERS });
    for (const { identity } of speakers) {
      const { address, record } = identity;
      membership.add({ address, record, endpoint: ENDPOINT }, FOUNDING);
    }
    const self = speaker.identity.address;
    const context: ProofContext = {
      parameters: { ...DEFAULT_PARAMETERS, ...parameters },
      self,
      membership,
      holdings: new Holdings(speaker.chain, speaker.store),
      host: {
        now: () => clock.now,
        random: bytes,
        after: () => ({ cancel: () => undefined }),
        send: () => undefined,
        report: () => undefined,
        store: speaker.store,
      },
      send: (to, message) => {
        const other = sides.find((side) => side.self === to);
        if (!isProvingMessage(message)) return;
        queue.push(() => other?.proofs.onMessage(self, message));
      },
    };
    const rounds: (readonly RoundResult[])[] = [];
    const proofs = new StorageProofs(context, { round: (results) => rounds.push(results) });
    sides.push({ self, proofs, rounds });
  }
  const run = (ms: number): void => {
    for (const until = clock.now + ms; clock.now < until; clock.now += 100) {
      for (const deliver of queue.splice(0)) deliver();
      for (const { proofs } of sides) proofs.tick();
    }
  };
  const [first, second] = sides;
  if (first === undefined || second === undefined) throw new Error('no sides');
  const verdict = (): Verdict => {
    first.proofs.verdict(second.self);
    run(12_000);
    return first.proofs.verdict(second.self);
  };
  return { first, second, run, verdict };
}

for (const storageChallenge of ['responder', 'requester'] as const) {
  test(`a full store passes, half a store does not (keyed by the ${storageChallenge})`, () => {
    const parameters = { storageChallenge };
    expect(pair(600, () => true, parameters).verdict()).toBe('passed');
    expect(pair(600, (index) => index % 50 !== 0, parameters).verdict()).toBe('passed');
    expect(pair(600, (index) => index % 2 === 1, parameters).verdict()).toBe('failed');
    expect(pair(600, () => false, parameters).verdict()).toBe('failed');
  });
}

test('a verdict is open until it is known, silence fails, and nothing to store is no fault', () => {
  const { first, second, run, verdict } = pair(100, () => true);
  expect(first.proofs.verdict(second.self)).toBe('open');
  const silent = 'f'.repeat(64);
  first.proofs.verdict(silent);
  run(12_000);
  expect(first.proofs.verdict(silent)).toBe('failed');
  expect(verdict()).toBe('passed');
  expect(pair(0, () => true).verdict()).toBe('passed');
});

test('rounds among neighbours say how far each agrees', () => {
  const { first, second, run } = pair(600, (index) => index % 2 === 1);
  run(40_000);
  const agreed = (side: Side, other: Side) =>
    side.rounds.flat().filter(({ peer, own }) => peer === other.self && own.judged > 0);
  expect(first.rounds.length).toBeGreaterThan(0);
  for (const { own } of agreed(first, second)) expect(own.agreed).toBeLessThan(own.judged);
});

test('a flood of challenges is answered a few times a second', () => {
  const { first, second, run } = pair(2000, () => true);
  for (let asked = 0; asked < 500; asked += 1) {
    first.proofs.onMessage(second.self, {
      type: 'challenge',
      token: first.self,
      nonce: new Uint8Array(16).fill(asked),
      bits: 10,
    });
  }
  run(100);
  expect(first.proofs.steps).toBeLessThanOrEqual(4 * 10 * 2000);
  expect(first.proofs.steps).toBeGreaterThan(0);
});
