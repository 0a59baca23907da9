/** Rows of the two consoles: what goes on now, then what can be started. */
import {
  attackDeclaration,
  attackNames,
  type AttackDeclaration,
  type KnobValue,
} from '../manifest/attacks.ts';
import type { LiveModel } from '../live/model.ts';
import { FAULT_WORDS, faultKinds, type FaultKind } from './fault-form.ts';

export type AttackRow =
  | {
      readonly type: 'ongoing';
      readonly id: string;
      readonly name: string;
      readonly state: string;
      /** Names of those that take part. */
      readonly members: readonly string[];
      readonly knobs: Readonly<Record<string, KnobValue>>;
    }
  | {
      readonly type: 'startable';
      readonly declaration: AttackDeclaration;
      /** Members of this network that can play it. */
      readonly players: number;
    };

/** Attacks that were started, newest first, then all that are declared. */
export function attackRows({ status, ring }: Pick<LiveModel, 'status' | 'ring'>): AttackRow[] {
  const started = status.attacks.map(({ id, name, state, members, knobs }): AttackRow => {
    return { type: 'ongoing', id, name, state, members, knobs };
  });
  const startable = attackNames().flatMap((name): AttackRow[] => {
    const declaration = declarationOf(name);
    if (declaration === null) return [];
    const players = ring.filter(({ adversary }) => adversary === name).length;
    return [{ type: 'startable', declaration, players }];
  });
  // Those that can be played here first.
  const sorted = startable.toSorted((a, b) => rank(b) - rank(a));
  return [...started.toReversed(), ...sorted];
}

function rank(row: AttackRow): number {
  return row.type === 'startable' && row.players > 0 ? 1 : 0;
}

/** Null for a folder that cannot be loaded: `lab attacks` says what is wrong with it. */
export function declarationOf(name: string): AttackDeclaration | null {
  try {
    return attackDeclaration(name) ?? null;
  } catch {
    return null;
  }
}

export type FaultRow =
  | { readonly type: 'ongoing'; readonly id: string; readonly kind: string; readonly state: string }
  | { readonly type: 'startable'; readonly kind: FaultKind; readonly words: string };

/** Faults that last, then all kinds that this run can have, then those that are over. */
export function faultRows({ status }: Pick<LiveModel, 'status'>): FaultRow[] {
  const rows = status.faults.map(
    ({ id, kind, state }): FaultRow => ({ type: 'ongoing', id, kind, state }),
  );
  const isActive = (row: FaultRow) => row.type === 'ongoing' && row.state === 'active';
  const startable = faultKinds(status.driver).map(
    (kind): FaultRow => ({ type: 'startable', kind, words: FAULT_WORDS[kind] }),
  );
  return [
    ...rows.filter(isActive).toReversed(),
    ...startable,
    ...rows.filter((row) => !isActive(row)).toReversed(),
  ];
}

/** Ids of the faults that last. */
export function activeFaults({ status }: Pick<LiveModel, 'status'>): string[] {
  return status.faults.filter(({ state }) => state === 'active').map(({ id }) => id);
}
