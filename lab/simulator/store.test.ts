import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryStore } from './store.ts';

type Step =
  | { readonly do: 'put'; readonly key: string; readonly value: number }
  | { readonly do: 'delete'; readonly key: string }
  | { readonly do: 'begin' | 'commit' | 'roll back' };

const key = fc.constantFrom('a', 'a/1', 'a/2', 'ab', 'b', 'b/1', '');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('put' as const), key, value: fc.nat(255) }),
  fc.record({ do: fc.constant('delete' as const), key }),
  fc.record({ do: fc.constantFrom('begin' as const, 'commit' as const, 'roll back' as const) }),
);

function content(store: MemoryStore, prefix = ''): [string, number | undefined][] {
  return [...store.entries(prefix)].map(([name, value]) => [name, value[0]]);
}

function sorted(map: ReadonlyMap<string, number>, prefix = ''): [string, number][] {
  return [...map].filter(([name]) => name.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
}

test('a disk over a shared base is a map whose turns are kept or undone as a whole', () => {
  fc.assert(
    fc.property(
      fc.dictionary(key, fc.nat(255)),
      fc.array(step, { maxLength: 60 }),
      key,
      (shared, steps, prefix) => {
        const base = new MemoryStore();
        for (const [name, value] of Object.entries(shared)) base.put(name, Uint8Array.of(value));
        const before = content(base);
        const store = new MemoryStore(base);
        let model = new Map(Object.entries(shared));
        let durable = new Map(model);
        let inTurn = false;
        for (const action of steps) {
          if (action.do === 'put') {
            store.put(action.key, Uint8Array.of(action.value));
            model.set(action.key, action.value);
          } else if (action.do === 'delete') {
            store.delete(action.key);
            model.delete(action.key);
          } else if (action.do === 'begin') {
            store.begin();
            inTurn = true;
          } else if (action.do === 'commit') {
            store.commit();
            inTurn = false;
          } else {
            store.rollBack();
            model = new Map(durable);
            inTurn = false;
          }
          if (!inTurn) durable = new Map(model);
          expect(content(store, prefix)).toEqual(sorted(model, prefix));
          expect(store.get(prefix)?.[0]).toBe(model.get(prefix));
          expect(content(store.copy())).toEqual(sorted(durable));
        }
        expect(content(base)).toEqual(before);
      },
    ),
  );
});

test('values given and taken are copies, and a copy of a disk goes its own way', () => {
  const store = new MemoryStore();
  const value = Uint8Array.of(1);
  store.put('k', value);
  value[0] = 2;
  const taken = store.get('k');
  if (taken !== undefined) taken[0] = 3;
  expect(store.get('k')).toEqual(Uint8Array.of(1));
  const copy = store.copy();
  copy.put('k', Uint8Array.of(4));
  store.delete('k');
  expect([store.get('k'), copy.get('k')]).toEqual([undefined, Uint8Array.of(4)]);
});
