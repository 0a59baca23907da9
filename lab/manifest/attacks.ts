/** What the folders in attacks/ declare, as manifests and commands need it. */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { z } from 'zod';
import { nearest, show } from './problem.ts';

const ROOT = path.join(import.meta.dirname, '..', '..', 'attacks');

export type KnobValue = number | string | boolean;

const knobSchema = z.object({
  type: z.enum(['number', 'integer', 'boolean', 'string']),
  default: z.union([z.number(), z.string(), z.boolean()]),
  min: z.number().optional(),
  max: z.number().optional(),
  unit: z.string().optional(),
  description: z.string(),
  values: z
    .array(z.union([z.number(), z.string()]))
    .readonly()
    .optional(),
});
export type Knob = z.output<typeof knobSchema>;

const declarationSchema = z.object({
  name: z.string(),
  goal: z.string(),
  knobs: z.record(z.string(), knobSchema),
  defence: z.union([z.string(), z.array(z.string()).readonly()]),
  layers: z.array(z.string()).readonly(),
  source: z.string(),
});
/** The part of an attack's declaration that `lab attacks` shows. */
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
  const wanted = knob.type === 'integer' ? 'a whole number' : `a ${knob.type}`;
  const { min = -Infinity, max = Infinity } = knob;
  const isNumber = knob.type === 'number' || knob.type === 'integer';
  if (typeof value !== (isNumber ? 'number' : knob.type)) {
    return `found ${show(value)}; allowed: ${wanted}`;
  }
  if (knob.type === 'integer' && !Number.isInteger(value)) {
    return `found ${show(value)}; allowed: ${wanted}`;
  }
  if (typeof value === 'number' && (value < min || value > max)) {
    return `found ${show(value)}; allowed: ${range(min, max)}${knob.unit === undefined ? '' : ` ${knob.unit}`}`;
  }
  if (knob.values !== undefined && !knob.values.some((allowed) => allowed === value)) {
    const meant = typeof value === 'string' ? nearest(value, knob.values.map(String)) : undefined;
    const hint = meant === undefined ? '' : ` (did you mean "${meant}"?)`;
    return `found ${show(value)}; allowed: ${knob.values.join(', ')}${hint}`;
  }
  return null;
}

function range(min: number, max: number): string {
  if (min === -Infinity) return `at most ${max}`;
  return max === Infinity ? `at least ${min}` : `${min} to ${max}`;
}
