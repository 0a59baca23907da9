/**
 * Packages that prove nothing, each wrong in its own way: what a verifier that left one check out
 * would take for proof. A pure function of what the forger heard; null where it has not heard enough.
 */
import { signingKey, type SigningKey } from '../../node/crypto/ed25519.ts';
import { hash } from '../../node/crypto/hash.ts';
import { type Id, idToBytes } from '../../node/id.ts';
import { issueCertificate } from '../../node/identity/certificate.ts';
import { encodeRecord, type IdentityRecord } from '../../node/identity/record.ts';
import { signStatement, type UnsignedStatement } from '../../node/minefield/statement.ts';
import type { EvidencePackage, Rule, Statement } from '../../node/minefield/types.ts';
import type { Words } from './archive.ts';

/** Whom it accuses, and what is there to work with. */
export interface Material {
  readonly network: Id;
  readonly victim: Id;
  readonly record: IdentityRecord;
  /** The victim's own words. */
  readonly words: Words;
  /** Packages that others sent. */
  readonly packages: readonly EvidencePackage[];
  /** The forger's own identity key and lamppost. */
  readonly identityKey: SigningKey;
  readonly lamppost: SigningKey;
}

type Forge = (material: Material) => EvidencePackage | null;

/** Order of Ed25519's base point, little-endian (RFC 8032, 5.1). */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
/** The neutral element, encoded: as a key or as R it makes lax verifiers accept anything. */
const SMALL_ORDER = new Uint8Array(32).with(0, 1);

/** By the name that the knob `method` has for it. */
export const FORGERIES: Readonly<Record<string, Forge>> = {
  /** Two answers that the victim never gave, under a certificate that it never issued. */
  fabricated: (material) => pairOf(material, (statement) => byForger(material, statement)),
  /** A genuine answer beside itself with another owner and the old signature. */
  mutated: (material) => pairOf(material, withOtherOwner),
  /** A genuine answer beside itself under the second signature that S + L makes. */
  malleable: (material) => pairOf(material, withSecondSignature),
  /** Another owner under a signature whose R is of small order and whose S is zero. */
  'small-order': (material) => pairOf(material, withSmallOrder),
  /** A genuine answer beside what another key says with the victim's certificate. */
  'borrowed-certificate': (material) =>
    pairOf(material, (statement) => signStatement(otherOwner(statement), material.lamppost)),
  /** Genuine answers, said to be of another network. */
  foreign: (material) => foreign(material),
  /** A genuine answer beside one from after its certificate ran out. */
  expired: (material) =>
    pairOf(material, (statement) => ({
      ...statement,
      time: statement.certificate.validToMs + 1,
    })),
  /** Two honest answers, sold as a rule that they don't break. */
  mislabelled: (material) => mislabelled(material),
  /** A true package against somebody else, with the victim's name and record. */
  reattributed: (material) => reattributed(material),
  /** A true package once more, against whoever was convicted by it. */
  replayed: ({ packages }) => packages[0] ?? null,
  /** A path that leads nowhere, put under a genuine answer. */
  'broken-path': (material) => brokenPath(material),
};

function packageOf(
  { network, victim, record }: Material,
  rule: Rule,
  statements: readonly Statement[],
): EvidencePackage {
  return {
    network,
    accused: victim,
    rule,
    record: encodeRecord(record),
    statements,
    blocks: [],
    ancestor: null,
    votes: [],
  };
}

/** The victim's newest answer that names an owner, beside what is made of it. */
function pairOf(
  material: Material,
  make: (statement: Statement) => Statement | null,
): EvidencePackage | null {
  const genuine = material.words.statements.findLast(({ answer }) => answer !== null);
  const made = genuine === undefined ? null : make(genuine);
  if (genuine === undefined || made === null) return null;
  return packageOf(material, 'same-sequence', [genuine, made]);
}

function otherOwner(statement: Statement): UnsignedStatement {
  const { answer } = statement;
  if (answer === null) return statement;
  const owner = hash('attack', idToBytes(answer.mapping.owner));
  return { ...statement, answer: { ...answer, mapping: { ...answer.mapping, owner } } };
}

function withOtherOwner(statement: Statement): Statement {
  return { ...otherOwner(statement), signature: statement.signature };
}

function withSecondSignature(statement: Statement): Statement | null {
  const s = littleEndian(statement.signature.subarray(32)) + ORDER;
  if (s >= 2n ** 256n) return null;
  const signature = statement.signature.slice();
  for (let at = 0; at < 32; at += 1) signature[32 + at] = Number((s >> BigInt(8 * at)) & 255n);
  return { ...statement, signature };
}

function withSmallOrder(statement: Statement): Statement {
  const signature = new Uint8Array(64);
  signature.set(SMALL_ORDER);
  const certificate = { ...statement.certificate, lamppost: SMALL_ORDER };
  return { ...otherOwner(statement), certificate, signature };
}

/** In the victim's name, by keys of the forger's. */
function byForger({ identityKey, victim, network }: Material, statement: Statement): Statement {
  const { epoch, validFromMs, validToMs } = statement.certificate;
  const lamppost = signingKey(idToBytes(hash('attack', identityKey.publicKey)));
  const terms = { network, address: victim, epoch, validFromMs, validToMs };
  const certificate = issueCertificate(identityKey, { ...terms, lamppost: lamppost.publicKey });
  return signStatement({ ...otherOwner(statement), certificate }, lamppost);
}

function foreign(material: Material): EvidencePackage | null {
  const pair = pairOf(material, withOtherOwner);
  if (pair === null) return null;
  const network = hash('attack', idToBytes(material.network));
  const statements = pair.statements.map((statement) => ({
    ...statement,
    network,
    head: { ...statement.head, network },
  }));
  return { ...pair, network, statements };
}

const LABELS: readonly Rule[] = ['same-sequence', 'height-fell', 'old-epoch', 'two-blocks'];

/** Another label each time there is something new to put it on. */
function mislabelled(material: Material): EvidencePackage | null {
  const [first, second] = material.words.statements.slice(-2);
  if (first === undefined || second === undefined) return null;
  const rule = LABELS[second.sequence % LABELS.length] ?? 'same-sequence';
  return packageOf(material, rule, [first, second]);
}

function reattributed({ packages, victim, record }: Material): EvidencePackage | null {
  const genuine = packages.find(({ accused }) => accused !== victim);
  if (genuine === undefined) return null;
  return { ...genuine, accused: victim, record: encodeRecord(record) };
}

function brokenPath(material: Material): EvidencePackage | null {
  const genuine = material.words.statements.findLast(({ answer }) => answer !== null);
  if (genuine === undefined) return null;
  return packageOf(material, 'false-path', [withOtherOwner(genuine)]);
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
