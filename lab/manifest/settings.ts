/**
 * `--set PATH=VALUE`: one value of a testnet file, given beside the file. PATH names keys, and entries
 * of lists by number or by their `group` or `name`: `protocol.k=12`, `peers.liars.count=6`,
 * `attacks.0.knobs.victims=1`. VALUE is YAML. What results is checked as if it stood in the file.
 */
import type { ManifestDocument, Path } from './document.ts';
import { readDocument } from './document.ts';
import { allowedWords, type Problem } from './problem.ts';

/** The schema is six levels deep. */
const MAX_STEPS = 12;
/** Far above what anybody types; each is looked for in the path of every problem. */
export const MAX_SETTINGS = 100;
/** A key of ours, a name, or an index; nothing that means something to JavaScript. */
const STEP = /^[A-Za-z0-9][\w-]*$/;
const NAMED_BY = ['group', 'name'] as const;

interface Applied {
  readonly setting: string;
  /** The outermost of what the setting put there. */
  readonly path: Path;
}

/** The same document with these values instead of its own; else what is wrong with the settings. */
export function withSettings(
  document: ManifestDocument,
  settings: readonly string[],
): { readonly document: ManifestDocument; readonly problems: readonly Problem[] } {
  if (settings.length === 0) return { document, problems: [] };
  const root: { value: unknown } = { value: structuredClone(document.value) };
  const applied: Applied[] = [];
  const problems: Problem[] = [];
  const refuse = (setting: string, message: string): void => {
    problems.push({ ...OUTSIDE, setting, message });
  };
  for (const setting of settings.slice(0, MAX_SETTINGS)) {
    const parsed = parseSetting(setting);
    if (typeof parsed === 'string') {
      refuse(setting, parsed);
      continue;
    }
    const path = put(root, parsed.steps, parsed.value);
    if (typeof path === 'string') refuse(setting, path);
    else applied.push({ setting, path });
  }
  if (settings.length > MAX_SETTINGS) {
    refuse(settings[MAX_SETTINGS] ?? '', `one of more than ${MAX_SETTINGS}; put them into a file`);
  }
  const at: ManifestDocument['at'] = (path, message, part) => {
    const problem = document.at(path, message, part);
    // The last one wins where two say the same.
    const cause = applied.findLast((entry) => startsWith(path, entry.path));
    return cause === undefined ? problem : { ...problem, setting: cause.setting };
  };
  return { document: { value: root.value, at }, problems };
}

/** Where a setting stands is told by its own text. */
const OUTSIDE = { line: 1, column: 1 };

/** Path and value of `PATH=VALUE`, or what is wrong with it. */
export function parseSetting(
  setting: string,
): { readonly steps: readonly string[]; readonly value: unknown } | string {
  const [, pathText, valueText] = /^([^=]*)=(.*)$/s.exec(setting) ?? [];
  if (pathText === undefined || valueText === undefined) {
    return 'not PATH=VALUE; allowed: protocol.k=12';
  }
  const steps = pathText.split('.');
  if (steps.length > MAX_STEPS || !steps.every((step) => STEP.test(step))) {
    return `"${pathText}" is not a path; allowed: protocol.k, peers.liars.count, attacks.0.atMs`;
  }
  const read = readDocument(valueText);
  if (!read.ok) return `the value: ${read.problems[0]?.message ?? 'not readable'}`;
  return { steps, value: read.document.value };
}

/** Puts a value where the steps lead; the path of what is new there, or why they lead nowhere. */
function put(
  root: { value: unknown },
  steps: readonly string[],
  value: unknown,
): (string | number)[] | string {
  const path: (string | number)[] = [];
  let made: (string | number)[] | null = null;
  let holder: object = root;
  let key: string | number = 'value';
  for (const step of steps) {
    let at: unknown = Reflect.get(holder, key);
    // What a file leaves out has its defaults; one value of it may still be given.
    if (at === undefined || at === null) {
      at = {};
      made ??= [...path];
      Reflect.set(holder, key, at);
    }
    const where = path.length === 0 ? 'the file' : path.join('.');
    if (typeof at !== 'object' || at === null) {
      return `${where} is no mapping or list; allowed: a path that ends there`;
    }
    const next: string | number | Refusal = Array.isArray(at) ? entryOf(at, step, where) : step;
    if (typeof next === 'object') return next.reason;
    path.push(next);
    holder = at;
    key = next;
  }
  Reflect.set(holder, key, value);
  return made ?? path;
}

interface Refusal {
  readonly reason: string;
}

/** The index of the entry that `step` names: by number, or by what it is called. */
function entryOf(list: readonly unknown[], step: string, where: string): number | Refusal {
  const names = list.map(nameOf);
  const called = names.flatMap((name, index) => (name === step ? [index] : []));
  const [first] = called;
  if (first !== undefined && called.length === 1) return first;
  const indices = list.map((_, index) => String(index));
  if (first !== undefined) {
    return {
      reason: `${where} has ${called.length} entries called ${step}; allowed: ${called.join(', ')}`,
    };
  }
  if (indices.includes(step)) return Number(step);
  const allowed = [...indices, ...names.filter((name) => name !== undefined)];
  return { reason: `${where} has no entry "${step}"; ${allowedWords(step, allowed)}` };
}

function nameOf(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  return NAMED_BY.map((key): unknown => Reflect.get(entry, key)).find(
    (name) => typeof name === 'string',
  );
}

function startsWith(path: Path, start: Path): boolean {
  return start.every((step, index) => String(path[index]) === String(step));
}
