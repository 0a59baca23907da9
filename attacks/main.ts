/**
 * Entry of the adversary image. Which adversary it is stands in LAB_ADVERSARY, which honest images
 * never get; the seat itself is as an honest peer's.
 */
import { refuseToStart } from '../node/runtime/inhabit.ts';
import { runProcess } from '../node/runtime/run-process.ts';
import { readSeat } from '../node/runtime/seat.ts';
import { loadAdversary } from './load.ts';

try {
  const create = await loadAdversary(process.env['LAB_ADVERSARY'] ?? '');
  await runProcess(readSeat(process.env['PEER_SEAT']), create);
} catch (error) {
  refuseToStart(error);
}
