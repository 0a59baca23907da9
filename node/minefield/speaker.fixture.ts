/** A speaker for tests: an identity with a chain in memory, that restarts and makes statements. */
import { signingKey } from '../crypto/ed25519.ts';
import { hash } from '../crypto/hash.ts';
import type { Store } from '../host.ts';
import { type Id, ZERO_ID } from '../id.ts';
import { issueCertificate } from '../identity/certificate.ts';
import { type Identity, mint } from '../identity/mint.ts';
import { Chain } from '../ledger/chain.ts';
import type { BlockEntry, Mapping } from '../ledger/types.ts';
import { signStatement, type UnsignedStatement } from './statement.ts';
import type { Statement } from './types.ts';

export const NETWORK = hash('network', new Uint8Array([1]));
export const POW = { memoryKiB: 8, passes: 1, bits: 0 };

export function idOf(number: number): Id {
  return hash('attack', new Uint8Array([number >> 16, (number >> 8) & 255, number & 255]));
}

export function mappingOf(token: number, version = 0): Mapping {
  const previous = version === 0 ? ZERO_ID : idOf(900_000 + version - 1);
  return { token: idOf(token), owner: idOf(500), tx: idOf(900_000 + version), previous };
}

export function entryOf(token: number, version = 0): BlockEntry {
  return { kind: 'committed', mapping: mappingOf(token, version) };
}

export class MemoryStore implements Store {
  readonly map = new Map<string, Uint8Array>();
  copy(): MemoryStore {
    const copy = new MemoryStore();
    for (const [key, value] of this.map) copy.map.set(key, value);
    return copy;
  }
  get(key: string): Uint8Array | undefined {
    return this.map.get(key);
  }
  put(key: string, value: Uint8Array): void {
    this.map.set(key, value);
  }
  delete(key: string): void {
    this.map.delete(key);
  }
  entries(prefix: string): Iterable<readonly [key: string, value: Uint8Array]> {
    return [...this.map]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

const identities = new Map<number, Identity>();

export function identityOf(number: number): Identity {
  const known = identities.get(number);
  if (known !== undefined) return known;
  const sources = {
    now: () => 1_000_000,
    random: (length: number) => new Uint8Array(length).fill(number),
  };
  const fresh = mint(NETWORK, POW, sources);
  identities.set(number, fresh);
  return fresh;
}

export class Speaker {
  readonly identity: Identity;
  store = new MemoryStore();
  chain: Chain;
  nowMs = 2_000_000;
  #sequence = 0;

  constructor(number = 1) {
    this.identity = identityOf(number);
    this.chain = this.start(1);
  }

  get lamppost() {
    return this.chain.session.lamppost;
  }

  start(epoch: number): Chain {
    const lamppost = signingKey(new Uint8Array(32).fill(epoch));
    const certificate = issueCertificate(this.identity.identityKey, {
      network: NETWORK,
      address: this.identity.address,
      lamppost: lamppost.publicKey,
      epoch,
      validFromMs: 1_000_000,
      validToMs: 9_000_000,
    });
    const peer = this.identity.address;
    const timeScale = 3600;
    this.chain = new Chain({ network: NETWORK, peer, timeScale }, this.store);
    this.#sequence = 0;
    this.chain.open({ epoch, certificate, lamppost }, [], this.nowMs);
    return this.chain;
  }

  /** Another lamppost in the same epoch. */
  rotate(number: number): void {
    const { epoch } = this.chain.session;
    const lamppost = signingKey(new Uint8Array(32).fill(100 + number));
    const certificate = issueCertificate(this.identity.identityKey, {
      network: NETWORK,
      address: this.identity.address,
      lamppost: lamppost.publicKey,
      epoch,
      validFromMs: 1_000_000,
      validToMs: 9_000_000,
    });
    this.chain.rotate(lamppost, certificate);
  }

  /** A copy of everything, from which a liar goes on twice. Opens no epoch: it is an offence. */
  fork(): Speaker {
    const twin = new Speaker(1);
    twin.store = new MemoryStore();
    const peer = this.identity.address;
    twin.chain = new Chain({ network: NETWORK, peer, timeScale: 3600 }, twin.store);
    twin.chain.open(this.chain.session, [], this.chain.blockAt(0)?.header.time ?? 0);
    for (let height = 1; height <= this.chain.height; height += 1) {
      const block = this.chain.blockAt(height);
      if (block !== undefined) twin.chain.append(block.entries, block.header.time);
    }
    twin.nowMs = this.nowMs;
    twin.#sequence = this.#sequence + 1_000;
    return twin;
  }

  append(...entries: readonly BlockEntry[]) {
    this.nowMs += 500;
    return this.chain.append(entries, this.nowMs);
  }

  /** The true statement, with what a liar says otherwise. */
  say(token: Id, lie: Partial<UnsignedStatement> = {}): Statement {
    this.#sequence += 1;
    this.nowMs += 1;
    const { chain } = this;
    const mapping = chain.state.get(token);
    const path = chain.state.path(token);
    const block = chain.committedIn(token);
    const known = mapping !== undefined && path !== undefined && block !== undefined;
    return signStatement(
      {
        network: NETWORK,
        peer: this.identity.address,
        certificate: chain.head.certificate,
        epoch: chain.session.epoch,
        sequence: this.#sequence,
        query: new Uint8Array(16).fill(7),
        token,
        answer: known ? { mapping, path, block } : null,
        recent: chain.recent.slice(0, 2),
        head: chain.head.header,
        time: this.nowMs,
        ...lie,
      },
      this.lamppost,
    );
  }
}
