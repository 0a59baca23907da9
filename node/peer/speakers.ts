/** What others have signed, one file per speaker, and the evidence that falls out (PROTOCOL.md 7). */
import type { Id } from '../id.ts';
import type { Member } from '../ledger/membership.ts';
import { verifySignedHeader } from '../ledger/block.ts';
import { type Conflict, headOf, SpeakerFile, type SpeakerRecord } from '../minefield/conflict.ts';
import { assemble } from '../minefield/evidence.ts';
import { PaperFile, type PaperTerms } from '../minefield/paper.ts';
import { verifyStatement } from '../minefield/statement.ts';
import type { EvidencePackage, SignedHeader, Statement } from '../minefield/types.ts';
import { CheckedCertificates } from '../voting/signed-vote.ts';
import type { AncestorAnswer } from '../wire/keeping.ts';

/** Files of about 100 KB at most; the one that was longest not added to goes first. */
const MAX_FILES = 512;

/** `refused`: not by who it says; nothing was kept. */
export type Heard =
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'kept' }
  | { readonly kind: 'offence'; readonly evidence: EvidencePackage };

export class Speakers {
  readonly #network: Id;
  readonly #member: (address: Id) => Member | undefined;
  readonly #paper: PaperTerms | null;
  readonly #files = new Map<Id, SpeakerRecord>();
  /** Of one network: what it holds is asked for no other. */
  readonly #certificates = new CheckedCertificates();

  /** `paper`: the papers' conflict rule is in force, on these terms. */
  constructor(network: Id, member: (address: Id) => Member | undefined, paper: PaperTerms | null) {
    this.#network = network;
    this.#paper = paper;
    this.#member = member;
  }

  hearStatement(statement: Statement): Heard {
    const member = this.#member(statement.peer);
    if (member === undefined) return refused('not by a member');
    if (statement.network !== this.#network) return refused('of another network');
    const check = verifyStatement(statement, member.record.identityKey, (...asked) =>
      this.#certificates.check(...asked),
    );
    if (!check.ok) return refused(check.reason);
    return this.#result(member, this.#file(member.address).add(statement));
  }

  hearHeader(signed: SignedHeader): Heard {
    const member = this.#member(signed.header.peer);
    if (member === undefined) return refused('not by a member');
    if (signed.header.network !== this.#network) return refused('of another network');
    if (!verifySignedHeader(signed, member.record.identityKey)) return refused('not signed by it');
    return this.#result(member, this.#file(member.address).add(signed));
  }

  /** The speaker's own word on how its heads descend. */
  hearAncestor(speaker: Id, answer: AncestorAnswer): Heard {
    const member = this.#member(speaker);
    if (member === undefined) return refused('not by a member');
    const { epoch, height, under, hash, path } = answer;
    return this.#result(
      member,
      this.#file(speaker).addAncestor(epoch, height, under, { hash, path }),
    );
  }

  /** Two heights of kept heads of the newest epoch: `choose` in [0,1) picks the lower one. */
  lineage(speaker: Id, choose: number): { lower: number; higher: number } | null {
    const heads = this.#files.get(speaker)?.heads.map(headOf) ?? [];
    const last = heads.at(-1);
    if (last === undefined) return null;
    const lowers = heads.filter(
      ({ epoch, height }) => epoch === last.epoch && height < last.height - 1,
    );
    const lower = lowers[Math.floor(choose * lowers.length)];
    return lower === undefined ? null : { lower: lower.height, higher: last.height };
  }

  forget(speaker: Id): void {
    this.#files.delete(speaker);
  }

  #file(speaker: Id): SpeakerRecord {
    const fresh = () => (this.#paper === null ? new SpeakerFile() : new PaperFile(this.#paper));
    const file = this.#files.get(speaker) ?? fresh();
    this.#files.delete(speaker);
    this.#files.set(speaker, file);
    const [oldest] = this.#files.keys();
    if (oldest !== undefined && this.#files.size > MAX_FILES) this.#files.delete(oldest);
    return file;
  }

  #result(member: Member, conflict: Conflict | null): Heard {
    if (conflict === null) return { kind: 'kept' };
    const { address, record } = member;
    const evidence = assemble(conflict, { network: this.#network, address, record });
    return { kind: 'offence', evidence };
  }
}

function refused(reason: string): Heard {
  return { kind: 'refused', reason };
}
