/** What a stopped peer holds, read from its state directory. */
import { decode } from '../../node/codec/reader.ts';
import type { Id } from '../../node/id.ts';
import { loadIdentity } from '../../node/identity/mint.ts';
import { readBlock } from '../../node/ledger/block.ts';
import { readTransaction } from '../../node/ledger/transaction.ts';
import type { Mapping } from '../../node/ledger/types.ts';
import { SqliteStore } from '../../node/runtime/store.ts';

export interface Held {
  readonly address: Id;
  /** The newest mapping of each token, as its chain has it. */
  readonly mappings: ReadonlyMap<Id, Mapping>;
  /** Timestamps of the transactions that it keeps. */
  readonly timestamps: ReadonlyMap<Id, number>;
}

/** Throws an Error for a state that is damaged. */
export function heldBy(stateDirectory: string): Held {
  const store = new SqliteStore(stateDirectory);
  try {
    const identity = store.get('identity');
    if (identity === undefined) throw new Error(`${stateDirectory} holds no identity`);
    const mappings = new Map<Id, Mapping>();
    for (const [key, bytes] of store.entries('chain/block/')) {
      const block = decode(bytes, readBlock);
      if (!block.ok) throw new Error(`${key}: ${block.reason}`);
      for (const { mapping } of block.value.entries) mappings.set(mapping.token, mapping);
    }
    const timestamps = new Map<Id, number>();
    for (const [key, bytes] of store.entries('tx/')) {
      const transaction = decode(bytes, readTransaction);
      if (!transaction.ok) throw new Error(`${key}: ${transaction.reason}`);
      timestamps.set(transaction.value.id, transaction.value.body.timestamp);
    }
    return { address: loadIdentity(identity).address, mappings, timestamps };
  } finally {
    store.close();
  }
}
