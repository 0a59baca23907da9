/**
 * Signed votes (PROTOCOL.md 4): all that a peer says of one transaction, signed by its lamppost key,
 * so that anyone can check it, pass it on, and hold two of them against each other.
 *
 * Layout: network 32 ‖ peer 32 ‖ certificate 120 (certificate.ts) ‖ tx 32 ‖ committed u8 ‖ count u8
 * (0–6) ‖ per ballot token 32, previous 32, ballot u8 (order of BALLOTS), tokens strictly rising ‖
 * signature 64, which is over `H(vote, all before it)`. A vote carries no time: a `valid` binds for
 * ever.
 *
 * A certificate of votes says once what they share: network 32 ‖ tx 32 ‖ count u8 (1–6) ‖ per token
 * token 32, previous 32, strictly rising ‖ count u8 (1–43) ‖ per vote peer 32, certificate 120,
 * committed u8, per token u8 (0: no ballot, or one more than its place in BALLOTS), signature 64.
 * Peers rise strictly; a token that no vote names is left out.
 */
import { Malformed, type Reader } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { SIGNATURE_BYTES, type SigningKey, verifySignature } from '../crypto/ed25519.ts';
import { hashBytes } from '../crypto/hash.ts';
import type { Id } from '../id.ts';
import { checkCertificate, readCertificate, writeCertificate } from '../identity/certificate.ts';
import { MAX_CHANGES } from '../ledger/transaction.ts';
import type { Certificate } from '../ledger/types.ts';
import { BALLOTS, type TokenBallot } from './ballots.ts';

/**
 * More than two thirds of 64, the largest k: 9.9 KB at six tokens, just under the longest message.
 * Where a transaction asks for larger neighbourhoods its votes are sent one by one.
 */
export const MAX_CERTIFIED_VOTES = 43;

/** Certificates of voters remembered as checked: every neighbour of a peer with many tokens. */
const MAX_CHECKED = 1024;

export interface SignedBallot extends TokenBallot {
  /** What a `valid` is bound to (lock.ts): transaction of the mapping that the change follows. */
  readonly previous: Id;
}

export interface SignedVote {
  readonly network: Id;
  /** Address of the voter. */
  readonly peer: Id;
  readonly certificate: Certificate;
  readonly tx: Id;
  /** The voter has seen every token pass; no ballot, so it never convicts. */
  readonly committed: boolean;
  /** On the tokens that the voter keeps, sorted by token. */
  readonly ballots: readonly SignedBallot[];
  /** By the lamppost key over everything above. */
  readonly signature: Uint8Array;
}

/** What a voter signs with: certificate and lamppost of its present epoch. */
export interface VotingKey {
  readonly certificate: Certificate;
  readonly lamppost: SigningKey;
}

export function signVote(
  unsigned: Omit<SignedVote, 'signature' | 'certificate'>,
  { certificate, lamppost }: VotingKey,
): SignedVote {
  const ballots = unsigned.ballots.toSorted((a, b) => (a.token < b.token ? -1 : 1));
  const vote = { ...unsigned, ballots, certificate };
  return { ...vote, signature: lamppost.sign(hashBytes('vote', unsignedBytes(vote))) };
}

/** Did the holder of `identityKey` say this? `checked` spares the certificate's signature. */
export function verifySignedVote(
  vote: SignedVote,
  identityKey: Uint8Array,
  checked?: CheckedCertificates,
): boolean {
  const { network, peer: address, certificate, signature } = vote;
  const holder = { network, address, identityKey };
  const isCertified = checked?.check(certificate, holder) ?? checkCertificate(certificate, holder);
  const message = hashBytes('vote', unsignedBytes(vote));
  return isCertified && verifySignature(certificate.lamppost, message, signature);
}

/** Two `valid` of one voter in one epoch on one mapping, for different transactions: never honest. */
export function isDoubleVote(a: SignedVote, b: SignedVote): boolean {
  if (a.network !== b.network || a.peer !== b.peer || a.tx === b.tx) return false;
  if (a.certificate.epoch !== b.certificate.epoch) return false;
  const valid = ({ ballots }: SignedVote) => ballots.filter(({ ballot }) => ballot === 'valid');
  return valid(a).some((one) =>
    valid(b).some((other) => other.token === one.token && other.previous === one.previous),
  );
}

/** Certificates found good, the oldest forgotten: each costs as much to check as the vote itself. */
export class CheckedCertificates {
  readonly #good = new Set<string>();

  check(certificate: Certificate, holder: Parameters<typeof checkCertificate>[1]): boolean {
    const writer = new Writer().id(holder.address).raw(holder.identityKey);
    writeCertificate(writer, certificate);
    const key = writer.finishShared().toHex();
    if (this.#good.has(key)) return true;
    if (!checkCertificate(certificate, holder)) return false;
    const [oldest] = this.#good;
    if (oldest !== undefined && this.#good.size >= MAX_CHECKED) this.#good.delete(oldest);
    this.#good.add(key);
    return true;
  }
}

export function writeSignedVote(writer: Writer, vote: SignedVote): void {
  writer.raw(unsignedBytes(vote)).raw(vote.signature);
}

export function readSignedVote(reader: Reader): SignedVote {
  const network = reader.id();
  const peer = reader.id();
  const certificate = readCertificate(reader);
  const tx = reader.id();
  const committed = reader.boolean();
  const ballots = reader.list(0, MAX_CHANGES, () => ({
    token: reader.id(),
    previous: reader.id(),
    ballot: reader.oneOf(BALLOTS),
  }));
  requireRising(ballots.map(({ token }) => token));
  const signature = reader.raw(SIGNATURE_BYTES);
  return { network, peer, certificate, tx, committed, ballots, signature };
}

/** Votes of different peers on one transaction, sorted by peer. */
export function writeVotes(writer: Writer, votes: readonly SignedVote[]): void {
  const [first] = votes;
  if (first === undefined) throw new RangeError('no votes');
  const { network, tx } = first;
  const previous = new Map(
    votes.flatMap(({ ballots }) => ballots.map((ballot) => [ballot.token, ballot.previous])),
  );
  const tokens = [...previous.keys()].sort();
  writer.id(network).id(tx);
  writer.list(tokens, (token) => writer.id(token).id(previous.get(token) ?? ''));
  writer.list(votes, (vote) => {
    writer.id(vote.peer);
    writeCertificate(writer, vote.certificate);
    writer.u8(vote.committed ? 1 : 0);
    for (const token of tokens) {
      const ballot = vote.ballots.find((one) => one.token === token)?.ballot;
      writer.u8(ballot === undefined ? 0 : BALLOTS.indexOf(ballot) + 1);
    }
    writer.raw(vote.signature);
  });
}

export function readVotes(reader: Reader): readonly SignedVote[] {
  const network = reader.id();
  const tx = reader.id();
  const tokens = reader.list(1, MAX_CHANGES, () => ({ token: reader.id(), previous: reader.id() }));
  requireRising(tokens.map(({ token }) => token));
  const votes = reader.list(1, MAX_CERTIFIED_VOTES, (): SignedVote => {
    const peer = reader.id();
    const certificate = readCertificate(reader);
    const committed = reader.boolean();
    const ballots = tokens.flatMap((token) => {
      const ballot = reader.oneOf([null, ...BALLOTS]);
      return ballot === null ? [] : [{ ...token, ballot }];
    });
    const signature = reader.raw(SIGNATURE_BYTES);
    return { network, peer, certificate, tx, committed, ballots, signature };
  });
  requireRising(votes.map(({ peer }) => peer));
  const isNamed = ({ token }: { readonly token: Id }): boolean =>
    votes.some(({ ballots }) => ballots.some((ballot) => ballot.token === token));
  if (!tokens.every(isNamed)) throw new Malformed('a token that no vote names');
  return votes;
}

function requireRising(ids: readonly Id[]): void {
  if (ids.some((id, index) => index > 0 && id <= (ids[index - 1] ?? ''))) {
    throw new Malformed('ids do not rise');
  }
}

function unsignedBytes(vote: Omit<SignedVote, 'signature'>): Uint8Array {
  const writer = new Writer().id(vote.network).id(vote.peer);
  writeCertificate(writer, vote.certificate);
  writer.id(vote.tx).u8(vote.committed ? 1 : 0);
  writer.list(vote.ballots, ({ token, previous, ballot }) =>
    writer.id(token).id(previous).u8(BALLOTS.indexOf(ballot)),
  );
  return writer.finishShared();
}
