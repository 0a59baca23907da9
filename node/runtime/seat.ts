/** Reads `PEER_SEAT`: checked for form, since a container may be started by hand. */
import type { Seat } from '../control.ts';
import { RuntimeError } from './errors.ts';

const TEXTS = ['run', 'name', 'region', 'network', 'stateDirectory', 'probeKey'];
const OBJECTS = ['parameters', 'bind', 'control', 'telemetry'];

/** Throws a RuntimeError that names the field, never its value: the seat holds tokens. */
export function readSeat(text: string | undefined): Seat {
  if (text === undefined) throw wrong('is not set');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong('is not JSON');
  }
  if (!isSeat(value)) throw wrong('lacks a field, or has one of the wrong kind');
  return value;
}

function isSeat(value: unknown): value is Seat {
  if (typeof value !== 'object' || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  const kind = fields.get('kind');
  if (kind !== 'peer' && kind !== 'client') return false;
  for (const field of ['network', 'probeKey']) {
    const id = fields.get(field);
    if (typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id)) return false;
  }
  return (
    TEXTS.every((field) => typeof fields.get(field) === 'string') &&
    OBJECTS.every((field) => {
      const part = fields.get(field);
      return typeof part === 'object' && part !== null;
    })
  );
}

function wrong(what: string): RuntimeError {
  return new RuntimeError(`PEER_SEAT ${what}`, 'the lab sets it; see Seat in node/control.ts');
}
