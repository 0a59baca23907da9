import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode } from '../codec/reader.ts';
import { ZERO_ID } from '../id.ts';
import { entryOf, idOf, mappingOf, Speaker } from '../minefield/speaker.fixture.ts';
import {
  blockMatchesHeader,
  encodeBlock,
  headerHash,
  readBlock,
  verifySignedHeader,
} from './block.ts';
import { verifyInclusion } from './history-tree.ts';
import { verifyPath } from './state-trie.ts';

const blocks = fc.array(fc.array(fc.nat(30), { maxLength: 4 }), { maxLength: 12 });

function speakerWith(plan: readonly (readonly number[])[]): Speaker {
  const speaker = new Speaker();
  for (const [version, tokens] of plan.entries()) {
    speaker.append(...tokens.map((token) => entryOf(token, version)));
  }
  return speaker;
}

test('blocks link, carry their content, are signed and survive the wire', () => {
  fc.assert(
    fc.property(blocks, (plan) => {
      const { chain, identity } = speakerWith(plan);
      expect(chain.height).toBe(plan.length);
      let previous = ZERO_ID;
      for (let height = 0; height <= chain.height; height += 1) {
        const block = chain.blockAt(height);
        if (block === undefined) throw new Error('missing');
        expect(block.header.previous).toBe(previous);
        expect(blockMatchesHeader(block)).toBe(true);
        expect(verifySignedHeader(block, identity.identityKey.publicKey)).toBe(true);
        expect(decode(encodeBlock(block), readBlock)).toEqual({ ok: true, value: block });
        previous = headerHash(block.header);
        expect(chain.blockByHash(previous)).toEqual(block);
      }
      expect(chain.headHash).toBe(previous);
      expect(chain.head.header.stateRoot).toBe(chain.state.root);
      expect([
        chain.blockAt(-1),
        chain.blockAt(chain.height + 1),
        chain.blockByHash(ZERO_ID),
      ]).toEqual([undefined, undefined, undefined]);
    }),
    { numRuns: 20 },
  );
});

test('a restart restores state, history and recent mappings, and opens the epoch it is given', () => {
  fc.assert(
    fc.property(blocks, (plan) => {
      const speaker = speakerWith(plan);
      const before = speaker.chain;
      const after = speaker.start(2);
      expect(after.state.root).toBe(before.state.root);
      expect(after.recent).toEqual(before.recent);
      expect(after.head.header).toMatchObject({
        epoch: 2,
        height: before.height + 1,
        previous: before.headHash,
      });
      for (const token of plan.flat()) {
        expect(after.committedIn(idOf(token))).toBe(before.committedIn(idOf(token)));
      }
      const same = new Speaker();
      same.store = speaker.store;
      expect(() => same.start(2)).toThrow('epoch 2 was opened before: 2 is stored');
    }),
    { numRuns: 20 },
  );
});

test('every head proves every ancestor and every mapping', () => {
  const { chain } = speakerWith(Array.from({ length: 9 }, (_, index) => [index, index + 1]));
  const { accumulator, stateRoot } = chain.head.header;
  for (let lower = 0; lower < chain.height; lower += 1) {
    const proof = chain.ancestorPath(lower, chain.height);
    const block = chain.blockAt(lower);
    if (proof === undefined || block === undefined) throw new Error('missing');
    expect(proof.hash).toBe(headerHash(block.header));
    expect(verifyInclusion(accumulator, chain.height, lower, proof.hash, proof.path)).toBe(true);
  }
  expect(chain.ancestorPath(3, 3)).toBeUndefined();
  expect(chain.ancestorPath(3, chain.height + 1)).toBeUndefined();
  for (let token = 0; token < 10; token += 1) {
    const mapping = chain.state.get(idOf(token));
    const path = chain.state.path(idOf(token));
    expect(
      mapping !== undefined && path !== undefined && verifyPath(stateRoot, mapping, path),
    ).toBe(true);
  }
});

test('recent mappings are the newest four, newest first, with the block that holds them', () => {
  const { chain } = speakerWith([[1, 2], [3], [4, 5]]);
  const tokens = chain.recent.map(({ mapping }) => mapping.token);
  expect(tokens).toEqual([5, 4, 3, 2].map(idOf));
  expect(chain.recent[0]?.block).toBe(chain.headHash);
  expect(chain.recent[2]?.block).toBe(chain.head.header.previous);
});

test('jumps name the newest block that is at least so far back', () => {
  const speaker = speakerWith([]);
  // A minute is 16.7 ms at time scale 3600, an hour a second; blocks come every 500 ms.
  for (let block = 0; block < 5; block += 1) speaker.append(entryOf(block));
  const { chain } = speaker;
  const hashAt = (height: number): string => {
    const block = chain.blockAt(height);
    return block === undefined ? '' : headerHash(block.header);
  };
  expect(chain.head.jumps).toEqual([hashAt(4), hashAt(3), ZERO_ID, ZERO_ID, ZERO_ID]);
});

test('time never falls, however the clock is set', () => {
  const { chain } = speakerWith([[1]]);
  const { time } = chain.head.header;
  expect(chain.append([entryOf(2)], 5).header.time).toBe(time);
});

test('a founding larger than a block is spread, and one cut short is made whole later', () => {
  const speaker = new Speaker();
  const founding = Array.from({ length: 70 }, (_, index) => mappingOf(index));
  const { session } = speaker.chain;
  speaker.chain.open(session, founding, speaker.nowMs);
  expect([speaker.chain.height, speaker.chain.state.size]).toEqual([3, 70]);
  speaker.chain.open(session, founding, speaker.nowMs);
  expect(speaker.chain.height).toBe(3);
  speaker.store.delete('chain/block/000000000003');
  const again = speaker.start(2);
  again.open(again.session, founding, speaker.nowMs);
  expect(again.state.size).toBe(70);
});

test('a damaged store is refused with the block and what is wrong with it', () => {
  const key = (height: number): string => `chain/block/${String(height).padStart(12, '0')}`;
  const broken = (spoil: (speaker: Speaker) => void): string => {
    const speaker = speakerWith([[1], [2], [3]]);
    spoil(speaker);
    try {
      speaker.start(2);
      return 'accepted';
    } catch (error) {
      return error instanceof Error ? error.message : 'not an error';
    }
  };
  const at = (height: number, what: string): string =>
    `the stored chain is damaged at block ${height}: ${what}`;
  expect(broken((s) => s.store.delete(key(1)))).toBe(at(1, `it is missing, ${key(2)} comes next`));
  expect(broken((s) => s.store.put(key(2), new Uint8Array(3)))).toBe(at(2, 'cut short'));
  const other = speakerWith([[7], [8], [9]]).store.get(key(2)) ?? new Uint8Array();
  expect(broken((s) => s.store.put(key(2), other))).toBe(at(2, 'it does not follow the last'));
  // Every single byte of the last block counts.
  fc.assert(
    fc.property(fc.nat(), fc.nat(7), (place, bit) => {
      const message = broken((s) => {
        const bytes = s.store.get(key(3))?.slice() ?? new Uint8Array();
        const index = place % bytes.length;
        // The certificate is the identity's word, which the chain has no key to check.
        if (index >= 32 * 7 + 24 + 32 && index < 32 * 7 + 24 + 120) return s.store.delete(key(1));
        bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
        return s.store.put(key(3), bytes);
      });
      expect(message).toContain('the stored chain is damaged at block');
    }),
    { numRuns: 60 },
  );
});
