/**
 * The physical floor of finality: when an ideal network, in which nothing waits and nothing is
 * computed, would have brought a transaction to its commit over the same links.
 *
 * The client's datagram reaches each voter after the one-way delay between them; the voter's vote
 * reaches each other one after theirs. A neighbour commits when it holds the transaction and more
 * than 2/3 of the votes of every token's neighbourhood, its own at once; finality is the commit at
 * ⌈2k/3⌉ of the neighbourhood of the slowest token (CONTRACT.md).
 */

/** One-way delay in ms between two places. */
export type Delay = (from: string, to: string) => number;

/** `neighbourhoods`: per token the places of its voters. */
export function finalityFloorMs(
  client: string,
  neighbourhoods: readonly (readonly string[])[],
  delay: Delay,
): number {
  const voters = neighbourhoods.map((places) =>
    places.map((place) => ({ place, votesAt: delay(client, place) })),
  );
  const commitAt = (place: string): number => {
    const quorums = voters.map((all) => {
      const arrivals = all.map((voter) => voter.votesAt + delay(voter.place, place));
      return nth(arrivals, Math.floor((2 * all.length) / 3) + 1);
    });
    return Math.max(delay(client, place), ...quorums);
  };
  return Math.max(
    ...voters.map((all) =>
      nth(
        all.map(({ place }) => commitAt(place)),
        Math.ceil((2 * all.length) / 3),
      ),
    ),
  );
}

/** The n-th smallest, from 1. */
function nth(values: readonly number[], n: number): number {
  const value = values.toSorted((a, b) => a - b)[n - 1];
  if (value === undefined) throw new RangeError(`no ${n}-th of ${values.length} values`);
  return value;
}
