/** An owner of tokens that signs what it likes, and tells whom it likes. */
import { signingKey } from '../../node/crypto/ed25519.ts';
import { hashBytes } from '../../node/crypto/hash.ts';
import { type Id, ZERO_ID } from '../../node/id.ts';
import { keyHash, ORDINARY, signTransaction } from '../../node/ledger/transaction.ts';
import type { Transaction } from '../../node/ledger/types.ts';
import { Asker } from './asker.ts';
import { NETWORK, type Swarm } from './swarm.ts';

/** The key with this number; 0 is the spender's own. */
export const key = (index: number) => signingKey(hashBytes('key', new Uint8Array([index])));

export interface Spending {
  readonly tokens: readonly Id[];
  /** ZERO_ID creates them for the spender. */
  readonly previous: Id;
  /** Number of the key that gets them. */
  readonly to: number;
  readonly timestamp: number;
  readonly extraNeighbours?: number;
}

export function spending({
  tokens,
  previous,
  to,
  timestamp,
  extraNeighbours = 0,
}: Spending): Transaction {
  const owner = keyHash(key(to).publicKey);
  const body = {
    network: NETWORK,
    changes: tokens.toSorted().map((token) => ({ token, previous, owner })),
    timestamp,
    valueClass: 'high' as const,
    extraNeighbours,
    purpose: ORDINARY,
  };
  return signTransaction(
    body,
    tokens.map(() => key(previous === ZERO_ID ? to : 0)),
  );
}

export class Spender {
  readonly #swarm: Swarm;
  readonly #asker: Asker;

  constructor(swarm: Swarm) {
    this.#swarm = swarm;
    this.#asker = new Asker(swarm, 200);
  }

  submit(to: Iterable<Id>, transaction: Transaction): void {
    this.#asker.say(to, { type: 'submit', transaction });
  }

  /** Tokens of its own, created in transactions of `each` tokens, committed when this returns. */
  create(count: number, each = 1): readonly Transaction[] {
    const created = Array.from({ length: count }, (_, index) => {
      const tokens = Array.from({ length: each }, (__, place) =>
        hashBytes('key', new Uint8Array([7, index, place])).toHex(),
      );
      const timestamp = this.#swarm.network.now;
      return spending({ tokens, previous: ZERO_ID, to: 0, timestamp });
    });
    for (const transaction of created) this.submit(this.everybody, transaction);
    this.#swarm.network.run(4000);
    return created;
  }

  /** Two transfers of everything that `created` made, to different owners. */
  rivals(created: Transaction): readonly [Transaction, Transaction] {
    const tokens = created.body.changes.map(({ token }) => token);
    const terms = { tokens, previous: created.id, timestamp: this.#swarm.network.now };
    return [spending({ ...terms, to: 1 }), spending({ ...terms, to: 2 })];
  }

  get everybody(): readonly Id[] {
    return this.#swarm.peers.map((peer) => peer.identity.address);
  }
}
