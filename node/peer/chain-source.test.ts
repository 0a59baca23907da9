import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Id } from '../id.ts';
import { entryOf, idOf, NETWORK, Speaker } from '../minefield/speaker.fixture.ts';
import { ChainSource } from './chain-source.ts';
import type { Commits } from '../wire/keeping.ts';
import { Holdings } from './holdings.ts';

/** A reader of the speaker's chain, and the transactions that it was told of since it had read it. */
function reader(speaker: Speaker) {
  const { address, record } = speaker.identity;
  const owner = { network: NETWORK, peer: address, identityKey: record.identityKey };
  const asked: number[] = [];
  const told: Id[] = [];
  const source = new ChainSource(
    owner,
    { ms: null, timeScale: 3600 },
    {
      askHead: () => {},
      askBlock: () => {},
      askCommits: (above) => asked.push(above),
      told: () => {},
      committed: (txs) => told.push(...txs),
      hasRoom: () => true,
    },
  );
  let now = 0;
  const tick = () => {
    now += 4000;
    source.tick(now);
  };
  tick();
  source.onHead(speaker.chain.head.header, now);
  for (let height = speaker.chain.height; height >= 0; height -= 1) {
    tick();
    source.onBlock({ wanted: height, block: speaker.chain.blockAt(height) ?? null }, now);
  }
  const hear = (message: Commits) => source.onCommits(message, now);
  return { source, asked, told, tick, hear };
}

/** Each block has a token and a transaction of its own. */
function grow(speaker: Speaker, blocks: number, from = speaker.chain.height): void {
  for (let block = 1; block <= blocks; block += 1)
    speaker.append(entryOf(from + block, from + block));
}

function answer({ chain, store }: Speaker, above: number): Commits {
  return { type: 'commits', ...new Holdings(chain, store).commitsAbove(above, () => true) };
}

test('whatever is lost and whoever else asks, it knows all that the source has committed, in order', () => {
  const event = fc.record({
    grown: fc.nat(3),
    // An answer to the question of this reader, or to one that another part has asked.
    above: fc.option(fc.nat(24)),
    isLost: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), (events) => {
      const speaker = new Speaker();
      grow(speaker, 2);
      const { source, asked, told, tick, hear } = reader(speaker);
      expect(source.phase).toBe('following');
      for (const { grown, above, isLost } of events) {
        grow(speaker, grown);
        tick();
        if (!isLost) hear(answer(speaker, above ?? asked.at(-1) ?? 0));
      }
      for (let turn = 0; turn < 2; turn += 1) {
        tick();
        hear(answer(speaker, asked.at(-1) ?? 0));
      }
      expect(source.isUpToDate).toBe(true);
      expect(told).toEqual(answer(speaker, 2).txs);
    }),
    { numRuns: 50 },
  );
});

test.each([
  ['is behind', 0],
  ['has come as far again', 6],
])('a source that was put back to an older state and %s is lost', (_, blocks) => {
  const speaker = new Speaker();
  grow(speaker, 4);
  const snapshot = speaker.store.copy();
  grow(speaker, 3);
  const { source, asked, told, hear, tick } = reader(speaker);
  hear(answer(speaker, 7));
  speaker.store = snapshot;
  speaker.start(2);
  grow(speaker, blocks, 50);
  expect(speaker.chain.height).toBe(5 + blocks);
  tick();
  hear(answer(speaker, asked.at(-1) ?? 0));
  expect(source.phase).toBe('failed');
  expect(told).toEqual([]);
});

test('a source that was only restarted is followed on', () => {
  const speaker = new Speaker();
  grow(speaker, 4);
  const { source, asked, told, hear, tick } = reader(speaker);
  hear(answer(speaker, 4));
  speaker.start(2);
  speaker.append(entryOf(60, 60));
  tick();
  hear(answer(speaker, asked.at(-1) ?? 0));
  expect(source.isUpToDate).toBe(true);
  expect(told).toEqual([idOf(900_060)]);
});

test('that it has not what another part asked for is no refusal; of what was asked for here it is', () => {
  const speaker = new Speaker();
  grow(speaker, 4);
  const { address, record } = speaker.identity;
  const owner = { network: NETWORK, peer: address, identityKey: record.identityKey };
  const wanted: (Id | number)[] = [];
  const source = new ChainSource(
    owner,
    { ms: null, timeScale: 3600 },
    {
      askHead: () => {},
      askBlock: (block) => wanted.push(block),
      askCommits: () => {},
      told: () => {},
      committed: () => {},
      hasRoom: () => true,
    },
  );
  source.tick(4000);
  source.onHead(speaker.chain.head.header, 4000);
  source.tick(8000);
  expect(source.onBlock({ wanted: 99, block: null }, 8000)).toBe(false);
  expect(source.phase).toBe('walking');
  expect(source.onBlock({ wanted: wanted[0] ?? 0, block: null }, 8000)).toBe(true);
  expect(source.phase).toBe('failed');
});
