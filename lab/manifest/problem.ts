/** What is wrong with a testnet file, where, and what is allowed there. */
import { EXIT, LabError } from '../errors.ts';

export interface Problem {
  /** Both counted from 1, as editors do. */
  readonly line: number;
  readonly column: number;
  /** What was found and what is allowed, one line. */
  readonly message: string;
  /** `PATH=VALUE` of a `--set`, when that is what is wrong and not the file. */
  readonly setting?: string;
}

/** Problems shown at once: more than this and the file is something else than a testnet. */
const MAX_PROBLEMS_SHOWN = 60;
/** Length of a found value that is repeated in a message. */
const MAX_VALUE_CHARACTERS = 60;

/** A testnet file that starts nothing; lists all of its problems, each with its position. */
export class ManifestError extends LabError {
  readonly problems: readonly Problem[];

  /** `how`: where one reads what such a file may say. */
  constructor(
    file: string,
    problems: readonly Problem[],
    how = 'npx lab schema prints what it may say',
  ) {
    const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
    const lines = sorted
      .slice(0, MAX_PROBLEMS_SHOWN)
      .map(({ line, column, message, setting }) =>
        setting === undefined
          ? `${file}:${line}:${column}: ${message}`
          : `--set ${setting}: ${message}`,
      );
    const more = sorted.length - lines.length;
    if (more > 0) lines.push(`and ${more} more`);
    const isFile = problems.some(({ setting }) => setting === undefined);
    super(lines.join('\n'), {
      exitCode: EXIT.badUse,
      remedy: `nothing was started; mend ${isFile ? file : 'what --set says'} (${how})`,
    });
    this.problems = sorted;
  }
}

/** A found value as it appears in a message: JSON, shortened, on one line. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const text = JSON.stringify(value) ?? typeof value;
  return text.length <= MAX_VALUE_CHARACTERS ? text : `${text.slice(0, MAX_VALUE_CHARACTERS - 1)}…`;
}

/** The candidate nearest to `word` in edits, when it is near enough to be meant. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.floor((word.length + 1) / 2.5) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `allowed: a, b, c (did you mean "b"?)` for a word that is none of them. */
export function allowedWords(word: unknown, allowed: readonly string[]): string {
  const meant = typeof word === 'string' ? nearest(word, allowed) : undefined;
  const list = allowed.length === 0 ? 'none' : allowed.join(', ');
  return `allowed: ${list}${meant === undefined ? '' : ` (did you mean "${meant}"?)`}`;
}

/** Longest word that is compared: beyond this nobody meant a key of ours. */
const MAX_COMPARED_CHARACTERS = 64;

function editDistance(a: string, b: string): number {
  if (a.length > MAX_COMPARED_CHARACTERS || b.length > MAX_COMPARED_CHARACTERS) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
