/** What the conspiracy knows and what it agrees on; small JSON messages between accomplices. */
import type { Id } from '../../node/id.ts';
import { areIds, isKind } from '../kit/messages.ts';

/** A client asked for a token. */
export interface Sighting {
  readonly client: Id;
  readonly token: Id;
  readonly count: number;
}

export interface Plan {
  readonly victims: readonly Id[];
  readonly tokens: readonly Id[];
}

export const NO_PLAN: Plan = { victims: [], tokens: [] };

/** Pairs remembered per accomplice: what some hundred clients ask in a minute. */
const MAX_SIGHTINGS = 2_000;

/** Who asked what, of which accomplice. */
export class Sightings {
  /** client/token → accomplice → questions. */
  readonly #pairs = new Map<string, Map<Id, number>>();

  saw(client: Id, token: Id, accomplice: Id): void {
    this.#set(client, token, accomplice, (count) => count + 1);
  }

  add(accomplice: Id, sightings: readonly Sighting[]): void {
    for (const { client, token, count } of sightings) {
      this.#set(client, token, accomplice, () => count);
    }
  }

  list(): Sighting[] {
    return [...this.#pairs].map(([pair, counts]) => ({
      client: pair.slice(0, 64),
      token: pair.slice(65),
      count: sum(counts.values()),
    }));
  }

  /** Clients by the number of questions they asked the group, most first. */
  clients(): Id[] {
    return mostFirst(this.list().map(({ client, count }) => [client, count] as const));
  }

  /** Tokens that these clients asked at least `accomplices` of the group for, most asked first. */
  tokensOf(clients: readonly Id[], accomplices: number): Id[] {
    const asked = new Map<Id, Set<Id>>();
    const counts: [Id, number][] = [];
    for (const [pair, byAccomplice] of this.#pairs) {
      const token = pair.slice(65);
      if (!clients.includes(pair.slice(0, 64))) continue;
      asked.set(token, (asked.get(token) ?? new Set()).union(new Set(byAccomplice.keys())));
      counts.push([token, sum(byAccomplice.values())]);
    }
    return mostFirst(counts).filter((token) => (asked.get(token)?.size ?? 0) >= accomplices);
  }

  #set(client: Id, token: Id, accomplice: Id, change: (count: number) => number): void {
    const pair = `${client}/${token}`;
    let counts = this.#pairs.get(pair);
    if (counts === undefined) {
      if (this.#pairs.size >= MAX_SIGHTINGS) return;
      counts = new Map();
      this.#pairs.set(pair, counts);
    }
    counts.set(accomplice, change(counts.get(accomplice) ?? 0));
  }
}

/** Keeps what was agreed and fills it up: victims stay victims, a lie once told is told again. */
export function choosePlan(
  before: Plan,
  sightings: Sightings,
  knobs: Readonly<Record<string, number | string | boolean>>,
): Plan {
  const clients = sightings.clients();
  const isTargeted = knobs['audience'] !== 'everyone' && knobs['audience'] !== 'strangers';
  const victims = isTargeted ? filled(before.victims, clients, Number(knobs['victims'])) : [];
  const wanted = sightings.tokensOf(isTargeted ? victims : clients, Number(knobs['accomplices']));
  return { victims, tokens: filled(before.tokens, wanted, Number(knobs['tokens'])) };
}

export function isPlan(message: unknown): message is { kind: 'plan'; plan: Plan } {
  if (!isKind(message, 'plan') || !('plan' in message)) return false;
  const { plan } = message;
  if (typeof plan !== 'object' || plan === null) return false;
  return 'victims' in plan && areIds(plan.victims) && 'tokens' in plan && areIds(plan.tokens);
}

export function isSightings(
  message: unknown,
): message is { kind: 'sightings'; sightings: Sighting[] } {
  if (!isKind(message, 'sightings') || !('sightings' in message)) return false;
  return Array.isArray(message.sightings) && message.sightings.every(isSighting);
}

function isSighting(value: unknown): value is Sighting {
  if (typeof value !== 'object' || value === null) return false;
  if (!('client' in value && 'token' in value && 'count' in value)) return false;
  return areIds([value.client, value.token]) && typeof value.count === 'number';
}

function filled(kept: readonly Id[], candidates: readonly Id[], size: number): Id[] {
  return [...new Set([...kept, ...candidates])].slice(0, size);
}

/** Sums per id; ties in the order of ids, so that every accomplice would choose alike. */
function mostFirst(counts: Iterable<readonly [Id, number]>): Id[] {
  const sums = new Map<Id, number>();
  for (const [id, count] of counts) sums.set(id, (sums.get(id) ?? 0) + count);
  return [...sums].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([id]) => id);
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
