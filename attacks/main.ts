/**
 * Entry of the adversary image. Which adversary it is stands in LAB_ADVERSARY, which honest images
 * never get; the seat itself is as an honest peer's.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { refuseToStart } from '../node/runtime/inhabit.ts';
import { runProcess } from '../node/runtime/run-process.ts';
import { readSeat } from '../node/runtime/seat.ts';
import type { Create } from './adversary.ts';

try {
  const create = await load(process.env['LAB_ADVERSARY'] ?? '');
  await runProcess(readSeat(process.env['PEER_SEAT']), create);
} catch (error) {
  refuseToStart(error);
}

async function load(name: string): Promise<Create> {
  if (!/^[a-z][a-z0-9-]{0,60}$/.test(name)) throw new Error('LAB_ADVERSARY names no adversary');
  const extension = path.extname(import.meta.filename);
  const file = path.join(import.meta.dirname, name, `index${extension}`);
  if (!existsSync(file)) throw new Error(`no adversary ${name} in this image`);
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
