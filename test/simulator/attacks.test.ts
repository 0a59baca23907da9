/** The adversaries of a testnet play in virtual time as they do in processes. */
import { expect, test } from 'vitest';
import { readRecord, RECORD_BYTES, type TraceEvent } from '../../lab/simulator/trace.ts';
import { played, SMALL } from './playing.ts';

const WITH_LIARS = SMALL.replace('durationMs: 3000', 'durationMs: 6000')
  .replace('queryRatePerSecond: 3', 'queryRatePerSecond: 8')
  .replace(
    'clients:',
    '  - {group: liars, count: 2, regions: even, adversary: colluding-liars, active: false}\nclients:',
  );
const ATTACK = `attacks:\n  - {name: colluding-liars, atMs: 1000}\n`;

const accusedIn = (rows: readonly { readonly [column: string]: unknown }[]): Set<unknown> =>
  new Set(rows.flatMap(({ event, accused }) => (event === 'banned' ? [accused] : [])));

test('ordered liars lie and are banned; unordered ones are as honest as the others', async () => {
  const attacked = await played(WITH_LIARS + ATTACK);
  const liars = [...attacked.world.members.values()].flatMap(({ member, address }) => {
    return member.adversary === undefined ? [] : [address];
  });
  expect(attacked.announced).toContain('colluding-liars-1 running');
  expect(attacked.attacks).toMatchObject([
    {
      id: 'colluding-liars-1',
      members: ['liars-01', 'liars-02'],
      startedAtMs: attacked.loadStartedAtMs + 1000,
    },
  ]);
  const banned = accusedIn(attacked.rows('slashing'));
  expect(banned.size).toBeGreaterThan(0);
  for (const accused of banned) expect(liars).toContain(accused);

  const asleep = await played(WITH_LIARS);
  expect(asleep.rows('slashing')).toEqual([]);
});

test('an attack ends after its time, and a liar that was killed is told again what it is to do', async () => {
  const heard: TraceEvent[] = [];
  const record = (records: Uint8Array): void => {
    for (let at = 0; at < records.length; at += RECORD_BYTES) {
      const event = readRecord(records.subarray(at, at + RECORD_BYTES));
      if (event.kind === 'order') heard.push(event);
    }
  };
  const run = await played(
    `${WITH_LIARS}attacks:\n  - {name: colluding-liars, atMs: 1000, forMs: 3000}\n` +
      'faults:\n  - {kind: kill, atMs: 1500, forMs: 500, members: [liars-01]}\n',
    { trace: { record } },
  );
  const orders = (name: string, order: string): number => {
    const at = JSON.stringify(run.world.endpoints.get(name));
    const { length } = order;
    return heard.filter((e) => JSON.stringify(e.member) === at && e.lengthBytes === length).length;
  };
  expect(orders('liars-01', 'attack start')).toBe(2);
  expect(orders('liars-02', 'attack start')).toBe(1);
  expect(orders('honest-01', 'attack start')).toBe(0);
  expect(run.announced.filter((line) => /colluding|kill/.test(line))).toEqual([
    'colluding-liars-1 running',
    'kill-1 active',
    'kill-1 cleared',
    'colluding-liars-1 stopped',
  ]);
});
