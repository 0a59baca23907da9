/** Finds an adversary by name: for the process of one, and for simulated members. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { AdversaryModule, Knobs } from './adversary.ts';
import type { Part } from '../node/runtime/adversarial.ts';

/** The adversary `attacks/<name>/index.ts` (`.js` in an image). Throws an Error when there is none. */
export async function loadAdversary(name: string): Promise<AdversaryModule> {
  if (!/^[a-z][a-z0-9-]{0,60}$/.test(name)) throw new Error('this names no adversary');
  const extension = path.extname(import.meta.filename);
  const file = path.join(import.meta.dirname, name, `index${extension}`);
  if (!existsSync(file)) throw new Error(`there is no adversary ${name} here`);
  const module: unknown = await import(file);
  if (!isAdversaryModule(module)) {
    throw new Error(`${name} must export create, and wants and dates only as functions`);
  }
  return module;
}

/** What the launch says of a member's part, as JSON. Throws an Error when it is malformed. */
export function readPart(text: string): Part {
  const part: unknown = JSON.parse(text);
  if (!isPart(part)) throw new Error('the part in the attack is malformed');
  return part;
}

function isAdversaryModule(module: unknown): module is AdversaryModule {
  if (typeof module !== 'object' || module === null) return false;
  const maybe = (value: unknown): boolean => value === undefined || typeof value === 'function';
  return (
    'create' in module &&
    typeof module.create === 'function' &&
    maybe('wants' in module ? module.wants : undefined) &&
    maybe('dates' in module ? module.dates : undefined)
  );
}

function isPart(part: unknown): part is Part {
  if (typeof part !== 'object' || part === null) return false;
  if (!('knobs' in part && 'index' in part && 'members' in part)) return false;
  return areKnobs(part.knobs) && Number.isInteger(part.index) && Number.isInteger(part.members);
}

function areKnobs(knobs: unknown): knobs is Knobs {
  if (typeof knobs !== 'object' || knobs === null) return false;
  return Object.values(knobs).every((value) =>
    ['number', 'string', 'boolean'].includes(typeof value),
  );
}
