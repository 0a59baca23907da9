/**
 * Without encoding (crypto/cryptography.ts) peers share the objects of a message. That a run stays the
 * same is held by the audit (audit.test.ts); here that nobody changes what it was handed.
 */
import { afterEach, expect, test, vi } from 'vitest';
import { useCryptography } from '../../node/crypto/cryptography.ts';
import type { Message } from '../../node/wire/messages.ts';
import { played, SMALL } from './playing.ts';

const sent = vi.hoisted((): { message: Message; hex: string }[] => []);

vi.mock('../../node/wire/messages.ts', async (original) => {
  const real = await original<typeof import('../../node/wire/messages.ts')>();
  return {
    ...real,
    encodeMessage: (message: Message) => {
      const bytes = real.encodeMessage(message);
      sent.push({ message, hex: bytes.toHex() });
      return bytes;
    },
  };
});

afterEach(() => useCryptography('real'));

test.each(['mac', 'signed'])(
  'nobody changes a message that others hold (votes: %s)',
  async (votes) => {
    const { encodeMessage } = await import('../../node/wire/messages.ts');
    sent.length = 0;
    useCryptography('ideal', 'ideal', 'none');
    await played(SMALL.replace('{k: 3,', `{k: 3, votes: ${votes},`));
    const handed = [...sent];
    expect(handed.length).toBeGreaterThan(300);
    expect(new Set(handed.map(({ message }) => message.type)).size).toBeGreaterThan(7);
    const changed = handed.filter(({ message, hex }) => encodeMessage(message).toHex() !== hex);
    expect(changed.map(({ message }) => message.type)).toEqual([]);
  },
);
