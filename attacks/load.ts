/** Finds an adversary by name: for the process of one, and for simulated members. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Create } from './adversary.ts';

/** The adversary `attacks/<name>/index.ts` (`.js` in an image). Throws an Error when there is none. */
export async function loadAdversary(name: string): Promise<Create> {
  if (!/^[a-z][a-z0-9-]{0,60}$/.test(name)) throw new Error('this names no adversary');
  const extension = path.extname(import.meta.filename);
  const file = path.join(import.meta.dirname, name, `index${extension}`);
  if (!existsSync(file)) throw new Error(`there is no adversary ${name} here`);
  const module: unknown = await import(file);
  if (!isAdversaryModule(module)) throw new Error(`${name} does not export create`);
  return module.create;
}

function isAdversaryModule(module: unknown): module is { readonly create: Create } {
  return (
    typeof module === 'object' &&
    module !== null &&
    'create' in module &&
    typeof module.create === 'function'
  );
}
