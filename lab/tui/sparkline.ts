/** A row of bars for figures over time: the newest right, gaps where nothing was measured. */

/**
 * `width` characters for the newest `width` values, or for groups of neighbouring ones (their mean)
 * when there are more; scaled from 0 to the largest. Null leaves a gap.
 */
export function sparkline(
  values: readonly (number | null)[],
  width: number,
  bars: readonly string[],
): string {
  if (width <= 0) return '';
  const shown = squeezed(values, width);
  const most = Math.max(0, ...shown.map((value) => value ?? 0));
  const top = bars.length - 1;
  const drawn = shown.map((value) => {
    if (value === null) return ' ';
    const level = most === 0 ? 0 : Math.round((Math.max(0, value) / most) * top);
    return bars[Math.min(top, level)] ?? ' ';
  });
  return drawn.join('').padStart(width);
}

/** Beyond this many values in a character a sparkline hides more than it shows. */
const MAX_PER_CHARACTER = 4;

function squeezed(values: readonly (number | null)[], width: number): (number | null)[] {
  const per = Math.min(MAX_PER_CHARACTER, Math.max(1, Math.ceil(values.length / width)));
  const newest = values.slice(-width * per);
  // Groups end at the newest value, so that the newest character is whole.
  const lead = newest.length % per;
  const groups: (number | null)[] = [];
  for (let at = lead === 0 ? 0 : lead - per; at < newest.length; at += per) {
    const group = newest.slice(Math.max(0, at), at + per).filter((value) => value !== null);
    groups.push(group.length === 0 ? null : group.reduce((a, b) => a + b, 0) / group.length);
  }
  return groups;
}
