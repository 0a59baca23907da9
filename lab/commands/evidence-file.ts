/**
 * Evidence as a file: one package with the parameters that judge it, so that anyone can do so years
 * later with nothing else. JSON: {"kind": "minefield-evidence", "network": id, "pow": {…},
 * "conflictRule": "chain" | "paper", "timeScale": n, "package":
 * hex of node/minefield/evidence.ts}.
 */
import { z } from 'zod';
import { decode } from '../../node/codec/reader.ts';
import { isId } from '../../node/id.ts';
import type { ProtocolParameters } from '../../node/parameters.ts';
import { paperTerms } from '../../node/minefield/paper.ts';
import { packageHash, readPackage, typeOf, verifyEvidence } from '../../node/minefield/evidence.ts';

/** Twice what eight fragments carry: longer is no package of this protocol. */
const MAX_PACKAGE_HEX = 40_000;

const envelope = z.strictObject({
  kind: z.literal('minefield-evidence'),
  network: z.string().refine(isId, 'no network id: 64 lowercase hex digits'),
  pow: z.strictObject({
    memoryKiB: z.int().min(8).max(1_048_576),
    passes: z.int().min(1).max(100),
    bits: z.int().min(0).max(64),
  }),
  conflictRule: z.enum(['chain', 'paper']),
  timeScale: z.number().min(1),
  package: z
    .string()
    .max(MAX_PACKAGE_HEX)
    .regex(/^([0-9a-f]{2})*$/, 'not lowercase hex'),
});

export type EvidenceFile = z.infer<typeof envelope>;

/** What the package says and whether it proves it. `rule`, `type` … are null when it can't be read. */
export interface Judgement {
  readonly guilty: boolean;
  /** Empty when guilty. */
  readonly reason: string;
  readonly network: string;
  readonly package: string | null;
  readonly accused: string | null;
  readonly rule: string | null;
  readonly type: string | null;
  readonly bytes: number;
}

/** The text of the file about a package, in hex, of a network with these parameters. */
export function evidenceDocument(
  content: string,
  { pow, conflictRule, timeScale }: ProtocolParameters,
): string {
  const { memoryKiB, passes, bits } = pow;
  const document: EvidenceFile = {
    kind: 'minefield-evidence',
    // The package's first field.
    network: content.slice(0, 64),
    pow: { memoryKiB, passes, bits },
    conflictRule,
    timeScale,
    package: content,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The file's content, or what is wrong with it. */
export function parseEvidenceFile(
  text: string,
): { readonly ok: true; readonly value: EvidenceFile } | { readonly ok: false; reason: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'it is not JSON' };
  }
  const parsed = envelope.safeParse(json);
  return parsed.success
    ? { ok: true, value: parsed.data }
    : { ok: false, reason: z.prettifyError(parsed.error) };
}

/** The verdict, from nothing but the file: the same for everyone. */
export function judgeFile(file: EvidenceFile): Judgement {
  const { network, pow, package: hex } = file;
  const bytes = Uint8Array.fromHex(hex);
  const read = decode(bytes, readPackage);
  const common = { network, bytes: bytes.length };
  if (!read.ok) {
    const nothing = { package: null, accused: null, rule: null, type: null };
    return { guilty: false, reason: `no package: ${read.reason}`, ...common, ...nothing };
  }
  const evidence = read.value;
  const verdict = verifyEvidence(evidence, { network, pow, paper: paperTerms(file) });
  return {
    guilty: verdict.guilty,
    reason: verdict.guilty ? '' : verdict.reason,
    ...common,
    package: packageHash(evidence),
    accused: evidence.accused,
    rule: evidence.rule,
    type: typeOf(evidence.rule),
  };
}
