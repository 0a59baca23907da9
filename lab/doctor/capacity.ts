/** What members cost, and the kernel's limits on how many there can be. */
import type { DriverName } from '../drivers/driver.ts';
import { availableMemoryBytes, openFileLimit, readNumber } from './machine.ts';

/**
 * Memory of one member. A bare Node 26 process with sockets has 55 MiB resident, and the peer adds
 * its code, its tables and SQLite; the aim is 80 MiB, counted here in full though pages are shared.
 */
export const MEMBER_MIB = 80;
/** The supervisor with the embedded store, and the command. */
const LAB_MIB = 1024;
const MIB = 1024 * 1024;
/** A member's socket, store and logs as the supervisor sees it: its WebSocket, its telemetry post. */
const FILES_PER_MEMBER = 4;
const FILES_OF_LAB = 512;
/** The kernel's limit on ports of a bridge (BR_MAX_PORTS is 1024, port 0 is not used). */
export const MAX_BRIDGE_PORTS = 1023;
/** Each member may know each other one: entries of all namespaces share the one table. */
const GC_THRESH_3 = '/proc/sys/net/ipv4/neigh/default/gc_thresh3';
const BACKLOG = '/proc/sys/net/core/netdev_max_backlog';
/** Datagrams that may wait for one core at once: a burst from every member. */
const BACKLOG_PER_MEMBER = 10;

export interface Shortage {
  /** `stop`: the run cannot work. `warn`: its figures may suffer. */
  readonly level: 'stop' | 'warn';
  readonly finding: string;
  readonly remedy: string;
}

/** How many members fit into the memory that is free now. */
export function membersThatFit(): number {
  return Math.max(0, Math.floor((availableMemoryBytes() / MIB - LAB_MIB) / MEMBER_MIB));
}

/** Entries that the neighbour table needs for `members` containers on one bridge network. */
export function neighbourEntries(members: number): number {
  // Peers talk mostly to a neighbourhood; a full mesh is the bound that is never passed.
  return Math.min(members * (members - 1), members * 128);
}

/** What this machine lacks for `members` members. */
export function shortages(members: number, driver: DriverName): Shortage[] {
  const found: Shortage[] = [];
  const fit = membersThatFit();
  if (members > fit) {
    found.push({
      level: 'stop',
      finding: `${members} members need about ${members * MEMBER_MIB + LAB_MIB} MiB of memory; free is enough for ${fit}`,
      remedy: 'end other programs or runs (npx lab ps), or ask for fewer members',
    });
  }
  const files = openFileLimit();
  const wanted = members * FILES_PER_MEMBER + FILES_OF_LAB;
  if (files !== null && files < wanted) {
    found.push({
      level: 'stop',
      finding: `${members} members need about ${wanted} open files; the limit is ${files}`,
      remedy: `ulimit -n ${wanted}`,
    });
  }
  if (driver === 'docker') found.push(...networkShortages(members));
  return found;
}

function networkShortages(members: number): Shortage[] {
  const found: Shortage[] = [];
  if (members + 1 > MAX_BRIDGE_PORTS) {
    found.push({
      level: 'stop',
      finding: `${members} members on one bridge; the kernel allows ${MAX_BRIDGE_PORTS} ports`,
      remedy: 'ask for fewer members',
    });
  }
  const entries = readNumber(GC_THRESH_3);
  const needed = neighbourEntries(members);
  if (entries !== null && entries < needed) {
    found.push({
      level: 'warn',
      finding: `the address table holds ${entries} entries, ${members} members may need ${needed}`,
      remedy: `sysctl -w net.ipv4.neigh.default.gc_thresh3=${needed} net.ipv4.neigh.default.gc_thresh2=${Math.ceil(needed / 2)}`,
    });
  }
  const backlog = readNumber(BACKLOG);
  const burst = members * BACKLOG_PER_MEMBER;
  if (backlog !== null && backlog < burst) {
    found.push({
      level: 'warn',
      finding: `netdev_max_backlog is ${backlog}; bursts of ${members} members (${burst} packets) may be lost in silence`,
      remedy: `sysctl -w net.core.netdev_max_backlog=${burst}`,
    });
  }
  return found;
}
