import { expect, test } from 'vitest';
import { hash } from '../../node/crypto/hash.ts';
import type { Asker, Decisions } from '../../node/decisions.ts';
import { type Id, idToBytes, ZERO_ID } from '../../node/id.ts';
import { headerHash } from '../../node/ledger/block.ts';
import type { StateTrie } from '../../node/ledger/state-trie.ts';
import type { BlockHeader } from '../../node/ledger/types.ts';
import { signStatement } from '../../node/minefield/statement.ts';
import type { Statement } from '../../node/minefield/types.ts';
import type { Peer } from '../../node/peer.ts';
import { Swarm } from '../support/swarm.ts';

const LIAR = 2;

/** A forged block on the true head, made once and never left: taken alone it contradicts nothing. */
class Face {
  readonly #peer: Peer;
  readonly #name: Id;
  readonly #state: StateTrie;
  readonly #header: BlockHeader;

  constructor(peer: Peer, name: Id) {
    this.#peer = peer;
    this.#name = name;
    this.#state = peer.chain.state.clone();
    for (const token of peer.membership.known) this.#steal(token);
    const head = peer.chain.head.header;
    const stateRoot = this.#state.root;
    const previous = headerHash(head);
    const height = head.height + 1;
    this.#header = { ...head, height, previous, entriesRoot: ZERO_ID, stateRoot };
  }

  tell(honest: Statement): Statement | null {
    const mapping = this.#state.get(honest.token);
    const path = this.#state.path(honest.token);
    if (mapping === undefined || path === undefined) return null;
    const { signature: _, ...truth } = honest;
    const block = headerHash(this.#header);
    const answer = { mapping, path, block };
    const said = { ...truth, answer, recent: [], head: this.#header };
    return signStatement(said, this.#peer.chain.session.lamppost);
  }

  #steal(token: Id): void {
    const mapping = this.#state.get(token);
    if (mapping === undefined) return;
    const owner = hash('attack', idToBytes(token), idToBytes(this.#name));
    this.#state.set({ ...mapping, owner, tx: hash('attack', idToBytes(owner)) });
  }
}

/** From 4 s on it answers nobody but clients, and shows no block to anyone. */
function silentLiar(faceFor: (asker: Asker) => Id): Swarm {
  const decisions: Partial<Decisions> = {};
  const swarm = new Swarm({ peers: 12, clients: 2, seed: 31, decisions: { [LIAR]: decisions } });
  swarm.mesh();
  swarm.load({ queryRatePerSecond: 6 });
  swarm.network.run(4000);
  const faces = new Map<Id, Face>();
  const { peer } = swarm.at(LIAR);
  const make = (name: Id) => faces.get(name) ?? new Face(peer, name);
  decisions.serveBlock = () => null;
  decisions.answerMapping = (asker, _token, _query, honest) => {
    if (asker.kind === 'peer') return null;
    const name = faceFor(asker);
    const face = make(name);
    faces.set(name, face);
    return face.tell(honest());
  };
  swarm.network.run(25_000);
  return swarm;
}

test('a liar that is silent to its neighbours is convicted when its words to two victims meet', () => {
  const swarm = silentLiar(({ id }) => id);
  const liar = swarm.at(LIAR).peer.identity.address;
  const banned = swarm.rows('slashing').filter(({ event }) => event === 'banned');
  expect(new Set(banned.map(({ accused }) => accused))).toEqual(new Set([liar]));
  for (const [index, peer] of swarm.peers.entries()) {
    if (index !== LIAR) expect(peer.membership.has(liar)).toBe(false);
  }
});

test('one false face, shown to all who are answered at all, is outvoted but proves nothing', () => {
  const swarm = silentLiar(() => ZERO_ID);
  expect(swarm.rows('statements').some(({ disagreed }) => disagreed)).toBe(true);
  expect(swarm.rows('slashing')).toEqual([]);
});
