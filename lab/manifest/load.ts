/** YAML → Testnet. Whatever is wrong with a file ends as one ManifestError that lists all of it. */
import { readFileSync, statSync } from 'node:fs';
import type { z } from 'zod';
import { EXIT, LabError } from '../errors.ts';
import type { ManifestDocument } from './document.ts';
import { MAX_FILE_BYTES, readDocument } from './document.ts';
import {
  asHonestControl,
  expandAttacks,
  expandFaults,
  expandLinks,
  expandMembers,
  expandOrders,
} from './expand.ts';
import { explainIssues } from './explain.ts';
import { meaningProblems } from './meaning.ts';
import { ManifestError } from './problem.ts';
import { testnetSchema } from './schema.ts';
import type { Manifest } from './schema.ts';
import { withSettings } from './settings.ts';
import type { Testnet } from './testnet.ts';

export { jsonSchema } from './schema.ts';
export { ManifestError } from './problem.ts';

/** What a command may change about a testnet file. */
export interface Overrides {
  readonly seed?: number;
  /** The honest control: the same network without its adversaries. */
  readonly honest?: boolean;
  /** `PATH=VALUE`, as given with `--set`. */
  readonly settings?: readonly string[] | undefined;
}

/** Reads and checks a testnet file. Throws ManifestError, or LabError if there is no such file. */
export function loadTestnet(file: string, overrides: Overrides = {}): Testnet {
  let text: string;
  try {
    const { size } = statSync(file);
    if (size > MAX_FILE_BYTES) {
      const message = `the file has ${size} bytes; allowed: at most ${MAX_FILE_BYTES}`;
      throw new ManifestError(file, [{ line: 1, column: 1, message }]);
    }
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof ManifestError) throw cause;
    throw new LabError(`cannot read the testnet file ${file}`, {
      exitCode: EXIT.badUse,
      remedy: 'name a file such as testnets/demo.yaml',
      cause,
    });
  }
  return parseTestnet(text, file, overrides);
}

/** The same for a text at hand; `file` is what errors call it. */
export function parseTestnet(text: string, file: string, overrides: Overrides = {}): Testnet {
  const { settings = [] } = overrides;
  const { manifest: written, document } = parseManifest(text, file, settings);
  const problems = meaningProblems(written, document);
  if (problems.length > 0) throw new ManifestError(file, problems);
  const isControl = overrides.honest === true;
  const manifest = isControl ? asHonestControl(written) : written;
  const seed = overrides.seed ?? manifest.seed;
  const members = expandMembers(manifest, seed);
  const { load, clients } = manifest;
  return {
    name: manifest.name,
    file,
    source: text,
    ...(settings.length === 0 ? {} : { settings }),
    seed,
    ...(isControl ? { honestControl: true as const } : {}),
    durationMs: manifest.durationMs,
    protocol: { ...manifest.protocol, timeScale: manifest.timeScale },
    regions: manifest.regions.map(({ name }) => name),
    links: expandLinks(manifest),
    members,
    load: {
      transactionsPerSecond: load.transactionsPerSecond,
      tokensPerTransaction: load.tokensPerTransaction,
      transferShare: load.transferShare,
      destroyShare: load.destroyShare,
      highValueShare: load.highValueShare,
      popularityZipf: load.popularity.zipf,
      queryRatePerSecond: clients.queryRatePerSecond,
      askPeers: clients.askPeers,
    },
    attacks: expandAttacks(manifest),
    faults: expandFaults(manifest, members),
    ...(manifest.orders.length === 0 ? {} : { orders: expandOrders(manifest, members) }),
    expect: manifest.expect,
    allow: manifest.allow,
  };
}

function parseManifest(
  text: string,
  file: string,
  settings: readonly string[],
): { readonly manifest: Manifest; readonly document: ManifestDocument } {
  const read = readDocument(text);
  if (!read.ok) throw new ManifestError(file, read.problems);
  const { document, problems: refused } = withSettings(read.document, settings);
  if (refused.length > 0) throw new ManifestError(file, refused);
  const parsed = testnetSchema.safeParse(document.value);
  if (!parsed.success) {
    const { issues } = parsed.error;
    const problems = explainIssues(document, issues);
    const rest = testnetSchema.safeParse(withoutFaulty(document.value, issues));
    const more = rest.success ? meaningProblems(rest.data, document) : [];
    const seen = new Set(problems.map(({ line, column }) => `${line}:${column}`));
    const fresh = more.filter(({ line, column }) => !seen.has(`${line}:${column}`));
    throw new ManifestError(file, [...problems, ...fresh]);
  }
  return { manifest: parsed.data, document };
}

/** The value without the keys that the schema refused, so that the meaning of the rest shows too. */
function withoutFaulty(value: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const copy = structuredClone(value);
  for (const { path, ...issue } of issues) {
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys : null;
    const last = path.at(-1);
    let at: unknown = copy;
    for (const step of unknown === null ? path.slice(0, -1) : path) {
      at = typeof at === 'object' && at !== null ? Reflect.get(at, step) : undefined;
    }
    // Leaving out an entry of a list, or one of several probabilities, would raise problems of its own.
    if (typeof at !== 'object' || at === null || Array.isArray(at)) continue;
    if (path.includes('tokensPerTransaction')) continue;
    for (const key of unknown ?? (last === undefined ? [] : [last]))
      Reflect.deleteProperty(at, key);
  }
  return copy;
}
