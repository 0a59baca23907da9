/** What must come true once nothing befalls a network any more. */
import type { Id } from '../../node/id.ts';
import { ZERO_ID } from '../../node/id.ts';
import type { Transaction } from '../../node/ledger/types.ts';
import { Asker } from './asker.ts';
import type { Seated, Swarm } from './swarm.ts';
import { Broken } from './watch.ts';

/**
 * Of two peers' votes that were forgotten none counts for 20 s (node/peer/epochs.ts); then a
 * transaction may be under vote as long, and there are rounds of upkeep.
 */
const SETTLE_MS = 75_000;
/** Owners send the identical bytes again. */
const RESEND_MS = 4000;
/** Endpoint of who sends for all of them: above those of the swarm. */
const OWNERS_INDEX = 220;

export interface Settling {
  readonly swarm: Swarm;
  readonly honest: readonly Seated[];
  /** What peers were asked to judge: all that anybody may be bound to. */
  readonly transactions: ReadonlyMap<Id, Transaction>;
  /** Tokens of owners that sign two transfers of one mapping. */
  readonly contestable: ReadonlySet<Id>;
  /** Owners have left: what must pass without them. Null where they send again what has not passed. */
  readonly alone: ReadonlySet<Id> | null;
  look(): void;
}

/** Runs until all is well. Throws Broken if it isn't in time. */
export function settle(settling: Settling): void {
  const { swarm } = settling;
  const { network } = swarm;
  const owners = settling.alone === null ? new Asker(swarm, OWNERS_INDEX) : null;
  const endMs = network.now + SETTLE_MS;
  let resendMs = network.now;
  for (;;) {
    const unsettled = firstUnsettled(settling);
    if (unsettled === null) return;
    if (network.now >= endMs) throw unsettled;
    if (owners !== null && network.now >= resendMs) {
      resendMs = network.now + RESEND_MS;
      const everybody = settling.honest.map(({ peer }) => peer.identity.address);
      for (const transaction of waiting(settling)) {
        owners.say(everybody, { type: 'submit', transaction });
      }
    }
    network.run(1000);
    settling.look();
  }
}

function firstUnsettled(settling: Settling): Broken | null {
  const { swarm, honest } = settling;
  for (const { peer, endpoint } of honest) {
    if (!peer.health().meshed) return new Broken('meshed', `${endpoint.ip} lost the network`);
  }
  const open = settling.alone === null ? openTransactions(swarm) : [];
  if (open.length > 0) return new Broken('all ended', `clients wait for ${open.join(', ')}`);
  const [first] = waiting(settling);
  if (first !== undefined) {
    const without = lackers(settling, first).map(({ endpoint }) => endpoint.ip);
    return new Broken('all commit', `${first.id} is not held by ${without.join(', ')}`);
  }
  return disagreement(settling);
}

function openTransactions(swarm: Swarm): readonly Id[] {
  const open = new Set<Id>();
  for (const { part, outcome, tx } of swarm.rows('transactions')) {
    if (part !== 'client') continue;
    if (outcome === 'submitted') open.add(tx);
    else open.delete(tx);
  }
  return [...open];
}

/** What is contested by nobody, should pass, and is not yet held by every keeper of its tokens. */
function waiting(settling: Settling): readonly Transaction[] {
  const { alone, contestable, transactions } = settling;
  const ordinary = [...transactions.values()].filter(
    ({ body }) => body.purpose.kind === 'ordinary',
  );
  const contested = contestedOf(ordinary, contestable);
  const passing = alone === null ? null : passingAlone(settling, alone, ordinary);
  return ordinary.filter(
    (transaction) =>
      !contested.has(transaction.id) &&
      (passing?.has(transaction.id) ?? true) &&
      lackers(settling, transaction).length > 0,
  );
}

/** What has passed somewhere, and of `fresh` what follows nothing else. */
function passingAlone(
  { honest, swarm }: Settling,
  fresh: ReadonlySet<Id>,
  ordinary: readonly Transaction[],
): ReadonlySet<Id> {
  const ips = new Set(honest.map(({ endpoint }) => endpoint.ip));
  const passing = new Set<Id>();
  for (const { endpoint, row } of swarm.network.rows) {
    if (row.table !== 'transactions' || row.part === 'client') continue;
    if (row.outcome === 'committed' && ips.has(endpoint.ip)) passing.add(row.tx);
  }
  for (const { id, body } of ordinary.toSorted((a, b) => a.body.timestamp - b.body.timestamp)) {
    const follows = body.changes.every(
      ({ previous }) => previous === ZERO_ID || passing.has(previous),
    );
    if (follows && fresh.has(id)) passing.add(id);
  }
  return passing;
}

/** Two that follow one mapping, and all that follow one of those. Clients never sign such. */
function contestedOf(
  ordinary: readonly Transaction[],
  contestable: ReadonlySet<Id>,
): ReadonlySet<Id> {
  const followers = new Map<string, Transaction[]>();
  for (const transaction of ordinary) {
    for (const { token, previous } of transaction.body.changes) {
      const after = `${token} after ${previous}`;
      const all = [...(followers.get(after) ?? []), transaction];
      followers.set(after, all);
      if (all.length > 1 && !contestable.has(token)) {
        const ids = all.map(({ id }) => id).join(' and ');
        throw new Broken('honest clients', `a client signed ${ids} for ${after}`);
      }
    }
  }
  const rivals = [...followers.values()].filter((all) => all.length > 1).flat();
  const contested = new Set(rivals.map(({ id }) => id));
  const rest = ordinary.toSorted((a, b) => a.body.timestamp - b.body.timestamp);
  for (const { id, body } of rest) {
    if (body.changes.some(({ previous }) => contested.has(previous))) contested.add(id);
  }
  return contested;
}

/** Keepers of its tokens that hold neither its mapping nor one that came of it. */
function lackers(
  { swarm, honest, transactions }: Settling,
  { id, body }: Transaction,
): readonly Seated[] {
  return body.changes.flatMap(({ token }) => {
    const holds = ({ peer }: Seated): boolean => {
      let tx = peer.chain.state.get(token)?.tx;
      while (tx !== undefined && tx !== ZERO_ID && tx !== id) {
        const change = transactions.get(tx)?.body.changes.find((one) => one.token === token);
        tx = change?.previous;
      }
      return tx === id;
    };
    return keepersOf(swarm, honest, token).filter((seated) => !holds(seated));
  });
}

function keepersOf(swarm: Swarm, honest: readonly Seated[], token: Id): readonly Seated[] {
  const near = honest[0]?.peer.membership.near(token, swarm.parameters.k) ?? [];
  return honest.filter(({ peer }) => near.includes(peer.identity.address));
}

function disagreement({ swarm, honest, transactions }: Settling): Broken | null {
  const ordinary = [...transactions.values()].filter(
    ({ body }) => body.purpose.kind === 'ordinary',
  );
  for (const token of new Set(
    ordinary.flatMap(({ body }) => body.changes.map((one) => one.token)),
  )) {
    const keepers = keepersOf(swarm, honest, token);
    const told = keepers.map(({ peer }) => peer.chain.state.get(token)?.tx);
    if (new Set(told).size <= 1) continue;
    return new Broken('agreement', `keepers of ${token} hold ${told.join(', ')}`);
  }
  return null;
}
