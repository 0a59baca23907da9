/**
 * Expectations of a testnet file: `PATH OP VALUE` over the run's JSON, such as
 * `finality.p99 < 2000` or `attacks[0].slashed >= 1`. What was not measured (null, or absent)
 * satisfies nothing, except `== null`.
 */
import { allowedWords } from './problem.ts';

export interface Expectation {
  readonly path: readonly (string | number)[];
  readonly operator: Operator;
  readonly value: number | boolean | string | null;
}

const OPERATORS = ['==', '!=', '<=', '>=', '<', '>'] as const;
export type Operator = (typeof OPERATORS)[number];

export type ParsedExpectation =
  | { readonly ok: true; readonly expectation: Expectation }
  | { readonly ok: false; readonly reason: string };

/** A path deeper than this names nothing in a result. */
const MAX_STEPS = 8;
const STEP = /^([A-Za-z_][\w-]*)((?:\[\d{1,6}\])*)$/;

/** Parses one expression; the reason says what was found and what is allowed. */
export function parseExpectation(expression: string): ParsedExpectation {
  const parts = /^\s*([^\s=!<>]+)\s*(==|!=|<=|>=|<|>)\s*(.*?)\s*$/su.exec(expression);
  const [, pathText = '', operatorText = '', valueText = ''] = parts ?? [];
  const operator = OPERATORS.find((candidate) => candidate === operatorText);
  if (operator === undefined) {
    return refuse(
      `"${expression}" is not PATH OP VALUE; allowed: OP is one of ${OPERATORS.join(' ')}`,
    );
  }
  const path = parsePath(pathText);
  if (path === null)
    return refuse(`"${pathText}" is not a path; allowed: finality.p99, links[0].ok`);
  const unknown = unknownStep(path);
  if (unknown !== null) return refuse(unknown);
  const value = parseValue(valueText);
  if (value === undefined) {
    return refuse(`"${valueText}" is not a value; allowed: a number, true, false, null, "text"`);
  }
  const ordered = operator !== '==' && operator !== '!=';
  if (ordered && typeof value !== 'number') {
    return refuse(
      `${operator} compares numbers, found ${valueText}; allowed: a number, or == and !=`,
    );
  }
  return { ok: true, expectation: { path, operator, value } };
}

/** Holds one expectation against a result. Throws only if the expression does not parse. */
export function evaluateExpectation(
  expression: string,
  result: unknown,
): { readonly value: unknown; readonly ok: boolean } {
  const parsed = parseExpectation(expression);
  if (!parsed.ok) throw new Error(parsed.reason);
  const { path, operator, value: wanted } = parsed.expectation;
  const value = valueAt(result, path);
  return { value, ok: compare(value, operator, wanted) };
}

/** Whether it expects something of an attack or of whom it brings to light: nothing without adversaries. */
export function isAboutAdversaries(expression: string): boolean {
  const parsed = parseExpectation(expression);
  if (!parsed.ok) return false;
  const [field, part] = parsed.expectation.path;
  if (field === 'attacks') return true;
  const ofOffenders = ['offenders', 'truePositives', 'falseNegatives', 'rate', 'rateInterval'];
  return field === 'detection' && ofOffenders.includes(String(part));
}

function refuse(reason: string): ParsedExpectation {
  return { ok: false, reason };
}

function parsePath(text: string): (string | number)[] | null {
  const path: (string | number)[] = [];
  for (const part of text.split('.')) {
    const match = STEP.exec(part);
    const name = match?.[1];
    if (name === undefined) return null;
    path.push(name);
    for (const index of (match?.[2] ?? '').matchAll(/\d+/g)) path.push(Number(index[0]));
  }
  return path.length <= MAX_STEPS ? path : null;
}

function parseValue(text: string): number | boolean | string | null | undefined {
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (text === 'null') return null;
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  const quoted = /^"([^"]*)"$|^'([^']*)'$/s.exec(text);
  return quoted === null ? undefined : (quoted[1] ?? quoted[2]);
}

function valueAt(result: unknown, path: readonly (string | number)[]): unknown {
  let at: unknown = result;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return null;
    at = Object.entries(at).find(([key]) => key === String(step))?.[1];
  }
  return at ?? null;
}

function compare(value: unknown, operator: Operator, wanted: Expectation['value']): boolean {
  if (operator === '==') return value === wanted;
  if (value === null || value === undefined) return false;
  if (operator === '!=') return value !== wanted;
  if (typeof value !== 'number' || typeof wanted !== 'number') return false;
  if (operator === '<') return value < wanted;
  if (operator === '<=') return value <= wanted;
  if (operator === '>') return value > wanted;
  return value >= wanted;
}

/** The result's fields; null is a leaf, `'*'` anything. A misspelt path is found before the run. */
type Fields = { readonly [name: string]: Fields | null | '*' };
const QUANTILES = { n: null, p50: null, p90: null, p99: null, max: null };
const FIELDS: Fields = {
  run: null,
  testnet: null,
  driver: null,
  shaping: null,
  shapingOk: null,
  fidelity: { ok: null, reasons: '*' },
  seed: null,
  honestControl: null,
  version: null,
  traceHash: null,
  cryptography: null,
  timeScale: null,
  commitRule: null,
  conflictRule: null,
  durationMs: null,
  wallMs: null,
  peers: { honest: null, adversarial: null, clients: null, newcomers: null },
  transactions: {
    submitted: null,
    committed: null,
    timedOut: null,
    conflicting: null,
    safetyViolations: null,
  },
  finality: {
    ...QUANTILES,
    unit: null,
    atFirst: QUANTILES,
    atAll: QUANTILES,
    unreached: { tooFewHonestKeepers: null, notInTime: null },
  },
  messages: {
    perCommit: null,
    datagramsPerCommit: null,
    perPeerPerCommit: null,
    bytesPerPeerPerSecond: null,
    byType: '*',
  },
  views: { n: null, meanOverlap: null, p10: null },
  links: '*',
  attacks: '*',
  detection: {
    unit: null,
    observerQueriesPerSecond: null,
    offenders: null,
    truePositives: null,
    falsePositives: null,
    falseNegatives: null,
    rate: null,
    rateInterval: '*',
    falseSlashes: null,
    byLayer: '*',
  },
  reportPath: null,
  telemetry: { rows: null, dropped: null },
};

function unknownStep(path: readonly (string | number)[]): string | null {
  let fields: Fields | null | '*' = FIELDS;
  for (const [index, step] of path.entries()) {
    if (fields === '*') return null;
    const name: string = String(step);
    const known: readonly string[] = fields === null ? [] : Object.keys(fields);
    if (fields === null || !known.includes(name)) {
      const where = index === 0 ? 'the result' : path.slice(0, index).join('.');
      return `${where} has no "${name}"; ${allowedWords(name, known)}`;
    }
    fields = fields[name] ?? null;
  }
  return null;
}
