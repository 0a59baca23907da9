import { expect, test } from 'vitest';
import { choosePlan, isPlan, isSightings, Sightings } from './plan.ts';

const id = (digit: string) => digit.repeat(64);
const knobs = { victims: 1, tokens: 2, accomplices: 2 };

test('victims are those who ask most, tokens those that enough accomplices are asked about', () => {
  const sightings = new Sightings();
  sightings.add(id('a'), [
    { client: id('1'), token: id('5'), count: 3 },
    { client: id('1'), token: id('6'), count: 9 },
    { client: id('2'), token: id('5'), count: 1 },
  ]);
  sightings.add(id('b'), [{ client: id('1'), token: id('5'), count: 1 }]);
  const plan = choosePlan({ victims: [], tokens: [] }, sightings, knobs);
  expect(plan).toEqual({ victims: [id('1')], tokens: [id('5')] });
});

test('a plan only grows: who was a victim stays one', () => {
  const sightings = new Sightings();
  for (let n = 0; n < 9; n += 1) sightings.saw(id('2'), id('7'), id('a'));
  const plan = choosePlan({ victims: [id('1')], tokens: [id('5')] }, sightings, knobs);
  expect(plan.victims).toEqual([id('1')]);
  expect(plan.tokens).toContain(id('5'));
});

test('what is not of the conspiracy is not taken for it', () => {
  for (const message of [null, 7, {}, { kind: 'plan' }, { kind: 'plan', plan: { victims: [1] } }]) {
    expect(isPlan(message)).toBe(false);
  }
  expect(isSightings({ kind: 'sightings', sightings: [{ client: 'x' }] })).toBe(false);
  expect(isPlan({ kind: 'plan', plan: { victims: [id('1')], tokens: [] } })).toBe(true);
});
