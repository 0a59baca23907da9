import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { Prober } from './probe.ts';
import { Shaper } from './shaper.ts';
import { dropsOf } from './socket.ts';

const KEY = new Uint8Array(32).fill(7);
const open: Prober[] = [];
afterEach(() => {
  for (const opened of open.splice(0)) opened.close();
});

async function prober(port: number, key = KEY, shaper = new Shaper()): Promise<Prober> {
  const opened = await Prober.open({ ip: '127.0.0.1', port }, key, shaper);
  open.push(opened);
  return opened;
}

const request = (port: number) => ({
  target: { ip: '127.0.0.1', port: port - 1 },
  count: 5,
  intervalMs: 2,
  timeoutMs: 200,
});

test('every probe of a run comes back, through the shaper in both directions', async () => {
  const slow = new Shaper();
  slow.setClasses([
    {
      region: 'r',
      subnet: '127.0.0.0/8',
      delayMs: 15,
      jitterMs: 0,
      distribution: 'uniform',
      correlation: 0,
      loss: 0,
      duplicate: 1,
      reorder: 0,
      rateBitsPerSecond: 0,
      cut: false,
    },
  ]);
  const asker = await prober(39_101, KEY, slow);
  await prober(39_103, KEY, slow);
  const result = await asker.probe(request(39_103));
  // Both copies of a duplicated probe are answered, and still count once.
  expect([result.sent, result.received]).toEqual([5, 5]);
  // Each direction may be half a timer tick early.
  expect(Math.min(...result.rttMs)).toBeGreaterThanOrEqual(29);
});

test('a probe with another key gets no answer at all', async () => {
  const stranger = await prober(39_105, new Uint8Array(32).fill(8));
  await prober(39_107);
  const result = await stranger.probe({ ...request(39_107), timeoutMs: 60 });
  expect([result.sent, result.received]).toEqual([5, 0]);
});

test('what is no probe is dropped', async () => {
  await prober(39_109);
  const socket = createSocket('udp4');
  const answers: unknown[] = [];
  socket.on('message', (message) => answers.push(message));
  for (const bytes of [1, 33, 34, 1400]) socket.send(new Uint8Array(bytes), 39_109, '127.0.0.1');
  await once(socket, 'listening');
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.close();
  expect(answers).toEqual([]);
});

test("the kernel's drops are read from the line of this very socket", () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 5177: 0100007F:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 2 2 0 11
 5178: 0201037F:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 2 2 0 42`;
  expect(dropsOf(table, { ip: '127.3.1.2', port: 8080 })).toBe(42);
  expect(dropsOf(table, { ip: '127.3.1.2', port: 8081 })).toBe(0);
});
