/**
 * A peer's voice without a network: an identity with a chain in memory whose statements are made by
 * the peer's own code. For experiments about statements and what convicts.
 */
import { signingKey, type SigningKey } from '../../node/crypto/ed25519.ts';
import { hash } from '../../node/crypto/hash.ts';
import { type Id, ZERO_ID } from '../../node/id.ts';
import { issueCertificate } from '../../node/identity/certificate.ts';
import { type Identity, mint } from '../../node/identity/mint.ts';
import { Chain } from '../../node/ledger/chain.ts';
import type { BlockEntry } from '../../node/ledger/types.ts';
import { signStatement, type UnsignedStatement } from '../../node/minefield/statement.ts';
import type { Statement } from '../../node/minefield/types.ts';
import type { Random } from '../simulator/random.ts';
import { MemoryStore } from '../simulator/store.ts';

/** Least work: what is examined is what is said, not who may say it. */
export const POW = { memoryKiB: 8, passes: 1, bits: 0 };
const BORN_MS = 1_700_000_000_000;
const CERTIFIED_MS = 30 * 24 * 3_600_000;
const ROUND_MS = 500;
/** PROTOCOL.md 3. */
const ENTRIES_PER_BLOCK = 32;

export const NETWORK = hash('network', new TextEncoder().encode('claims'));

export class Speaker {
  readonly identity: Identity;
  readonly lamppost: SigningKey;
  readonly #store = new MemoryStore();
  chain: Chain;
  nowMs = BORN_MS;
  readonly #random: Random;
  #sequence = 0;

  constructor(random: Random) {
    this.#random = random;
    const sources = { now: () => BORN_MS, random: (length: number) => random.bytes(length) };
    this.identity = mint(NETWORK, POW, sources);
    this.lamppost = signingKey(random.bytes(32));
    this.chain = this.reopen(1);
  }

  /** Starts anew from its disk, in this epoch. */
  reopen(epoch: number): Chain {
    const { address, identityKey } = this.identity;
    const certificate = issueCertificate(identityKey, {
      network: NETWORK,
      address,
      lamppost: this.lamppost.publicKey,
      epoch,
      validFromMs: BORN_MS,
      validToMs: BORN_MS + CERTIFIED_MS,
    });
    this.chain = new Chain({ network: NETWORK, peer: address, timeScale: 1 }, this.#store);
    this.#sequence = 0;
    this.chain.open({ epoch, certificate, lamppost: this.lamppost }, [], this.nowMs);
    return this.chain;
  }

  id(): Id {
    return this.#random.bytes(32).toHex();
  }

  /** Commits a mapping of each token, as many to a block as fit; `previous` of all, or created. */
  commit(tokens: readonly Id[], previous: (token: Id) => Id = () => ZERO_ID): void {
    for (let from = 0; from < tokens.length; from += ENTRIES_PER_BLOCK) {
      this.nowMs += ROUND_MS;
      const some = tokens.slice(from, from + ENTRIES_PER_BLOCK);
      this.chain.append(
        some.map((token) => this.#entry(token, previous(token))),
        this.nowMs,
      );
    }
  }

  /** The true statement, with what a liar says otherwise; `recent`: how many mappings it leaks. */
  say(token: Id, recent: number, lie: Partial<UnsignedStatement> = {}): Statement {
    this.#sequence += 1;
    const { chain } = this;
    const mapping = chain.state.get(token);
    const path = chain.state.path(token);
    const block = chain.committedIn(token);
    const isKnown = mapping !== undefined && path !== undefined && block !== undefined;
    const unsigned: UnsignedStatement = {
      network: NETWORK,
      peer: this.identity.address,
      certificate: chain.head.certificate,
      epoch: chain.session.epoch,
      sequence: this.#sequence,
      query: this.#random.bytes(16),
      token,
      answer: isKnown ? { mapping, path, block } : null,
      recent: chain.recent.slice(0, recent),
      head: chain.head.header,
      time: this.nowMs,
      ...lie,
    };
    return signStatement(unsigned, this.lamppost);
  }

  #entry(token: Id, previous: Id): BlockEntry {
    return { kind: 'committed', mapping: { token, owner: this.id(), tx: this.id(), previous } };
  }
}
