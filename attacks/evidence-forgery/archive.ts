/** What a forger has in its hands: what others really signed, as anybody hears it who asks. */
import type { Id } from '../../node/id.ts';
import type { EvidencePackage, SignedHeader, Statement } from '../../node/minefield/types.ts';
import type { SignedVote } from '../../node/voting/signed-vote.ts';
import type { Message } from '../../node/wire/messages.ts';

/** Of each speaker and kind, the newest: a forgery needs two. */
const MAX_KEPT = 64;
const MAX_SPEAKERS = 512;
/** Genuine packages, of which parts are used again. */
const MAX_PACKAGES = 32;

/** Words of one speaker, oldest first. */
export interface Words {
  readonly statements: Statement[];
  readonly headers: SignedHeader[];
  readonly votes: SignedVote[];
}

export class Archive {
  readonly #words = new Map<Id, Words>();
  readonly #packages: EvidencePackage[] = [];

  /** Keeps what is signed in a message. */
  hear(message: Message): void {
    switch (message.type) {
      case 'statement':
        keep(this.of(message.statement.peer).statements, message.statement);
        return;
      case 'dispute':
        for (const statement of message.statements) {
          keep(this.of(statement.peer).statements, statement);
        }
        return;
      case 'block':
        if (message.block !== null) keep(this.of(message.block.header.peer).headers, message.block);
        return;
      case 'signed-vote':
        keep(this.of(message.vote.peer).votes, message.vote);
        return;
      case 'evidence':
        this.#packages.push(message.evidence);
        if (this.#packages.length > MAX_PACKAGES) this.#packages.shift();
        return;
      default:
    }
  }

  of(speaker: Id): Words {
    let words = this.#words.get(speaker);
    if (words === undefined) {
      words = { statements: [], headers: [], votes: [] };
      if (this.#words.size < MAX_SPEAKERS) this.#words.set(speaker, words);
    }
    return words;
  }

  /** Packages that others sent, genuine or not. */
  get packages(): readonly EvidencePackage[] {
    return this.#packages;
  }
}

function keep<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > MAX_KEPT) list.shift();
}
