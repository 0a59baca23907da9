/** What the folders in attacks/ declare, as manifests and commands need it. */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { z } from 'zod';
import { allowedWords, show } from './problem.ts';

const ROOT = path.join(import.meta.dirname, '..', '..', 'attacks');

export type KnobValue = number | string | boolean;

const about = { unit: z.string().default(''), description: z.string() };
const knobSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('number'),
    range: z.tuple([z.number(), z.number()]).readonly(),
    default: z.number(),
    ...about,
  }),
  z.object({
    type: z.literal('choice'),
    range: z.array(z.string()).readonly(),
    default: z.string(),
    ...about,
  }),
  z.object({ type: z.literal('boolean'), default: z.boolean(), ...about }),
]);
export type Knob = z.output<typeof knobSchema>;

const declarationSchema = z.object({
  name: z.string(),
  goal: z.string(),
  knobs: z.record(z.string(), knobSchema),
  defence: z.string(),
  layers: z.array(z.string()).readonly(),
  source: z.string(),
});
/** What an attack declares (attacks/adversary.ts), as far as `lab attacks` shows it. */
export type AttackDeclaration = z.output<typeof declarationSchema>;

/** Names of the attacks that exist: folders with an `index.ts`, sorted. */
export function attackNames(root: string = ROOT): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => existsSync(path.join(root, name, 'index.ts')))
    .toSorted();
}

/** The declaration of one attack; undefined when there is no such attack. Throws on a broken one. */
export function attackDeclaration(
  name: string,
  root: string = ROOT,
): AttackDeclaration | undefined {
  if (!attackNames(root).includes(name)) return undefined;
  // Synchronous, so that a manifest is either wrong or right when `loadTestnet` returns.
  const module: unknown = createRequire(import.meta.url)(path.join(root, name, 'index.ts'));
  if (typeof module !== 'object' || module === null || !('declaration' in module)) {
    throw new Error(`attacks/${name}/index.ts exports no declaration`);
  }
  return declarationSchema.parse(module.declaration);
}

/** The reason why `value` does not suit the knob, or null. */
export function knobRefusal(knob: Knob, value: KnobValue): string | null {
  const found = `found ${show(value)}`;
  if (knob.type === 'boolean') {
    return typeof value === 'boolean' ? null : `${found}; allowed: true or false`;
  }
  if (knob.type === 'choice') {
    const fits = typeof value === 'string' && knob.range.includes(value);
    return fits ? null : `${found}; ${allowedWords(value, knob.range)}`;
  }
  const [min, max] = knob.range;
  const fits = typeof value === 'number' && value >= min && value <= max;
  const unit = knob.unit === '' ? '' : ` ${knob.unit}`;
  return fits ? null : `${found}; allowed: a number from ${min} to ${max}${unit}`;
}
