import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { entryOf, identityOf, idOf, NETWORK, Speaker } from '../minefield/speaker.fixture.ts';
import { headerHash } from './block.ts';
import { BackwardWalk, type Floor, type Owner, type Taken } from './foreign-chain.ts';
import { MAX_HOPS, nextHop } from './jumps.ts';
import type { Block } from './types.ts';

const { address, identityKey } = identityOf(1);
const OWNER: Owner = { network: NETWORK, peer: address, identityKey: identityKey.publicKey };

const plans = fc.array(fc.array(fc.nat(20), { maxLength: 3 }), { minLength: 1, maxLength: 12 });

function speakerWith(plan: readonly (readonly number[])[]): Speaker {
  const speaker = new Speaker();
  for (const [version, tokens] of plan.entries()) {
    speaker.append(...tokens.map((token) => entryOf(token, version)));
  }
  return speaker;
}

function blocksOf({ chain }: Speaker): Block[] {
  return Array.from({ length: chain.height + 1 }, (_, height) => {
    const block = chain.blockAt(height);
    if (block === undefined) throw new Error('missing');
    return block;
  });
}

function walked(blocks: readonly Block[], floor: Floor | null = null): [BackwardWalk, Taken] {
  const head = blocks.at(-1);
  if (head === undefined) throw new Error('no block');
  const walk = new BackwardWalk(OWNER, head.header, floor);
  let taken: Taken = { ok: true };
  for (const block of blocks.toReversed()) {
    if (walk.isDone) break;
    taken = walk.take(block);
    if (!taken.ok) break;
  }
  return [walk, taken];
}

test('an honest chain, with resets in it, is read to the state of its peer', () => {
  fc.assert(
    fc.property(plans, plans, (before, after) => {
      const speaker = speakerWith(before);
      speaker.start(2);
      for (const tokens of after) speaker.append(...tokens.map((token) => entryOf(token, 50)));
      const [walk, taken] = walked(blocksOf(speaker));
      expect(taken).toEqual({ ok: true });
      expect(walk.isDone).toBe(true);
      expect(walk.mappings.size).toBe(speaker.chain.state.size);
      for (const [token, mapping] of walk.mappings) {
        expect(speaker.chain.state.get(token)).toEqual(mapping);
      }
    }),
    { numRuns: 20 },
  );
});

test('from a floor on, only what came after it is read, and the floor must be met', () => {
  const blocks = blocksOf(speakerWith([[1], [2], [3], [4]]));
  const [, , floorBlock] = blocks;
  if (floorBlock === undefined) throw new Error('missing');
  const floor = { height: 2, hash: headerHash(floorBlock.header) };
  const [walk, taken] = walked(blocks, floor);
  expect([taken.ok, [...walk.mappings.keys()].toSorted()]).toEqual([
    true,
    [idOf(3), idOf(4)].toSorted(),
  ]);
  const elsewhere = { height: 2, hash: idOf(77) };
  expect(walked(blocks, elsewhere)[1]).toEqual({
    ok: false,
    reason: 'it does not lead to the block that was known',
  });
});

test('whatever is changed in a block, the chain is refused', () => {
  const speaker = speakerWith([[1, 2], [3], [4], [5]]);
  const honest = blocksOf(speaker);
  const other = blocksOf(speakerWith([[9], [8], [7], [6]]));
  const lies: ((block: Block) => Block)[] = [
    (block) => ({ ...block, entries: [...block.entries, entryOf(19)] }),
    (block) => ({ ...block, entries: block.entries.slice(1) }),
    (block) => ({ ...block, jumps: block.jumps.map(() => idOf(5)) }),
    (block) => ({ ...block, header: { ...block.header, time: block.header.time - 1 } }),
    (block) => ({ ...block, signature: new Uint8Array(64) }),
    (block) => other[block.header.height] ?? block,
  ];
  for (const lie of lies) {
    for (const at of [1, 2, 3]) {
      const blocks = honest.map((block) => (block.header.height === at ? lie(block) : block));
      expect(walked(blocks)[1].ok).toBe(false);
    }
  }
});

/** A chain whose peer signs what is not so: all but `spoil` is consistent. */
function liarsChain(spoil: (header: Block['header']) => Block['header']): readonly Block[] {
  const speaker = speakerWith([[1], [2]]);
  const blocks = blocksOf(speaker);
  const head = blocks.pop();
  if (head === undefined) throw new Error('missing');
  const header = spoil(head.header);
  const signature = speaker.lamppost.sign(Uint8Array.fromHex(headerHash(header)));
  return [...blocks, { ...head, header, signature }];
}

test('a signed head with a false state root, history or certificate is found out', () => {
  const reason = (blocks: readonly Block[]) => {
    const [, taken] = walked(blocks);
    return taken.ok ? 'accepted' : taken.reason;
  };
  expect(reason(liarsChain((header) => header))).toBe('accepted');
  expect(reason(liarsChain((header) => ({ ...header, stateRoot: idOf(3) })))).toBe(
    'its state is not what it states',
  );
  expect(reason(liarsChain((header) => ({ ...header, accumulator: idOf(3) })))).toBe(
    'its history is not what it states',
  );
  expect(reason(liarsChain((header) => ({ ...header, epoch: 7 })))).toBe('its signature is false');
});

/** Blocks at these ages before the head, with true jumps; enough of a block for `nextHop`. */
function chainOfTimes(times: readonly number[], spans: readonly number[]) {
  const at = (time: number) => times.findLastIndex((other) => other <= time);
  const name = (index: number) => (index < 0 ? idOf(0).replace(/./g, '0') : idOf(index + 1));
  const block = (index: number) => {
    const time = times[index] ?? 0;
    const jumps = spans.map((span) => name(at(time - span)));
    return { header: { time }, jumps };
  };
  const byName = new Map(times.map((_, index) => [name(index), index]));
  return { block, index: (id: string) => byName.get(id) ?? -1 };
}

test('jumps lead to any age within a bounded number of hops, never past it', () => {
  const spans = [60_000, 3_600_000, 86_400_000, 604_800_000, 2_592_000_000];
  const year = 365 * 86_400_000;
  // Two minutes apart over a year and a half.
  const count = Math.floor((1.5 * year) / 120_000);
  const times = Array.from({ length: count }, (_, index) => index * 120_000);
  const chain = chainOfTimes(times, spans);
  const now = times.at(-1) ?? 0;
  for (const age of [60_000, 3_600_000, 86_400_000, 30 * 86_400_000, year, 1.2 * year]) {
    let at = count - 1;
    let hops = 0;
    for (;;) {
      const next = nextHop(chain.block(at), now - age, 1);
      if (next === null) break;
      at = chain.index(next);
      hops += 1;
    }
    expect(hops).toBeLessThan(Math.min(MAX_HOPS, 112));
    // The newest at that time, or less than the shortest span after it.
    expect((times[at] ?? 0) - (now - age)).toBeLessThan(60_000);
    expect((times[at] ?? 0) - (now - age)).toBeGreaterThan(-120_000);
  }
});
