/**
 * Concentration of identities: on the ring, where addresses are random unless somebody minted until
 * they were not (W 5.3; for Kademlia Cholez et al. 2010), and in address ranges of the internet, where
 * those near each other on the ring have no reason to be neighbours as well.
 */
import { type Fingerprints, newcomersOf } from './minting.ts';
import type { Registration } from './observations.ts';
import { amongMany, binomialSurprise } from './surprise.ts';

/** So many identities in a row are looked at, from two more than a pair to twice a usual neighbourhood. */
const LEAST_ROW = 3;
const LONGEST_ROW = 16;
/** Rows that hold one identity: three of three, to sixteen of sixteen. */
const ROWS_AROUND = ((LEAST_ROW + LONGEST_ROW) * (LONGEST_ROW - LEAST_ROW + 1)) / 2;
/** Of everybody, and of newcomers alone. */
const SCANS = 2;
/** Neighbours on the ring whose address ranges are compared, half on each side. */
const NEAR = 8;
/** Hex digits of an address that its place on the ring is told by: 48 bits, exact as a number. */
const PLACE_DIGITS = 12;

interface Placed {
  readonly address: string;
  /** On the ring, 0–1. */
  readonly place: number;
}

/** Newcomers are also looked at by themselves: residents did not choose who comes beside them. */
export function ringConcentration(registrations: readonly Registration[]): Fingerprints {
  const scores = new Map<string, number>();
  const all = scan(registrations, scores);
  const newcomers = scan(newcomersOf(registrations), scores);
  return { scores, comparisons: all + newcomers };
}

/** Every arc that holds 3 to 16 in a row; a member gets the best score of the arcs that hold it. */
function scan(registrations: readonly Registration[], scores: Map<string, number>): number {
  const placed = onRing(registrations);
  const n = placed.length;
  const longest = Math.min(LONGEST_ROW, Math.floor(n / 2));
  let comparisons = 0;
  for (const [from, first] of placed.entries()) {
    for (let row = LEAST_ROW; row <= longest; row += 1) {
      comparisons += 1;
      const last = placed[(from + row - 1) % n];
      if (last === undefined) continue;
      const arc = (last.place - first.place + 1) % 1;
      const score = amongMany(binomialSurprise(row - 1, n - 1, arc), SCANS * ROWS_AROUND);
      if (score === 0) continue;
      for (let step = 0; step < row; step += 1) {
        const member = placed[(from + step) % n];
        if (member === undefined || score <= (scores.get(member.address) ?? 0)) continue;
        scores.set(member.address, score);
      }
    }
  }
  return comparisons;
}

/** How many of those next to it on the ring share its range, against how many of all do. */
export function addressRange(registrations: readonly Registration[]): Fingerprints {
  const scores = new Map<string, number>();
  const placed = onRing(registrations);
  const n = placed.length;
  const ranges = new Map(registrations.map(({ address, ip }) => [address, rangeOf(ip)]));
  const sizes = new Map<string, number>();
  for (const range of ranges.values()) sizes.set(range, (sizes.get(range) ?? 0) + 1);
  const sides = Math.min(NEAR / 2, Math.floor((n - 1) / 2));
  for (const [at, { address }] of placed.entries()) {
    const own = ranges.get(address) ?? '';
    let same = 0;
    for (let step = -sides; step <= sides; step += 1) {
      const other = placed[(at + step + n) % n];
      if (step !== 0 && other !== undefined && ranges.get(other.address) === own) same += 1;
    }
    const chance = ((sizes.get(own) ?? 1) - 1) / Math.max(1, n - 1);
    const score = binomialSurprise(same, 2 * sides, chance);
    if (score > 0) scores.set(address, score);
  }
  return { scores, comparisons: n * 2 * sides };
}

function onRing(registrations: readonly Registration[]): readonly Placed[] {
  return registrations
    .map(({ address }) => ({
      address,
      place: Number.parseInt(address.slice(0, PLACE_DIGITS), 16) / 16 ** PLACE_DIGITS,
    }))
    .sort((a, b) => a.place - b.place);
}

/** The first three bytes: what one customer of a provider has at most, as a rule. */
function rangeOf(ip: string): string {
  return ip.slice(0, ip.lastIndexOf('.'));
}
