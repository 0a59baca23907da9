import { expect, test } from 'vitest';
import { EXAMPLES } from '../../test/support/messages.ts';
import { DEFAULT_PARAMETERS } from '../parameters.ts';
import type { Message } from '../wire/messages.ts';
import { Allowance } from './allowance.ts';
import { Tolls } from './tolls.ts';

const MEMBER = 'member';

/** With a clock of its own; everyone but MEMBER is a stranger. */
function tollsAt(clock: { ms: number }, isKnown = false): Tolls {
  const membership = { counts: (id: string) => id === MEMBER };
  const host = { now: () => clock.ms };
  return new Tolls(
    { host, membership, parameters: DEFAULT_PARAMETERS },
    { isKnown: () => isKnown },
  );
}

function admitted(tolls: Tolls, ids: readonly string[], message: Message): number {
  return ids.filter((id) => tolls.admits({ id, kind: 'client' }, message)).length;
}

const repeated = (id: string, times: number) => Array.from({ length: times }, () => id);
const crowd = Array.from({ length: 20_000 }, (_, index) => `sybil ${index % 4000}`);

test.each(EXAMPLES.map((message, index) => [`${index} ${message.type}`, message] as const))(
  '%s: made-up remotes without number cost no more than one pot, and members nothing',
  (_name, message) => {
    const clock = { ms: 5000 };
    const tolls = tollsAt(clock);
    const flood = admitted(tolls, crowd, message);
    expect(flood).toBeGreaterThan(0);
    expect(flood).toBeLessThanOrEqual(1200);
    expect(admitted(tolls, [MEMBER], message)).toBe(1);
    clock.ms += 1000;
    expect(admitted(tolls, ['sybil 1'], message)).toBe(1);
  },
);

test.each(EXAMPLES.map((message, index) => [`${index} ${message.type}`, message] as const))(
  '%s: one that floods leaves room for who comes after it',
  (_name, message) => {
    const tolls = tollsAt({ ms: 5000 });
    const flood = admitted(tolls, repeated('floods', 20_000), message);
    expect(flood).toBeLessThanOrEqual(1200);
    expect(admitted(tolls, ['late'], message)).toBe(1);
  },
);

test('what asks for many voters costs as many neighbourhoods; what is known costs next to nothing', () => {
  const [submit] = EXAMPLES;
  if (submit?.type !== 'submit') throw new Error('the first example is no submit');
  const { body } = submit.transaction;
  const wide = { ...submit.transaction, body: { ...body, extraNeighbours: 64 } };
  const ids = repeated('floods', 5000);
  const usual = admitted(tollsAt({ ms: 0 }), ids, submit);
  expect(admitted(tollsAt({ ms: 0 }), ids, { ...submit, transaction: wide })).toBeLessThan(
    usual / 8,
  );
  expect(admitted(tollsAt({ ms: 0 }, true), ids, { ...submit, transaction: wide })).toBe(usual);
});

test('of what all may have one remote takes half, and each next one as much of the rest', () => {
  const allowance = new Allowance(1000, 1000, 120);
  const taken = (remote: string) =>
    Array.from({ length: 200 }, () => allowance.take(remote, 5)).filter(Boolean).length;
  expect([taken('a'), taken('b'), taken('c')]).toEqual([60, 30, 15]);
});
