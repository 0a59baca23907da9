/** Living networks as targets: what a stranger, a member or a damaged disk can bring to a peer. */
import { RecordChecker } from '../../node/identity/checker.ts';
import { mint, type Identity } from '../../node/identity/mint.ts';
import type { Endpoint } from '../../node/host.ts';
import { openPeer } from '../../node/peer.ts';
import { DEFAULT_PARAMETERS } from '../../node/parameters.ts';
import { readHeader, networkTag, writeHeader } from '../../node/transport/datagram.ts';
import { linkKeys } from '../../node/transport/keys.ts';
import { DATAGRAM_BYTES, HEADER_BYTES, TICKET_BYTES } from '../../node/transport/limits.ts';
import { Transport } from '../../node/transport/transport.ts';
import { decodeMessage, encodeMessage, kindOf } from '../../node/wire/messages.ts';
import { EXAMPLES } from '../support/messages.ts';
import { MemoryStore, seededRandom, virtualEndpoint, VirtualNetwork } from '../support/network.ts';
import { NETWORK, Swarm } from '../support/swarm.ts';
import { randomBytes } from './mutate.ts';
import { Finding, kindOfReason, sameBytes, type Target } from './target.ts';

const POW = { memoryKiB: 8, passes: 1, bits: 1 };
const draw = seededRandom(8);
const minted = (): Identity =>
  mint(NETWORK, POW, {
    now: () => 1_690_000_000_000,
    random: (length) => randomBytes(draw, length),
  });
const IDENTITIES: readonly [Identity, Identity] = [minted(), minted()];

interface Pair {
  readonly network: VirtualNetwork;
  readonly a: Transport;
  readonly b: Transport;
  /** Everything sent while they met and spoke. */
  readonly recorded: readonly { readonly to: Endpoint; readonly datagram: Uint8Array }[];
}

const [AT_A, AT_B, ELSEWHERE] = [virtualEndpoint(1), virtualEndpoint(2), virtualEndpoint(77)];

/** Two members that have just spoken; only the second lives on. */
function pair(): Pair {
  const network = new VirtualNetwork();
  const recorded: { to: Endpoint; datagram: Uint8Array }[] = [];
  network.tap = (_from, to, datagram) => recorded.push({ to, datagram });
  const open = (identity: Identity, endpoint: Endpoint) => {
    const host = network.host(endpoint);
    const checker = new RecordChecker(NETWORK, POW, () => host.now());
    const self = { kind: 'peer', identity } as const;
    const transport = new Transport({ network: NETWORK, self, checker, batchWindowMs: 0 }, host, {
      kind: kindOf,
      message: (_remote, bytes) => decodeMessage(bytes).ok,
    });
    network.attach(endpoint, (from, datagram) => transport.receive(from, datagram));
    return { host, transport };
  };
  const [one, other] = [open(IDENTITIES[0], AT_A), open(IDENTITIES[1], AT_B)];
  one.transport.learn({ ...IDENTITIES[1], endpoint: AT_B });
  other.transport.learn({ ...IDENTITIES[0], endpoint: AT_A });
  for (const example of EXAMPLES) {
    one.transport.send(IDENTITIES[1].address, example.type, encodeMessage(example));
    network.run(50);
  }
  one.host.kill();
  return { network, a: one.transport, b: other.transport, recorded };
}

const datagram: Target = {
  name: 'datagram',
  executions: 5000,
  prepare: () => {
    const { network, b, recorded } = pair();
    let turn = 0;
    let [heardBytes, saidBytes] = [0, 0];
    network.tap = (_from, to, sent) => {
      if (to.ip === ELSEWHERE.ip) saidBytes += sent.length;
    };
    return {
      examples: recorded.filter(({ to }) => to.ip === AT_B.ip).map((one) => one.datagram),
      run: (input) => {
        turn += 1;
        // Time in which budgets fill again, and what waits is sent.
        if (turn % 100 === 0) network.run(300);
        const isElsewhere = turn % 2 === 0;
        if (isElsewhere) heardBytes += input.length;
        b.receive(isElsewhere ? ELSEWHERE : AT_A, input);
        if (saidBytes > heardBytes) throw new Finding('a stranger got more bytes than it sent');
        const header = readHeader(networkTag(NETWORK), input);
        return `${header?.kind ?? 'none'} ${b.dropped.size}`;
      },
      finish: () => {
        network.run(1000);
        if (saidBytes > heardBytes) throw new Finding('a stranger got more bytes than it sent');
      },
    };
  },
};

/** What a member that has our ticket may put into a box. */
const plaintext: Target = {
  name: 'sealed-plaintext',
  executions: 5000,
  prepare: () => {
    const { b, recorded } = pair();
    const [a, to] = IDENTITIES;
    const self = { id: a.address, privateKey: a.transportPrivateKey };
    const keys = linkKeys(NETWORK, self, { id: to.address, transportKey: to.record.transportKey });
    if (keys === null) throw new Error('the pair has no keys');
    const tag = networkTag(NETWORK);
    const examples: Uint8Array[] = [];
    let nonce = new Uint8Array(0);
    for (const one of recorded) {
      const header = readHeader(tag, one.datagram);
      if (one.to.ip !== AT_B.ip || header?.kind !== 'data') continue;
      const [clear, box] = [
        one.datagram.subarray(0, HEADER_BYTES),
        one.datagram.subarray(HEADER_BYTES),
      ];
      const plain = keys.seal.open(header.nonce, clear, box);
      if (plain !== null) examples.push(plain);
      nonce = new Uint8Array(header.nonce);
    }
    const [first] = examples;
    if (first === undefined) throw new Error('no data was recorded');
    const ticket = first.subarray(0, TICKET_BYTES);
    const view = new DataView(nonce.buffer);
    let counter = view.getBigUint64(16);
    const dropped = () => [...b.dropped].reduce((sum, [, count]) => sum + count, 0);
    return {
      examples,
      run: (input) => {
        counter += 1n;
        view.setBigUint64(16, counter);
        // Nine in ten have a living ticket: without one, nothing behind it is looked at.
        const plain = new Uint8Array(input);
        if (counter % 10n !== 0n && plain.length >= TICKET_BYTES) plain.set(ticket);
        const clear = writeHeader(tag, 'data', Uint8Array.fromHex(a.address), nonce);
        const sealed = keys.seal.seal(nonce, clear, plain.subarray(0, DATAGRAM_BYTES));
        const before = dropped();
        b.receive(AT_A, Buffer.concat([clear, sealed]));
        const message = decodeMessage(plain.subarray(TICKET_BYTES + 3));
        return `${dropped() - before} ${message.ok ? message.value.type : kindOfReason(message.reason)}`;
      },
    };
  },
};

/** A member of a living network says whatever it likes to the others. */
const peer: Target = {
  name: 'peer',
  executions: 1500,
  prepare: () => {
    const swarm = new Swarm({ peers: 6, clients: 1, seed: 3, parameters: { k: 4 } });
    swarm.mesh();
    swarm.load();
    swarm.network.run(2000);
    const { peer: former, endpoint, host } = swarm.at(0);
    host.kill();
    const examples = EXAMPLES.map(encodeMessage);
    const ours = swarm.network.host(endpoint, { store: host.store });
    const checker = new RecordChecker(NETWORK, swarm.parameters.pow, () => ours.now());
    const self = { kind: 'peer', identity: former.identity } as const;
    const heard = new Set<string>();
    const rogue = new Transport({ network: NETWORK, self, checker, batchWindowMs: 0 }, ours, {
      kind: kindOf,
      message: (_from, bytes) => {
        // What members really say of tokens that are really there makes the best of examples.
        const { type } = kindOf(bytes);
        if (!heard.has(type)) examples.push(bytes.slice());
        heard.add(type);
        return true;
      },
    });
    swarm.network.attach(endpoint, (from, bytes) => rogue.receive(from, bytes));
    const others = swarm.seated.slice(1);
    for (const one of others) {
      rogue.learn({ ...one.peer.identity, endpoint: one.endpoint });
      rogue.connect(one.peer.identity.address);
    }
    swarm.network.run(3000);
    let turn = 0;
    return {
      examples,
      run: (input) => {
        turn += 1;
        const to = others[turn % others.length]?.peer.identity.address ?? '';
        const { type } = kindOf(input);
        rogue.send(to, type, input);
        if (turn % 8 === 0) swarm.network.run(50);
        swarm.network.rows.length = 0;
        const decoded = decodeMessage(input);
        return `${type} ${decoded.ok ? 'accepted' : kindOfReason(decoded.reason)}`;
      },
      finish: () => {
        swarm.unload();
        swarm.network.run(5000);
        for (const one of others) {
          if (one.peer.health().banned > 1) throw new Finding('an honest peer was banned');
        }
      },
    };
  },
};

/** One entry of a peer's disk is damaged: it refuses in words, or lives. */
const state: Target = {
  name: 'state',
  executions: 300,
  prepare: () => {
    const swarm = new Swarm({ peers: 5, clients: 1, seed: 4, parameters: { k: 4 } });
    swarm.mesh();
    swarm.load();
    swarm.network.run(4000);
    const { host, endpoint } = swarm.at(1);
    const entries = [...host.store.entries('')];
    const parameters = { ...DEFAULT_PARAMETERS, pow: POW, k: 4 };
    return {
      // The place of the entry u16, then its value.
      examples: entries.map(([, value], at) => Uint8Array.of(at >> 8, at & 255, ...value)),
      run: (input) => {
        const at = (((input[0] ?? 0) << 8) | (input[1] ?? 0)) % entries.length;
        const store = new MemoryStore();
        for (const [key, value] of entries) store.put(key, value);
        const [key = '', value] = entries[at] ?? [];
        const changed = input.slice(2);
        store.put(key, changed);
        const network = new VirtualNetwork({ startMs: swarm.network.now + 1000 });
        const kind = key.replace(/[/-].*/, '');
        try {
          const opened = openPeer(
            { network: NETWORK, parameters, endpoint },
            network.host(endpoint, { store }),
          );
          opened.start();
          network.run(1500);
          opened.stop();
        } catch (error) {
          // An Error in words is the refusal that an operator reads; any other class is a bug.
          if (!(error instanceof Error) || error.constructor !== Error) throw error;
          return `${kind} refused`;
        }
        return `${kind} ${value !== undefined && sameBytes(value, changed) ? 'same' : 'taken'}`;
      },
    };
  },
};

export const LIVING: readonly Target[] = [datagram, plaintext, peer, state];
