/** What the folders in attacks/ declare, as manifests and commands need it. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { allowedWords, show } from './problem.ts';

const ROOT = path.join(import.meta.dirname, '..', '..', 'attacks');

export type KnobValue = number | string | boolean;

const knobSchema = z.object({
  type: z.enum(['integer', 'number', 'boolean', 'string']),
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
  budget: z.string(),
  phases: z.array(z.string()).readonly(),
  knobs: z.record(z.string(), knobSchema),
  defence: z.string(),
  switchOff: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  layers: z.array(z.string()).readonly(),
  source: z.string(),
  success: z.object({ meaning: z.string(), sql: z.string() }),
});
/** What an attack declares (attacks/adversary.ts), as far as `lab attacks` shows it. */
export type AttackDeclaration = z.output<typeof declarationSchema>;

type Loaded = { readonly declaration: AttackDeclaration } | { readonly broken: unknown };

/** Loads every folder of attacks/ with an `index.ts`; one that is broken does not hide the others. */
async function loadDeclarations(): Promise<ReadonlyMap<string, Loaded>> {
  if (!existsSync(ROOT)) return new Map();
  const names = readdirSync(ROOT)
    .filter((name) => existsSync(path.join(ROOT, name, 'index.ts')))
    .toSorted();
  const load = async (name: string): Promise<readonly [string, Loaded]> => {
    try {
      const module: unknown = await import(pathToFileURL(path.join(ROOT, name, 'index.ts')).href);
      const exported = z.object({ declaration: declarationSchema }).parse(module);
      return [name, { declaration: exported.declaration }];
    } catch (broken) {
      return [name, { broken }];
    }
  };
  return new Map(await Promise.all(names.map(load)));
}

// Awaited here, once, so that a manifest is either wrong or right when `loadTestnet` returns: what
// peers import awaits its WASM at the top, which rules out a synchronous require.
const DECLARATIONS = await loadDeclarations();

/** Names of the attacks that exist: folders with an `index.ts`, sorted. */
export function attackNames(): string[] {
  return [...DECLARATIONS.keys()];
}

/** What is wrong with the knobs given to an attack, in words. */
export function knobProblems(
  { knobs }: AttackDeclaration,
  given: Readonly<Record<string, KnobValue>>,
): string[] {
  return Object.entries(given).flatMap(([key, value]) => {
    const knob = Object.hasOwn(knobs, key) ? knobs[key] : undefined;
    if (knob === undefined)
      return [`unknown knob ${key}; ${allowedWords(key, Object.keys(knobs))}`];
    const refusal = knobRefusal(knob, value);
    return refusal === null ? [] : [`knob ${key}: ${refusal}`];
  });
}

/**
 * The declaration of one attack; undefined when there is no such attack. Throws when its folder
 * cannot be loaded: that is a bug of the attack, not of a manifest.
 */
export function attackDeclaration(name: string): AttackDeclaration | undefined {
  const loaded = DECLARATIONS.get(name);
  if (loaded !== undefined && 'broken' in loaded) {
    throw new Error(`attacks/${name}/index.ts cannot be used`, { cause: loaded.broken });
  }
  return loaded?.declaration;
}

/** The reason why `value` does not suit the knob, or null. */
export function knobRefusal(knob: Knob, value: KnobValue): string | null {
  const { min = -Infinity, max = Infinity, values } = knob;
  const found = `found ${show(value)}`;
  if (values !== undefined && !values.some((allowed) => allowed === value)) {
    return `${found}; ${allowedWords(value, values.map(String))}`;
  }
  const bounds = min === -Infinity && max === Infinity ? '' : ` from ${min} to ${max}`;
  const unit = knob.unit === undefined ? '' : ` ${knob.unit}`;
  const fits = {
    integer: Number.isInteger(value),
    number: Number.isFinite(value),
    boolean: typeof value === 'boolean',
    string: typeof value === 'string',
  }[knob.type];
  const within = typeof value !== 'number' || (value >= min && value <= max);
  if (fits && within) return null;
  const wanted = {
    integer: `a whole number${bounds}${unit}`,
    number: `a number${bounds}${unit}`,
    boolean: 'true or false',
    string: 'a text',
  }[knob.type];
  return `${found}; allowed: ${wanted}`;
}
