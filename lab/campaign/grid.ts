/** The cells of a campaign: every combination of what its grid lets vary. */
import type { Path } from '../manifest/document.ts';
import type { CampaignFile } from './schema.ts';

export interface Cell {
  /** What tells it from the others: value by axis. Empty in a campaign without a grid. */
  readonly values: Readonly<Record<string, string>>;
  /** `PATH=VALUE`, for `lab run --set`. */
  readonly settings: readonly string[];
}

/** One choice of one axis. */
interface Choice {
  readonly axis: string;
  readonly label: string;
  readonly settings: readonly string[];
}

/** How many there are, before any is made. */
export function cellCount({ grid }: Pick<CampaignFile, 'grid'>): number {
  return Object.values(grid).reduce((product, choices) => product * Object.keys(choices).length, 1);
}

/** In the order of the file, its first axis varying slowest; and where each setting comes from. */
export function cellsOf({ grid, set }: Pick<CampaignFile, 'grid' | 'set'>): {
  readonly cells: readonly Cell[];
  readonly causes: ReadonlyMap<string, Path>;
} {
  const causes = new Map<string, Path>();
  const settingsOf = (values: Readonly<Record<string, unknown>>, at: Path): string[] =>
    Object.entries(values).map(([path, value]) => {
      const setting = `${path}=${asYaml(value)}`;
      causes.set(setting, [...at, path]);
      return setting;
    });
  const fixed = settingsOf(set, ['set']);
  const names = shortNames(Object.keys(grid));
  const axes = Object.entries(grid).map(([axis, choices]): readonly Choice[] => {
    const name = names.get(axis) ?? axis;
    if (!Array.isArray(choices)) {
      return Object.entries(choices).map(([label, values]) => ({
        axis: name,
        label,
        settings: settingsOf(values, ['grid', axis, label]),
      }));
    }
    return choices.map((value, index) => {
      const setting = `${axis}=${asYaml(value)}`;
      causes.set(setting, ['grid', axis, index]);
      return { axis: name, label: asYaml(value), settings: [setting] };
    });
  });
  let combinations: readonly (readonly Choice[])[] = [[]];
  for (const choices of axes) {
    combinations = combinations.flatMap((before) => choices.map((choice) => [...before, choice]));
  }
  const cells = combinations.map((chosen) => ({
    values: Object.fromEntries(chosen.map(({ axis, label }) => [axis, label])),
    settings: [...fixed, ...chosen.flatMap(({ settings }) => settings)],
  }));
  return { cells, causes };
}

/** `k` for `protocol.k`, where no other axis ends alike. */
function shortNames(paths: readonly string[]): ReadonlyMap<string, string> {
  const last = (path: string): string => path.split('.').at(-1) ?? path;
  const ends = Map.groupBy(paths, last);
  return new Map(
    paths.map((path) => [path, ends.get(last(path))?.length === 1 ? last(path) : path]),
  );
}

/** A word that YAML reads as itself. */
const PLAIN = /^(?!(true|false|null)$)[a-z][\w-]*$/i;

/** A value as `--set` takes it. JSON is YAML. */
function asYaml(value: unknown): string {
  return typeof value === 'string' && PLAIN.test(value) ? value : (JSON.stringify(value) ?? '');
}
