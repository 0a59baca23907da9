import { expect, test } from 'vitest';
import { type Id, ZERO_ID } from '../../node/id.ts';
import { signingKey } from '../../node/crypto/ed25519.ts';
import { keyHash, ORDINARY, signTransaction } from '../../node/ledger/transaction.ts';
import type { Transaction } from '../../node/ledger/types.ts';
import type { Message } from '../../node/wire/messages.ts';
import { Asker } from '../support/asker.ts';
import { NETWORK, Swarm } from '../support/swarm.ts';

const PEERS = 16;
const K = 4;

function networkUnderLoad(): Swarm {
  const swarm = new Swarm({ peers: PEERS, clients: 1, seed: 5, parameters: { k: K } });
  swarm.mesh();
  swarm.load({ highValueShare: 0 });
  swarm.network.run(5000);
  swarm.unload();
  swarm.network.run(2000);
  return swarm;
}

const key = signingKey(new Uint8Array(32).fill(7));

function creation(token: Id, timestamp: number): Transaction {
  const change = { token, owner: keyHash(key.publicKey), previous: ZERO_ID };
  const body = {
    network: NETWORK,
    changes: [change],
    timestamp,
    valueClass: 'low' as const,
    extraNeighbours: 0,
    purpose: ORDINARY,
  };
  return signTransaction(body, [key]);
}

const near = (swarm: Swarm, id: Id): readonly Id[] => swarm.at(0).peer.membership.near(id, K);

const commitOf = (message: Message | undefined) =>
  message?.type === 'transaction' ? message.commit : undefined;

test('whoever is nearest a transaction id can show the transaction, though not one of its keepers', () => {
  const swarm = networkUnderLoad();
  const asker = new Asker(swarm, 90);
  const rows = swarm.rows('transactions');
  const submitted = rows.filter(({ outcome }) => outcome === 'submitted').slice(0, 6);
  expect(submitted).toHaveLength(6);
  let copies = 0;
  for (const { tx, tokens } of submitted) {
    const keepers = new Set(tokens.flatMap((token) => near(swarm, token)));
    const answers = asker.ask(near(swarm, tx), { type: 'get-transaction', tx });
    expect([...answers.keys()].sort()).toEqual([...near(swarm, tx)].sort());
    for (const [witness, message] of answers) {
      expect(message).toMatchObject({ type: 'transaction', transaction: { id: tx } });
      if (keepers.has(witness)) continue;
      copies += 1;
      // A copy proves nothing of the commit, so it does not claim one.
      expect(commitOf(message)).toBe('witnessed');
    }
  }
  expect(copies).toBeGreaterThan(5);
  const witnessed = rows.filter(({ part }) => part === 'witness');
  expect(new Set(witnessed.map(({ outcome }) => outcome))).toEqual(new Set(['witnessed']));
});

test('a keeper tells a client the block, the place in it and the confirmations', () => {
  const swarm = networkUnderLoad();
  const asker = new Asker(swarm, 90);
  const first = swarm.rows('transactions').find(({ outcome }) => outcome === 'submitted');
  const { tx, tokens } = first ?? { tx: '', tokens: [] };
  const keepers = near(swarm, tokens[0] ?? '');
  const answers = asker.ask(keepers, { type: 'get-transaction', tx });
  expect(answers.size).toBe(K);
  for (const [keeper, message] of answers) {
    const chain = swarm.peers.find(({ identity }) => identity.address === keeper)?.chain;
    const commit = commitOf(message);
    if (commit === undefined || commit === null || commit === 'witnessed') {
      throw new Error(`${keeper} gives no place`);
    }
    const block = chain?.blockByHash(commit.block);
    expect(block?.entries[commit.position ?? -1]?.mapping.tx).toBe(tx);
    // Members renew their leases: a block may be made while the answer is on its way.
    const above = (chain?.height ?? 0) - (block?.header.height ?? 0);
    expect([above - 1, above]).toContain(commit.confirmations);
  }
});

test('of a transaction under vote a client hears that it is pending', () => {
  const swarm = networkUnderLoad();
  const asker = new Asker(swarm, 90);
  const token = 'ab'.repeat(32);
  const transaction = creation(token, swarm.network.now);
  const [only = ''] = near(swarm, token);
  // Its voters don't hear one another, so nothing is ever committed.
  const asking = asker.ask([only], { type: 'get-transaction', tx: transaction.id });
  expect(asking.size).toBe(0);
  const peers = new Set(swarm.seated.map(({ endpoint }) => endpoint.ip));
  swarm.network.link = (from, to) => ({
    delayMs: 10,
    lossProbability: peers.has(from.ip) && peers.has(to.ip) ? 1 : 0,
  });
  asker.say([only], { type: 'submit', transaction });
  const answers = asker.ask([only], { type: 'get-transaction', tx: transaction.id });
  expect(commitOf(answers.get(only))).toBeNull();
});

test('a copy is refused from who is no keeper, and by who is not near', () => {
  const swarm = networkUnderLoad();
  const asker = new Asker(swarm, 90);
  const row = swarm.rows('transactions').find(({ outcome }) => outcome === 'submitted');
  const tx = row?.tx ?? '';
  const [answer] = asker.ask(near(swarm, tx), { type: 'get-transaction', tx }).values();
  if (answer?.type !== 'transaction') throw new Error('nobody has it');
  const far = swarm.peers
    .map(({ identity }) => identity.address)
    .filter((id) => !near(swarm, tx).includes(id));
  const keepers = new Set(row?.tokens.flatMap((token) => near(swarm, token)));
  const strangers = far.filter((id) => !keepers.has(id));
  asker.say(strangers, { type: 'witness', transaction: answer.transaction });
  swarm.network.run(1000);
  expect(asker.ask(strangers, { type: 'get-transaction', tx }).size).toBe(0);
  // One that nobody committed, handed by somebody who keeps nothing to those near its id.
  const never = creation('cd'.repeat(32), swarm.network.now);
  const witnesses = near(swarm, never.id);
  asker.say(witnesses, { type: 'witness', transaction: never });
  swarm.network.run(1000);
  expect(asker.ask(witnesses, { type: 'get-transaction', tx: never.id }).size).toBe(0);
});
