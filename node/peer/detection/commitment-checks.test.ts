import { expect, test } from 'vitest';
import { VirtualNetwork, virtualEndpoint } from '../../../test/support/network.ts';
import { entryOf, idOf, Speaker } from '../../minefield/speaker.fixture.ts';
import type { Message } from '../../wire/messages.ts';
import { CommitmentChecks } from './commitment-checks.ts';

/** A speaker that named a block and says afterwards that it has none such; or not `wanted`. */
function denied(wanted: number | null = null) {
  const network = new VirtualNetwork({ seed: 1 });
  const sent: Message[] = [];
  const host = network.host(virtualEndpoint(1));
  const send = (_to: string, message: Message) => sent.push(message);
  const speaker = new Speaker();
  speaker.append(entryOf(1));
  const checks = new CommitmentChecks({ host, send });
  checks.hear(speaker.say(idOf(1)), true);
  const [named] = sent.flatMap((message) => (message.type === 'get-block' ? [message.wanted] : []));
  checks.onBlock(speaker.identity.address, wanted ?? named ?? '', null);
  const asked = sent.flatMap((message) => (message.type === 'ask-mapping' ? [message.query] : []));
  const flags = () => network.rows.filter(({ row }) => row.table === 'flags').length;
  return { speaker, checks, flags, query: asked[0] ?? new Uint8Array() };
}

test('who has no block that it named is flagged when it answers from the same epoch', () => {
  const { speaker, checks, flags, query } = denied();
  expect(flags()).toBe(0);
  checks.hear(speaker.say(idOf(1)), false);
  expect(flags()).toBe(0);
  checks.hear(speaker.say(idOf(1), { query }), false);
  expect(flags()).toBe(1);
});

test('who answers from a later epoch has lost its blocks and is not flagged', () => {
  const { speaker, checks, flags, query } = denied();
  speaker.start(2);
  checks.hear(speaker.say(idOf(1), { query }), false);
  expect(flags()).toBe(0);
});

test('who has not a block that somebody else asked for, by a height of a lost disk, is not asked again', () => {
  const { speaker, checks, flags, query } = denied(1);
  expect(query).toHaveLength(0);
  checks.hear(speaker.say(idOf(1)), false);
  expect(flags()).toBe(0);
});
