/** Turns what the schema found into problems: place, what was found, what is allowed. */
import type { z } from 'zod';
import type { ManifestDocument, Path } from './document.ts';
import { allowedWords, show } from './problem.ts';
import { FAULT_KINDS } from './fault-schema.ts';
import type { Problem } from './problem.ts';

type Issue = z.core.$ZodIssue;

/** One problem per thing that is wrong; never empty for a non-empty list. */
export function explainIssues(document: ManifestDocument, issues: readonly Issue[]): Problem[] {
  return issues.flatMap((issue) => explain(document, issue, []));
}

function explain(document: ManifestDocument, issue: Issue, above: Path): Problem[] {
  const path = [
    ...above,
    ...issue.path.map((step) => (typeof step === 'number' ? step : String(step))),
  ];
  const found = valueAt(document.value, path);
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.message.split(', ');
    return issue.keys.map((key) =>
      document.at([...path, key], `unknown key ${show(key)}; ${allowedWords(key, keys)}`, 'key'),
    );
  }
  if (issue.code === 'invalid_union') return explainUnion(document, issue, path, found);
  if (found === undefined) return [document.at(path, `missing; ${allowed(issue)}`)];
  if (issue.code === 'too_big' || issue.code === 'too_small') {
    return [document.at(path, `${sizeOf(issue.origin, found)}; ${allowed(issue)}`)];
  }
  const word = issue.code === 'invalid_value' ? issue.values.map(String) : undefined;
  const rule = word === undefined ? allowed(issue) : allowedWords(found, word);
  return [document.at(path, `found ${show(found)}; ${rule}`)];
}

/** The branch that came nearest explains itself; without one, the choices are named. */
function explainUnion(
  document: ManifestDocument,
  issue: z.core.$ZodIssueInvalidUnion,
  path: Path,
  found: unknown,
): Problem[] {
  if (issue.discriminator !== undefined) {
    const text = found === undefined ? 'missing' : `found ${show(found)}`;
    return [document.at(path, `${text}; ${allowedWords(found, FAULT_KINDS)}`)];
  }
  const branches = issue.errors.map((branch) => ({ branch, cost: cost(branch) }));
  branches.sort((a, b) => a.cost - b.cost);
  const [best] = branches;
  if (best === undefined || best.cost >= WRONG_TYPE) {
    const choices = issue.errors.flatMap((branch) => branch.map((inner) => choice(inner)));
    return [
      document.at(path, `found ${show(found)}; allowed: ${[...new Set(choices)].join(' or ')}`),
    ];
  }
  return best.branch.flatMap((inner) => explain(document, inner, path));
}

/** Above any sum of smaller faults: this branch was not meant at all. */
const WRONG_TYPE = 1000;

function cost(branch: readonly Issue[]): number {
  let sum = 0;
  for (const issue of branch) {
    const outermost = issue.path.length === 0;
    if (outermost && (issue.code === 'invalid_type' || issue.code === 'invalid_value'))
      return WRONG_TYPE;
    sum += issue.code === 'unrecognized_keys' ? issue.keys.length : 1;
  }
  return sum;
}

function choice(issue: Issue): string {
  if (issue.code === 'invalid_value') return issue.values.map((value) => show(value)).join(', ');
  if (issue.code === 'invalid_type') return typeName(issue.expected);
  return issue.message;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  object: 'a mapping (key: value)',
  record: 'a mapping (key: value)',
  array: 'a list',
  tuple: 'a list',
};

function typeName(expected: string): string {
  return TYPE_NAMES[expected] ?? expected;
}

function allowed(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `allowed: ${typeName(issue.expected)}`;
    case 'invalid_value':
      return `allowed: ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `allowed: at least ${issue.minimum}${unit(issue.origin)}`;
    case 'too_big':
      return `allowed: at most ${issue.maximum}${unit(issue.origin)}`;
    case 'invalid_union':
      return `allowed: ${[...new Set(issue.errors.flat().map(choice))].join(' or ')}`;
    default:
      return `allowed: ${issue.message}`;
  }
}

function unit(origin: string): string {
  return origin === 'string' ? ' characters' : origin === 'array' ? ' entries' : '';
}

function sizeOf(origin: string, found: unknown): string {
  if (Array.isArray(found)) return `has ${found.length} entries`;
  if (origin === 'string' && typeof found === 'string') return `has ${found.length} characters`;
  return `found ${show(found)}`;
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const step of path) {
    if (Array.isArray(at) && typeof step === 'number') at = at[step];
    else if (isRecord(at) && Object.hasOwn(at, step)) at = at[step];
    else return undefined;
  }
  return at;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
