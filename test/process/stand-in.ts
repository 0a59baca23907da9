/** An inhabitant that only counts: the runtime's own tests need a process, not a protocol. */
import { inhabit } from '../../node/runtime/inhabit.ts';
import { readSeat } from '../../node/runtime/seat.ts';

const FOUNDED = 'founded';

await inhabit(readSeat(process.env['PEER_SEAT']), (host) => {
  const starts = (host.store.get('starts')?.[0] ?? 0) + 1;
  host.store.put('starts', Uint8Array.of(starts));
  const health = () => ({
    meshed: host.store.get(FOUNDED) !== undefined,
    connected: 0,
    wanted: 0,
    members: 0,
    banned: 0,
    epoch: starts,
    height: 0,
    tokens: 0,
    pending: 0,
    frozen: 0,
  });
  return {
    record: 'ab',
    address: 'cd',
    get founded() {
      return host.store.get(FOUNDED) !== undefined;
    },
    found: () => host.store.put(FOUNDED, Uint8Array.of(1)),
    start: () => {},
    receive: (from, datagram) => host.send(from, datagram),
    health,
    stop: () => {},
  };
});
