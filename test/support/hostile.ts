/** Remotes of a test that say whatever they like: a made-up client, or a member that went bad. */
import { signingKey } from '../../node/crypto/ed25519.ts';
import { hash } from '../../node/crypto/hash.ts';
import { type Id, ZERO_ID } from '../../node/id.ts';
import { RecordChecker } from '../../node/identity/checker.ts';
import { keyHash, ORDINARY, signTransaction } from '../../node/ledger/transaction.ts';
import { Transport, type TransportOptions } from '../../node/transport/transport.ts';
import { encodeMessage, kindOf, type Message } from '../../node/wire/messages.ts';
import { EXAMPLES } from './messages.ts';
import { seededRandom, virtualEndpoint } from './network.ts';
import { NETWORK, type Swarm } from './swarm.ts';

const random = seededRandom(12);
const bytes = (length: number) => Uint8Array.from({ length }, () => Math.floor(random() * 256));
const anyId = (): Id => bytes(32).toHex();
const EXAMPLE_NETWORK = hash('key', new TextEncoder().encode('network'));

/** The same message of this network, about other things: some of `known`, most of nothing. */
function another(message: Message, known: readonly Id[]): Message {
  const names = new Map<Id, Id>([[EXAMPLE_NETWORK, NETWORK]]);
  const changed = (value: unknown): unknown => {
    if (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) && value !== ZERO_ID) {
      const pick = random() < 0.3 ? known[Math.floor(random() * known.length)] : undefined;
      const name = names.get(value) ?? pick ?? anyId();
      names.set(value, name);
      return name;
    }
    if (value instanceof Uint8Array) return value.length === 16 ? bytes(16) : value;
    if (Array.isArray(value)) return value.map(changed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, changed(part)]));
  };
  const other = changed(message);
  return isMessage(other) ? other : message;
}

/** What `another` makes of one: only its ids and nonces are others. */
function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'type' in value;
}

/** Well signed, of a new token and one that nobody has: it waits for ever, and so never commits. */
function waiting(nowMs: number): Message {
  const key = signingKey(bytes(32));
  const owner = keyHash(key.publicKey);
  const changes = [
    { token: anyId(), owner, previous: ZERO_ID },
    { token: anyId(), owner, previous: anyId() },
  ].sort((a, b) => (a.token < b.token ? -1 : 1));
  const body = { network: NETWORK, changes, timestamp: nowMs, extraNeighbours: 0 };
  const transaction = signTransaction({ ...body, valueClass: 'low', purpose: ORDINARY }, [
    key,
    key,
  ]);
  return { type: 'submit', transaction };
}

export class Hostile {
  readonly id: Id;
  /** Bytes of what it said and was told, by type. */
  readonly said = new Map<string, number>();
  readonly told = new Map<string, number>();
  readonly #transport: Transport;
  readonly #swarm: Swarm;
  readonly #targets: readonly Id[];

  /** `index`: of the member that it takes the place of, or of a free endpoint as a client. */
  constructor(swarm: Swarm, index: number, kind: 'peer' | 'client') {
    this.#swarm = swarm;
    const seat = kind === 'peer' ? swarm.at(index) : null;
    seat?.host.kill();
    const endpoint = seat?.endpoint ?? virtualEndpoint(index);
    const host = swarm.network.host(endpoint, seat === null ? {} : { store: seat.host.store });
    const self: TransportOptions['self'] =
      seat === null
        ? { kind: 'client', privateKey: host.random(32) }
        : { kind: 'peer', identity: seat.peer.identity };
    const checker = new RecordChecker(NETWORK, swarm.parameters.pow, () => host.now());
    const options = { network: NETWORK, self, checker, batchWindowMs: 0 };
    this.#transport = new Transport(options, host, {
      kind: kindOf,
      message: (_from, message) => {
        count(this.told, kindOf(message).type, message.length);
        return true;
      },
    });
    this.id = this.#transport.id;
    swarm.network.attach(endpoint, (from, datagram) => this.#transport.receive(from, datagram));
    const others = swarm.seated.filter((_, other) => kind === 'client' || other !== index);
    for (const { peer, endpoint: at } of others) {
      this.#transport.learn({ ...peer.identity, endpoint: at });
      this.#transport.connect(peer.identity.address);
    }
    this.#targets = others.map(({ peer }) => peer.identity.address);
  }

  /** One of every type to everyone, `submits` transactions and `questions` each. */
  flood(
    known: readonly Id[],
    { submits, questions }: { submits: number; questions: number },
  ): void {
    for (const to of this.#targets) {
      for (const example of EXAMPLES) this.#say(to, another(example, known));
      for (let turn = 0; turn < questions; turn += 1) {
        this.#say(to, { type: 'find', near: anyId(), view: ZERO_ID });
        this.#say(to, { type: 'ask-mapping', token: anyId(), query: bytes(16) });
        this.#say(to, { type: 'ask-standings', digest: anyId() });
        this.#say(to, { type: 'vote', tx: anyId(), committed: true, ballots: [] });
      }
    }
    for (let turn = 0; turn < submits; turn += 1) {
      const to = this.#targets[turn % this.#targets.length];
      if (to !== undefined) this.#say(to, waiting(this.#swarm.network.now));
    }
  }

  #say(to: Id, message: Message): void {
    let encoded: Uint8Array;
    try {
      encoded = encodeMessage(message);
    } catch {
      return;
    }
    count(this.said, message.type, encoded.length);
    this.#transport.send(to, message.type, encoded);
  }
}

function count(sums: Map<string, number>, type: string, length: number): void {
  sums.set(type, (sums.get(type) ?? 0) + length);
}

/** Members, and what was submitted lately: ids of things that exist. */
export function knownIds(swarm: Swarm): readonly Id[] {
  const rows = swarm.rows('transactions').slice(-30);
  const members = swarm.peers.map(({ identity }) => identity.address);
  return [...members, ...rows.flatMap(({ tx, tokens }) => [tx, ...tokens])];
}
