/** One letter for each region, so that a map can say who is where in one column. */

const SPARE = Array.from('abcdefghijklmnopqrstuvwxyz0123456789');

/** Letters of these regions, in their order: the first of the name that is still free. */
export function regionLetters(regions: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  const letters = new Map<string, string>();
  for (const region of regions) {
    const own = region.toLowerCase().match(/[a-z]/g) ?? [];
    const free = [...own, ...SPARE].find((letter) => !taken.has(letter));
    const letter = free ?? '+';
    taken.add(letter);
    letters.set(region, letter);
  }
  return letters;
}

/** The regions of members, in the order in which they first appear. */
export function regionsOf(members: readonly { readonly region: string }[]): readonly string[] {
  return [...new Set(members.map(({ region }) => region))];
}
