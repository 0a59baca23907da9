/**
 * Loopback addresses of one run: 127.<slot>.<region>.0/24. Two living runs never share a slot: while
 * a supervisor lives it holds a guard socket on 127.<slot>.0.1; runs of the same LAB_HOME, living or
 * halted, have written theirs down; and members of anybody's else's run are noticed by their sockets.
 */
import { createSocket, type Socket } from 'node:dgram';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Endpoint } from '../../node/host.ts';
import { EXIT, LabError } from '../errors.ts';

const SLOT_FILE = 'process-slot';
const GUARD_PORT = 7199;
/** First data port; the probe socket has the next, further members of an address two more. */
const FIRST_PORT = 7200;
const HOSTS_PER_SUBNET = 254;
/** 127.0.x.x is everybody's; 127.255 holds a broadcast address. */
const FIRST_SLOT = 1;
const LAST_SLOT = 254;
const MAX_REGIONS = 254;

/** Data endpoint of the `index`-th member of the `region`-th region (from 0). */
export function slotEndpoint(slot: number, region: number, index: number): Endpoint {
  const host = (index % HOSTS_PER_SUBNET) + 1;
  const port = FIRST_PORT + 2 * Math.floor(index / HOSTS_PER_SUBNET);
  return { ip: `127.${slot}.${region + 1}.${host}`, port };
}

/** This run's slot, kept in its folder: chosen once, found again when the run is re-attached. */
export async function claimSlot(
  runDirectory: string,
  regions: number,
): Promise<{ readonly slot: number; readonly guard: Socket | null }> {
  if (regions > MAX_REGIONS) {
    throw new LabError(`${regions} regions; loopback has room for ${MAX_REGIONS}`, {
      exitCode: EXIT.machineCannot,
    });
  }
  const file = path.join(runDirectory, SLOT_FILE);
  if (existsSync(file)) {
    const slot = Number(readFileSync(file, 'utf8'));
    // Its own members may be alive, so only the guard is asked for.
    return { slot, guard: await bind(`127.${slot}.0.1`, GUARD_PORT) };
  }
  const taken = slotsOfOtherRuns(path.dirname(runDirectory));
  for (let slot = FIRST_SLOT; slot <= LAST_SLOT; slot += 1) {
    if (taken.has(slot)) continue;
    const guard = await bind(`127.${slot}.0.1`, GUARD_PORT);
    if (guard === null) continue;
    if (await isFree(slot, regions)) {
      writeFileSync(file, String(slot));
      return { slot, guard };
    }
    guard.close();
  }
  throw new LabError('no free loopback addresses: 254 runs hold them', {
    exitCode: EXIT.machineCannot,
    remedy: 'lab ps, then lab down for runs you no longer need',
  });
}

/** Gives the slot back, once nothing of the run has a socket there: its folder stays, with results. */
export function freeSlot(runDirectory: string): void {
  rmSync(path.join(runDirectory, SLOT_FILE), { force: true });
}

function slotsOfOtherRuns(runs: string): Set<number> {
  const slots = new Set<number>();
  if (!existsSync(runs)) return slots;
  for (const run of readdirSync(runs)) {
    const file = path.join(runs, run, SLOT_FILE);
    if (existsSync(file)) slots.add(Number(readFileSync(file, 'utf8')));
  }
  return slots;
}

async function isFree(slot: number, regions: number): Promise<boolean> {
  for (let region = 0; region < regions; region += 1) {
    const { ip, port } = slotEndpoint(slot, region, 0);
    const socket = await bind(ip, port);
    if (socket === null) return false;
    socket.close();
  }
  return true;
}

function bind(ip: string, port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.unref();
    socket.once('error', () => {
      socket.close();
      resolve(null);
    });
    socket.bind({ address: ip, port, exclusive: true }, () => resolve(socket));
  });
}
