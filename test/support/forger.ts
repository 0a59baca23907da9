/** Statements of a chain that is not the peer's own. */
import { hash } from '../../node/crypto/hash.ts';
import { idToBytes, ZERO_ID } from '../../node/id.ts';
import { headerHash } from '../../node/ledger/block.ts';
import type { BlockHeader } from '../../node/ledger/types.ts';
import { signStatement } from '../../node/minefield/statement.ts';
import type { Statement } from '../../node/minefield/types.ts';
import type { Peer } from '../../node/peer.ts';

/** The statement that a forked chain, one block above the true head, would make. */
export function forged(peer: Peer, honest: Statement): Statement {
  const { answer } = honest;
  const head = peer.chain.head.header;
  if (answer === null) return honest;
  const state = peer.chain.state.clone();
  const stolen = { ...answer.mapping, owner: hash('key', idToBytes(answer.mapping.owner)) };
  const mapping = { ...stolen, tx: hash('attack', idToBytes(stolen.tx)) };
  state.set(mapping);
  const header: BlockHeader = {
    ...head,
    height: head.height + 1,
    previous: headerHash(head),
    entriesRoot: ZERO_ID,
    stateRoot: state.root,
    time: honest.time,
  };
  const path = state.path(mapping.token) ?? [];
  return signStatement(
    { ...honest, answer: { mapping, path, block: headerHash(header) }, recent: [], head: header },
    peer.chain.session.lamppost,
  );
}
