/** Reads what the lab sends. Its fields are checked here once; deeper ones where they are used. */
import type { AttackOrder, ClientLoad, GenesisMember, LabMessage, LinkClass } from '../control.ts';
import type { Endpoint } from '../host.ts';

type Fields = Readonly<Record<string, unknown>>;

export type Read =
  | { readonly ok: true; readonly message: LabMessage }
  | { readonly ok: false; readonly id: number | null; readonly error: string };

/** A message of the lab, or why it is none. */
export function readLabMessage(text: string): Read {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, id: null, error: 'not JSON' };
  }
  if (!isFields(value) || typeof value['id'] !== 'number') {
    return { ok: false, id: null, error: 'no id' };
  }
  const { id } = value;
  const message = readRequest(id, value);
  if (typeof message === 'string') return { ok: false, id, error: message };
  return { ok: true, message };
}

function readRequest(id: number, value: Fields): LabMessage | string {
  const { method, members, classes, target, count, intervalMs, timeoutMs, load } = value;
  const wrong = `malformed ${String(method)}`;
  switch (method) {
    case 'stop':
    case 'flush':
      return { id, method };
    case 'genesis':
      return isListOf(members, isMember) ? { id, method, members } : wrong;
    case 'links':
      return areLinkClasses(classes) ? { id, method, classes } : wrong;
    case 'probe':
      if (!isEndpoint(target) || !isNumber(count)) return wrong;
      if (!isNumber(intervalMs) || !isNumber(timeoutMs)) return wrong;
      return { id, method, target, count, intervalMs, timeoutMs };
    case 'clock':
      if (!isNumber(value['skewMs']) || !isNumber(value['driftPpm'])) return wrong;
      return { id, method, skewMs: value['skewMs'], driftPpm: value['driftPpm'] };
    case 'load':
      return load === null || isLoad(load) ? { id, method, load } : wrong;
    case 'attack':
      return isOrder(value['attack']) ? { id, method, attack: value['attack'] } : wrong;
    case 'conspire':
      if (typeof value['from'] !== 'string') return wrong;
      return { id, method, from: value['from'], message: value['message'] };
    default:
      return 'no such method';
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isListOf<T>(value: unknown, is: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.every(is);
}

function isEndpoint(value: unknown): value is Endpoint {
  return isFields(value) && typeof value['ip'] === 'string' && isNumber(value['port']);
}

function isMember(value: unknown): value is GenesisMember {
  if (!isFields(value) || !isEndpoint(value['endpoint'])) return false;
  const { record } = value;
  return typeof record === 'string' && /^(?:[0-9a-f]{2})+$/.test(record);
}

const LINK_NUMBERS = [
  'delayMs',
  'jitterMs',
  'correlation',
  'loss',
  'duplicate',
  'reorder',
  'rateBitsPerSecond',
];

/** Whether this is the `classes` of a `links` request. */
export function areLinkClasses(value: unknown): value is readonly LinkClass[] {
  return isListOf(value, isLinkClass);
}

function isLinkClass(value: unknown): value is LinkClass {
  if (!isFields(value) || typeof value['subnet'] !== 'string') return false;
  const { burst, cut, distribution, region } = value;
  if (typeof region !== 'string' || typeof cut !== 'boolean') return false;
  if (typeof distribution !== 'string') return false;
  if (!['uniform', 'normal', 'pareto'].includes(distribution)) return false;
  const burstFits =
    burst === undefined ||
    (isFields(burst) &&
      ['enter', 'leave', 'lossBad', 'lossGood'].every((field) => isNumber(burst[field])));
  return burstFits && LINK_NUMBERS.every((field) => isNumber(value[field]));
}

const LOAD_NUMBERS = [
  'transactionsPerSecond',
  'queryRatePerSecond',
  'transferShare',
  'destroyShare',
  'highValueShare',
  'popularityZipf',
  'askPeers',
];

function isLoad(value: unknown): value is ClientLoad {
  if (!isFields(value) || typeof value['seed'] !== 'string') return false;
  const { tokensPerTransaction } = value;
  if (!isFields(tokensPerTransaction)) return false;
  if (!Object.values(tokensPerTransaction).every(isNumber)) return false;
  return LOAD_NUMBERS.every((field) => isNumber(value[field]));
}

function isOrder(value: unknown): value is AttackOrder {
  if (!isFields(value) || !isFields(value['knobs'])) return false;
  const { action, id, members, name } = value;
  if (typeof id !== 'string' || typeof name !== 'string' || typeof action !== 'string')
    return false;
  if (!['start', 'stop', 'pause', 'resume', 'set'].includes(action)) return false;
  const isText = (item: unknown): item is string => typeof item === 'string';
  return isListOf(members, isText);
}
