/**
 * Entry of the adversary image. Which adversary it is stands in LAB_ADVERSARY, its part in
 * LAB_ADVERSARY_PART, which honest images never get; the seat itself is as an honest peer's.
 */
import { refuseToStart } from '../node/runtime/inhabit.ts';
import { runProcess } from '../node/runtime/run-process.ts';
import { readSeat } from '../node/runtime/seat.ts';
import { loadAdversary, readPart } from './load.ts';

try {
  const module = await loadAdversary(process.env['LAB_ADVERSARY'] ?? '');
  const part = readPart(process.env['LAB_ADVERSARY_PART'] ?? '');
  await runProcess(readSeat(process.env['PEER_SEAT']), { module, part });
} catch (error) {
  refuseToStart(error);
}
