/** The bodies of requests on the control socket (api.ts), checked. Each function throws a LabError. */
import { z } from 'zod';
import { EXIT, LabError } from '../errors.ts';

const knobs = z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])).default({});
const attack = z.object({ name: z.string(), knobs });
const steering = z.object({ action: z.enum(['stop', 'pause', 'resume', 'set']), knobs });
const duration = z.looseObject({ forMs: z.number().positive().nullish() });
const query = z.object({
  sql: z.string(),
  parameters: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
});

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new LabError(z.prettifyError(parsed.error), { exitCode: EXIT.badUse });
}

export function parseAttack(body: unknown): z.infer<typeof attack> {
  return parse(attack, body);
}

export function parseSteering(body: unknown): z.infer<typeof steering> {
  return parse(steering, body);
}

/** How long a fault shall last, ms; null: until it is cleared. */
export function parseDuration(body: unknown): number | null {
  return parse(duration, body).forMs ?? null;
}

export function parseQuery(body: unknown): z.infer<typeof query> {
  return parse(query, body);
}
