/** From what a manifest says to every member and every directed link by name. */
import { type LinkShape, UNSHAPED } from '../../node/control.ts';
import { Streams } from '../simulator/random.ts';
import type { Manifest } from './schema.ts';
import type {
  LinkProfile,
  Member,
  OperatorOrder,
  PlannedAttack,
  PlannedFault,
  Testnet,
} from './testnet.ts';
import type { Part } from '../../node/runtime/adversarial.ts';
import { attackDeclaration, type KnobValue } from './attacks.ts';

/**
 * The same network without its adversaries, for comparison: as many peers in the same places under
 * the same names, all honest, and no attack. Load, links, faults and who comes later stay.
 */
export function asHonestControl(manifest: Manifest): Manifest {
  return {
    ...manifest,
    peers: manifest.peers.map(({ group, count, regions, asleep, joinAtMs, joinOverMs }) => ({
      group,
      count,
      regions,
      asleep,
      joinAtMs,
      joinOverMs,
    })),
    attacks: [],
    orders: manifest.orders.filter((order) => 'fault' in order || 'clear' in order),
  };
}

/**
 * Every peer, then every client; each group is dealt to its regions in turn from the first. `seed` draws
 * when newcomers come that come one by one.
 */
export function expandMembers(manifest: Manifest, seed: number = manifest.seed): Member[] {
  const all = manifest.regions.map(({ name }) => name);
  const deal = (regions: 'even' | readonly string[], index: number): string => {
    const hand = regions === 'even' ? all : regions;
    return hand[index % hand.length] ?? '';
  };
  const members: Member[] = manifest.peers.flatMap((group) => {
    const times = joinTimes(group, seed);
    return Array.from({ length: group.count }, (_, index) => ({
      name: numbered(group.group, index, group.count),
      group: group.group,
      kind: 'peer' as const,
      region: deal(group.regions, index),
      ...(group.adversary === undefined ? {} : { adversary: group.adversary }),
      active: group.active ?? false,
      ...(group.asleep === true ? { asleep: true as const } : {}),
      ...(group.joinAtMs === undefined ? {} : { joinAtMs: times[index] ?? group.joinAtMs }),
    }));
  });
  const { count, regions } = manifest.clients;
  for (let index = 0; index < count; index++) {
    const name = numbered('client', index, count);
    members.push({
      name,
      group: 'client',
      kind: 'client',
      region: deal(regions, index),
      active: false,
    });
  }
  return members;
}

/** When each of a group of newcomers comes, in order, ms after the load starts. */
function joinTimes(
  { group, count, joinAtMs = 0, joinOverMs = 0 }: Manifest['peers'][number],
  seed: number,
): readonly number[] {
  const random = new Streams(seed).stream('joins', group);
  return Array.from(
    { length: count },
    () => joinAtMs + Math.floor(joinOverMs * random.next()),
  ).sort((a, b) => a - b);
}

/** `honest-01`: as many digits as the last needs, at least two, so that names sort. */
function numbered(group: string, index: number, count: number): string {
  return `${group}-${String(index + 1).padStart(Math.max(2, String(count).length), '0')}`;
}

type Given = { readonly [K in keyof LinkShape]?: LinkShape[K] | undefined };

/** `given` over `base`, field by field. */
export function mergeProfile(base: LinkShape, given: Given): LinkShape {
  const burst = given.burst ?? base.burst;
  return {
    delayMs: given.delayMs ?? base.delayMs,
    jitterMs: given.jitterMs ?? base.jitterMs,
    distribution: given.distribution ?? base.distribution,
    correlation: given.correlation ?? base.correlation,
    loss: given.loss ?? base.loss,
    ...(burst === undefined ? {} : { burst }),
    duplicate: given.duplicate ?? base.duplicate,
    reorder: given.reorder ?? base.reorder,
    rateBitsPerSecond: given.rateBitsPerSecond ?? base.rateBitsPerSecond,
  };
}

/** One profile per ordered pair: the pair's own, else the reverse pair's, else the default. */
export function expandLinks(manifest: Manifest): LinkProfile[] {
  const entry = manifest.links.find((link) => 'default' in link);
  const base =
    entry !== undefined && 'default' in entry ? mergeProfile(UNSHAPED, entry.default) : UNSHAPED;
  const pairs = new Map<string, Given>();
  for (const link of manifest.links) if ('from' in link) pairs.set(`${link.from} ${link.to}`, link);
  const regions = manifest.regions.map(({ name }) => name);
  return regions.flatMap((from) =>
    regions.map((to) => {
      const own = pairs.get(`${from} ${to}`) ?? pairs.get(`${to} ${from}`);
      return { from, to, ...(own === undefined ? base : mergeProfile(base, own)) };
    }),
  );
}

/** The attacks with every knob filled in from the declaration. */
export function expandAttacks(manifest: Manifest): PlannedAttack[] {
  return manifest.attacks.map(({ name, atMs, forMs, knobs }) => ({
    name,
    atMs,
    ...(forMs === undefined ? {} : { forMs }),
    knobs: { ...defaultKnobs(name), ...knobs },
  }));
}

/** Every knob of an attack as its declaration has it. */
export function defaultKnobs(name: string): Record<string, KnobValue> {
  const knobs = Object.entries(attackDeclaration(name)?.knobs ?? {});
  return Object.fromEntries(knobs.map(([key, knob]) => [key, knob.default]));
}

/** With which knobs an adversary comes to life: of the first attack planned for it, or the defaults. */
export function launchKnobs(attacks: readonly PlannedAttack[], name: string): Part['knobs'] {
  return attacks.find((attack) => attack.name === name)?.knobs ?? defaultKnobs(name);
}

/** The part of every adversarial member, by its name. */
export function expandParts({
  members,
  attacks,
}: Pick<Testnet, 'members' | 'attacks'>): ReadonlyMap<string, Part> {
  const companies = Map.groupBy(
    members.filter(({ adversary }) => adversary !== undefined),
    ({ adversary = '' }) => adversary,
  );
  return new Map(
    [...companies].flatMap(([name, company]) => {
      const knobs = launchKnobs(attacks, name);
      return company.map((member, index): [string, Part] => {
        return [member.name, { knobs, index, members: company.length }];
      });
    }),
  );
}

/** What an operator did by hand, as the lab carries it out. */
export function expandOrders(manifest: Manifest, members: readonly Member[]): OperatorOrder[] {
  return manifest.orders.flatMap((given): OperatorOrder[] => {
    if ('attack' in given) {
      const { attack, atMs, knobs } = given;
      return [
        { order: 'attack', name: attack, atMs, knobs: { ...defaultKnobs(attack), ...knobs } },
      ];
    }
    if ('steer' in given) {
      const { steer, atMs, action, knobs } = given;
      return [{ order: 'steer', id: steer, atMs, action, knobs }];
    }
    if ('clear' in given) return [{ order: 'clear', id: given.clear, atMs: given.atMs }];
    return expandFaults({ faults: [given.fault] }, members).map(({ atMs, forMs, ...fault }) => {
      return { order: 'fault', atMs, fault, forMs: forMs ?? null };
    });
  });
}

/** The faults with groups replaced by their members. */
export function expandFaults(
  manifest: Pick<Manifest, 'faults'>,
  members: readonly Member[],
): PlannedFault[] {
  const expand = (names: readonly string[]) => [
    ...new Set(
      names.flatMap((name) => {
        const group = members.filter((member) => member.group === name);
        return group.length > 0 ? group.map((member) => member.name) : [name];
      }),
    ),
  ];
  return manifest.faults.map((fault): PlannedFault => {
    const { forMs } = fault;
    const when = { atMs: fault.atMs, ...(forMs === undefined ? {} : { forMs }) };
    switch (fault.kind) {
      case 'partition':
      case 'clog':
        return { kind: fault.kind, between: fault.between, direction: fault.direction, ...when };
      case 'link':
        return {
          kind: fault.kind,
          between: fault.between,
          change: givenFields(fault.change),
          ...when,
        };
      case 'clock':
        return { kind: fault.kind, members: expand(fault.members), skewMs: fault.skewMs, ...when };
      case 'drift':
        return { kind: fault.kind, members: expand(fault.members), ppm: fault.ppm, ...when };
      default:
        return { kind: fault.kind, members: expand(fault.members), ...when };
    }
  });
}

/** Only the fields that were given: absent means unchanged. */
export function givenFields(change: Given): Partial<LinkShape> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
