/**
 * Evidence packages (PROTOCOL.md 7): all that proves one offence, judged offline, the same by
 * everyone, whoever sent it.
 *
 * Layout: network 32 ‖ accused 32 ‖ rule u8 (order of RULES) ‖ record: length u16, identity record ‖
 * count u8 (0–6), statements (statement.ts) ‖ count u8 (0–2), signed headers (block.ts) ‖ ancestor
 * u8 (0 none, 1: hash 32, count u8 (0–64), path 32 each) ‖ count u8 (0–2), signed votes
 * (voting/signed-vote.ts). `hash = H(evidence, all of it)`.
 */
import { decode, type Reader } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { hash } from '../crypto/hash.ts';
import type { Id } from '../id.ts';
import {
  checkRecord,
  type RecordCheck,
  encodeRecord,
  type IdentityRecord,
  RECORD_BYTES,
  readRecord,
} from '../identity/record.ts';
import { readSignedHeader, verifySignedHeader, writeSignedHeader } from '../ledger/block.ts';
import { MAX_INCLUSION_STEPS } from '../ledger/history-tree.ts';
import type { ProtocolParameters } from '../parameters.ts';
import {
  type Conflict,
  headOf,
  isFalsePath,
  isHeightFall,
  isNotAnAncestor,
  isOldEpoch,
  isSameSequence,
  isTwoBlocks,
} from './conflict.ts';
import {
  isDoubleVote,
  readSignedVote,
  verifySignedVote,
  writeSignedVote,
} from '../voting/signed-vote.ts';
import { areThreeConflicts, MAX_PAPER_STATEMENTS, type PaperTerms } from './paper.ts';
import { readStatement, verifyStatement, writeStatement } from './statement.ts';
import type { EvidencePackage, OffenceType, Rule, Verdict } from './types.ts';

/** On the wire by position: add at the end. */
const RULES: readonly Rule[] = [
  'same-sequence',
  'height-fell',
  'two-blocks',
  'not-an-ancestor',
  'false-path',
  'old-epoch',
  'double-vote',
  'paper-conflicts',
];

/** Which of the paper's kinds of offence a rule proves. */
const TYPES: Readonly<Record<Rule, OffenceType>> = {
  'same-sequence': 'inconsistent mapping',
  'height-fell': 'temporal violation',
  'two-blocks': 'state forging',
  'not-an-ancestor': 'state forging',
  'false-path': 'state forging',
  'old-epoch': 'temporal violation',
  'double-vote': 'double vote',
  'paper-conflicts': 'inconsistent mapping',
};

export function typeOf(rule: Rule): OffenceType {
  return TYPES[rule];
}

/** Those that a signed header proves as well as a statement. */
const TAKES_BLOCKS = new Set<Rule>(['two-blocks', 'not-an-ancestor', 'old-epoch']);

/** No rule of `chain` needs more than a pair. */
const MAX_SIGNED = 2;

/** Makes the package for a conflict that a SpeakerFile found. */
export function assemble(
  conflict: Conflict,
  accused: { readonly network: Id; readonly address: Id; readonly record: IdentityRecord },
): EvidencePackage {
  return {
    network: accused.network,
    accused: accused.address,
    rule: conflict.rule,
    record: encodeRecord(accused.record),
    statements: conflict.statements,
    blocks: conflict.blocks,
    ancestor: conflict.ancestor,
    votes: conflict.votes,
  };
}

export function packageHash(evidence: EvidencePackage): Id {
  return hash('evidence', encodePackage(evidence));
}

export function encodePackage(evidence: EvidencePackage): Uint8Array {
  const { network, accused, rule, record, statements, blocks, ancestor, votes } = evidence;
  const writer = new Writer().id(network).id(accused).u8(RULES.indexOf(rule)).bytes(record);
  writer.list(statements, (statement) => writeStatement(writer, statement));
  writer.list(blocks, (block) => writeSignedHeader(writer, block));
  writer.u8(ancestor === null ? 0 : 1);
  if (ancestor !== null) {
    writer.id(ancestor.hash).list(ancestor.path, (step) => writer.id(step));
  }
  writer.list(votes, (vote) => writeSignedVote(writer, vote));
  return writer.finish();
}

export function readPackage(reader: Reader): EvidencePackage {
  return {
    network: reader.id(),
    accused: reader.id(),
    rule: reader.oneOf(RULES),
    record: reader.bytes(RECORD_BYTES),
    statements: reader.list(0, MAX_PAPER_STATEMENTS, () => readStatement(reader)),
    blocks: reader.list(0, MAX_SIGNED, () => readSignedHeader(reader)),
    ancestor: reader.boolean()
      ? {
          hash: reader.id(),
          path: reader.list(0, MAX_INCLUSION_STEPS, () => reader.id()),
        }
      : null,
    votes: reader.list(0, MAX_SIGNED, () => readSignedVote(reader)),
  };
}

/** What a network lays down for its evidence. */
export interface JudgingTerms {
  readonly network: Id;
  readonly pow: ProtocolParameters['pow'];
  /** Null under `conflictRule: chain`. */
  readonly paper: PaperTerms | null;
  /** Instead of checkRecord, where strangers could cause its work: the same verdict, or too busy. */
  readonly check?: (record: IdentityRecord) => RecordCheck;
}

/** Rules of `conflictRule: paper`: its triggers, and what is false whoever looks at it. */
const PAPER_RULES = new Set<Rule>(['paper-conflicts', 'false-path', 'two-blocks']);

/**
 * The verdict, with the reason in words when it is not guilty. Cheap checks come first; the Argon2
 * work that ties the key to the address is done only for a package that holds in all else.
 */
export function verifyEvidence(evidence: EvidencePackage, context: JudgingTerms): Verdict {
  const { network, accused, rule } = evidence;
  if (network !== context.network) return notGuilty('the package is for another network');
  const isPaper = context.paper !== null;
  if (isPaper ? !PAPER_RULES.has(rule) : rule === 'paper-conflicts') {
    return notGuilty(`${rule} is no rule of this network`);
  }
  const fault = ownershipFault(evidence) ?? formFault(evidence);
  if (fault !== null) return notGuilty(fault);
  const record = decode(evidence.record, readRecord);
  if (!record.ok) return notGuilty(`the identity record is malformed: ${record.reason}`);
  const forged = signatureFault(evidence, record.value.identityKey);
  if (forged !== null) return notGuilty(forged);
  if (!breaksRule(evidence, context.paper))
    return notGuilty(`what was signed does not break ${rule}`);
  const identity = context.check?.(record.value) ?? checkRecord(record.value, network, context.pow);
  if (!identity.ok) return notGuilty(`the identity record is refused: ${identity.reason}`);
  if (identity.address !== accused) return notGuilty('the identity record is of another address');
  return { guilty: true, rule };
}

function ownershipFault(evidence: EvidencePackage): string | null {
  const { network, accused, statements, blocks, votes } = evidence;
  for (const item of [...statements, ...blocks.map((block) => block.header), ...votes]) {
    if (item.network !== network) return 'something in it was said on another network';
    if (item.peer !== accused) return 'something in it was said by another than the accused';
  }
  return null;
}

/** Each rule takes exactly what it needs, so that nothing unproven rides along. */
function formFault({ rule, statements, blocks, ancestor, votes }: EvidencePackage): string | null {
  const wrong = `it does not hold what ${rule} needs`;
  if (ancestor !== null && rule !== 'not-an-ancestor') return wrong;
  if (rule === 'paper-conflicts') return blocks.length + votes.length === 0 ? null : wrong;
  const isVoting = rule === 'double-vote';
  if (votes.length !== (isVoting ? MAX_SIGNED : 0)) return wrong;
  const needed = isVoting ? 0 : rule === 'false-path' ? 1 : MAX_SIGNED;
  if (statements.length + blocks.length !== needed) return wrong;
  return blocks.length === 0 || TAKES_BLOCKS.has(rule) ? null : wrong;
}

function signatureFault(
  { statements, blocks, votes }: EvidencePackage,
  identityKey: Uint8Array,
): string | null {
  for (const [index, statement] of statements.entries()) {
    const check = verifyStatement(statement, identityKey);
    if (!check.ok) return `statement ${index + 1} proves nothing: ${check.reason}`;
  }
  const unsigned = blocks.findIndex((block) => !verifySignedHeader(block, identityKey));
  if (unsigned !== -1) return `block ${unsigned + 1} is not signed by the accused`;
  const forged = votes.findIndex((vote) => !verifySignedVote(vote, identityKey));
  return forged === -1 ? null : `vote ${forged + 1} is not signed by the accused`;
}

function breaksRule(
  { rule, statements, blocks, ancestor, votes }: EvidencePackage,
  paper: PaperTerms | null,
): boolean {
  const [first, second] = statements;
  const signed = [...statements, ...blocks];
  const [lower, higher] = signed.map(headOf).toSorted((a, b) => a.height - b.height);
  if (rule === 'paper-conflicts') return paper !== null && areThreeConflicts(statements, paper);
  if (rule === 'double-vote') {
    const [one, other] = votes;
    return one !== undefined && other !== undefined && isDoubleVote(one, other);
  }
  if (rule === 'false-path') return first !== undefined && isFalsePath(first);
  if (rule === 'same-sequence' || rule === 'height-fell') {
    if (first === undefined || second === undefined) return false;
    return rule === 'same-sequence' ? isSameSequence(first, second) : isHeightFall(first, second);
  }
  if (rule === 'old-epoch') {
    const [old, newer] = signed.toSorted((a, b) => headOf(a).epoch - headOf(b).epoch);
    return old !== undefined && newer !== undefined && isOldEpoch(old, newer);
  }
  if (lower === undefined || higher === undefined) return false;
  if (rule === 'two-blocks') return isTwoBlocks(lower, higher);
  return isNotAnAncestor(lower, higher, ancestor);
}

function notGuilty(reason: string): Verdict {
  return { guilty: false, reason };
}
