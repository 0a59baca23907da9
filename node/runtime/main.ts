/** Entry of the peer image: an honest peer or a client, as its seat says. */
import { refuseToStart } from './inhabit.ts';
import { runProcess } from './run-process.ts';
import { readSeat } from './seat.ts';

try {
  await runProcess(readSeat(process.env['PEER_SEAT']));
} catch (error) {
  refuseToStart(error);
}
