/**
 * The data of a store on disk: MergeTree parts, folders that are never changed once they carry their
 * name (`<partition>_<min block>_<max block>_<level>[_<mutation>]`). A part that came of a merge
 * stands beside those it replaces until the engine removes them, so whoever reads the folder must
 * leave out what is covered. Source: MergeTreePartInfo in ClickHouse.
 */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

interface Part {
  readonly name: string;
  readonly partition: string;
  readonly min: number;
  readonly max: number;
  readonly level: number;
  readonly mutation: number;
}

const PART = /^([0-9A-Za-z-]+)_(\d+)_(\d+)_(\d+)(?:_(\d+))?$/;

function readPart(name: string): Part | null {
  const [, partition, min, max, level, mutation] = PART.exec(name) ?? [];
  if (partition === undefined) return null;
  return {
    name,
    partition,
    min: Number(min),
    max: Number(max),
    level: Number(level),
    mutation: Number(mutation ?? 0),
  };
}

function covers(one: Part, other: Part): boolean {
  return (
    one.partition === other.partition &&
    one.min <= other.min &&
    one.max >= other.max &&
    one.level >= other.level &&
    one.mutation >= other.mutation &&
    one.name !== other.name
  );
}

/** Those of the names that are parts and hold rows that no other of them holds. */
export function activeParts(names: readonly string[]): readonly string[] {
  const parts = names.map(readPart).filter((part) => part !== null);
  return parts
    .filter((part) => !parts.some((other) => covers(other, part)))
    .map(({ name }) => name);
}

/** The partition of a part, as its name says. */
export function partitionOf(part: string): string {
  return part.slice(0, part.search(/_\d+_\d+_\d+(_\d+)?$/));
}

/** A table's folder in a store, where its parts are. */
export function tableFolder(store: string, table: string): string {
  return path.join(store, 'data', ...table.split('.'));
}

/** Names of a table's parts; none when the store has no such table (it is of an older version). */
export function partsOf(store: string, table: string): readonly string[] {
  const folder = tableFolder(store, table);
  return existsSync(folder) ? activeParts(readdirSync(folder)) : [];
}
