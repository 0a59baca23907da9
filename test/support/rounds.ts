/** A network in which one token is moved in three rounds, with no member near two of the four places. */
import type { Decisions } from '../../node/decisions.ts';
import { hashBytes } from '../../node/crypto/hash.ts';
import { type Id, ZERO_ID } from '../../node/id.ts';
import { ROUNDS, roundTokens } from '../../node/ledger/rounds.ts';
import { keyHash, ORDINARY, signTransaction } from '../../node/ledger/transaction.ts';
import type { Transaction } from '../../node/ledger/types.ts';
import type { ProtocolParameters } from '../../node/parameters.ts';
import { key, Spender, spending } from './spender.ts';
import { NETWORK, type Seated, Swarm } from './swarm.ts';

/** Four neighbourhoods, and room between them. */
const PEERS = 36;
export const K = 4;

export interface MovingOptions {
  readonly seed: number;
  readonly parameters?: Partial<ProtocolParameters>;
}

export class Moving {
  readonly swarm: Swarm;
  readonly spender: Spender;
  /** The token, which belongs to key 0 by the transaction `created`. */
  readonly token: Id;
  readonly created: Transaction;
  /** Witness tokens of its next move. */
  readonly rounds: readonly Id[];
  readonly #minds: Record<number, Partial<Decisions>>;

  constructor({ seed, parameters = {} }: MovingOptions) {
    this.#minds = Object.fromEntries(Array.from({ length: PEERS }, (_, index) => [index, {}]));
    this.swarm = new Swarm({
      peers: PEERS,
      clients: 0,
      seed,
      parameters: { k: K, ...parameters },
      decisions: this.#minds,
    });
    this.swarm.mesh();
    this.spender = new Spender(this.swarm);
    [this.created, this.token, this.rounds] = this.#apart();
    this.spender.submit(this.near(this.token), this.created);
    this.swarm.network.run(2000);
  }

  near(token: Id): readonly Id[] {
    return this.swarm.at(0).peer.membership.near(token, K);
  }

  /** Numbers of the members nearest a token. */
  keepers(token: Id): readonly number[] {
    const near = this.near(token);
    return this.swarm.seated.flatMap(({ peer }, index) =>
      near.includes(peer.identity.address) ? [index] : [],
    );
  }

  seated(token: Id): readonly Seated[] {
    return this.keepers(token).map((index) => this.swarm.at(index));
  }

  /** Members decide so from now on. */
  turn(members: readonly number[], mind: Partial<Decisions>): void {
    for (const index of members) Object.assign(this.#minds[index] ?? {}, mind);
  }

  /** Everyone but those near the token. */
  apartFrom(token: Id): readonly Seated[] {
    const near = this.keepers(token);
    return this.swarm.seated.filter((_, index) => !near.includes(index));
  }

  /** The token to the key with this number; `witnesses`: others than those of its rounds. */
  move(to: number, witnesses: readonly Id[] = this.rounds, extraNeighbours = 0): Transaction {
    const own = { token: this.token, previous: this.created.id, owner: keyHash(key(to).publicKey) };
    const others = witnesses.map((token) => ({ token, previous: ZERO_ID, owner: ZERO_ID }));
    const changes = [own, ...others].sort((a, b) => (a.token < b.token ? -1 : 1));
    const body = {
      network: NETWORK,
      changes,
      timestamp: this.created.body.timestamp + to,
      valueClass: 'high' as const,
      extraNeighbours,
      purpose: ORDINARY,
    };
    return signTransaction(
      body,
      changes.map(() => key(0)),
    );
  }

  /** Somebody else's creation that has `witness` for its witness token. */
  using(witness: Id): Transaction {
    const other = key(5);
    const own = { token: hashBytes('key', new Uint8Array([7])).toHex(), previous: ZERO_ID };
    const changes = [
      { ...own, owner: keyHash(other.publicKey) },
      { token: witness, previous: ZERO_ID, owner: ZERO_ID },
    ].sort((a, b) => (a.token < b.token ? -1 : 1));
    const { timestamp, network } = this.created.body;
    const terms = { valueClass: 'high', extraNeighbours: 0, purpose: ORDINARY } as const;
    return signTransaction({ network, changes, timestamp, ...terms }, [other, other]);
  }

  /** Those who keep one of its tokens, from first to last. */
  concerned({ body }: Transaction): readonly Id[] {
    return [...new Set(body.changes.flatMap(({ token }) => this.near(token)))];
  }

  /** Witness tokens that an owner chose, near nobody who is near the token. */
  chosen(name: number): readonly Id[] {
    const near = this.near(this.token);
    const found: Id[] = [];
    for (let index = 0; found.length < ROUNDS; index += 1) {
      const token = hashBytes('key', new Uint8Array([9, name, index & 255])).toHex();
      if (!this.near(token).some((id) => near.includes(id))) found.push(token);
    }
    return found;
  }

  /** Who has committed it, of those that keep `token`. */
  committedBy({ id }: Transaction, token: Id): number {
    return this.seated(token).filter(({ peer }) => peer.chain.state.get(token)?.tx === id).length;
  }

  #apart(): [Transaction, Id, readonly Id[]] {
    for (let index = 0; ; index += 1) {
      const token = hashBytes('key', new Uint8Array([8, index & 255, index >> 8])).toHex();
      const terms = { tokens: [token], to: 0, timestamp: this.swarm.network.now };
      const created = spending({ ...terms, previous: ZERO_ID });
      const rounds = roundTokens({ token, previous: created.id }, key(0).publicKey);
      const all = [token, ...rounds].flatMap((place) => this.near(place));
      if (new Set(all).size === all.length) return [created, token, rounds];
    }
  }
}
