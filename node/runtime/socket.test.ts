import { afterEach, expect, test } from 'vitest';
import { useCryptography } from '../crypto/cryptography.ts';
import { Shaper } from './shaper.ts';
import { UdpSocket } from './socket.ts';

afterEach(() => useCryptography('real'));

const open = (): Promise<UdpSocket> =>
  UdpSocket.open({ ip: '127.0.0.1', port: 0 }, new Shaper(), () => undefined);

test('no real socket opens while any cryptography of the process is ideal', async () => {
  useCryptography('ideal');
  await expect(open()).rejects.toThrow(/simulations alone/);
  useCryptography('real', 'ideal');
  await expect(open()).rejects.toThrow(/simulations alone/);
  useCryptography('real');
  const socket = await open();
  socket.close();
});
