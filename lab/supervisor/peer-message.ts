/** What members send over the control network, checked: an adversary's process may send anything. */
import { z } from 'zod';
import type { PeerMessage } from '../../node/control.ts';

/** An identity record is a few hundred bytes; nothing else in a hello is longer. */
const MAX_TEXT = 8192;
const text = z.string().max(MAX_TEXT);
const count = z.number().nonnegative();

const schema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    name: text,
    pid: count,
    version: text,
    record: text,
    address: text,
    endpoint: z.object({ ip: z.ipv4(), port: z.int().min(1).max(65535) }),
    founded: z.boolean(),
  }),
  z.object({
    type: z.literal('health'),
    health: z.object({
      meshed: z.boolean(),
      connected: count,
      wanted: count,
      members: count,
      banned: count,
      epoch: count,
      // -1 before the first block.
      height: z.number().min(-1),
      tokens: count,
      pending: count,
      phase: z.enum(['identity', 'synchronising', 'trust-building', 'trusted']).optional(),
      frozen: count,
      synchronisation: z.object({ tokens: count, density: z.number() }).optional(),
    }),
  }),
  z.object({ type: z.literal('minting'), attempts: count, expected: count }),
  z.object({ type: z.literal('conspire'), message: z.unknown() }),
]);

function isReply(value: unknown): value is Extract<PeerMessage, { type: 'reply' }> {
  if (typeof value !== 'object' || value === null) return false;
  if (!('type' in value) || value.type !== 'reply') return false;
  if (!('id' in value) || typeof value.id !== 'number') return false;
  return !('error' in value) || value.error === undefined || typeof value.error === 'string';
}

/** The message, or null for what is none. */
export function parsePeerMessage(json: string): PeerMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null;
  }
  if (isReply(value)) return value;
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : null;
}
