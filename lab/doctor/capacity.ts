/** What members cost, and the kernel's limits on how many there can be. */
import { readFileSync } from 'node:fs';
import type { DriverName } from '../drivers/driver.ts';
import { availableMemoryBytes, openFileLimit, readNumber } from './machine.ts';

/**
 * Memory that one member takes from the machine: its private pages. Over sixty idle peers 29 MiB on
 * average and 37 at most (86 resident, of which 56 are pages of Node and our code that all share);
 * the rest is room for work.
 */
export const MEMBER_MIB = 40;
/** The supervisor with the embedded store, the command, and what members share. */
const LAB_MIB = 1024;
const MIB = 1024 * 1024;
/** A member's socket, store and logs as the supervisor sees it: its WebSocket, its telemetry post. */
const FILES_PER_MEMBER = 4;
const FILES_OF_LAB = 512;
/**
 * Of one network. A bridge has 1,023 ports (BR_MAX_PORTS is 1024, port 0 is not used), and above 1,002
 * containers on one the kernel's backlog loses packets in silence.
 */
export const MAX_PROCESSES = 1000;
/** Entries of every namespace share one address table; beyond this many it refuses new ones. */
const ADDRESS_TABLE = '/proc/sys/net/ipv4/neigh/default/gc_thresh3';
/** Its second column on is per core; `entries` (first, hexadecimal) is the whole table's. */
const ADDRESSES_IN_USE = '/proc/net/stat/arp_cache';
const BACKLOG = '/proc/sys/net/core/netdev_max_backlog';
/** Datagrams that may wait for one core at once: a burst from every member. */
const BACKLOG_PER_MEMBER = 10;
/** A member's entry for the lab, and the lab's for the member. */
const ADDRESSES_PER_MEMBER = 2;

export interface Shortage {
  /** `stop`: the run cannot work. `warn`: its figures may suffer. */
  readonly level: 'stop' | 'warn';
  readonly finding: string;
  readonly remedy: string;
}

/** What this machine's kernel and memory say; Infinity where they set no limit. */
export interface HostLimits {
  readonly availableBytes: number;
  readonly openFiles: number;
  readonly addresses: number;
  readonly addressesInUse: number;
  readonly backlogPackets: number;
}

export function hostLimits(): HostLimits {
  return {
    availableBytes: availableMemoryBytes(),
    openFiles: openFileLimit() ?? Number.POSITIVE_INFINITY,
    addresses: readNumber(ADDRESS_TABLE) ?? Number.POSITIVE_INFINITY,
    addressesInUse: addressesInUse(),
    backlogPackets: readNumber(BACKLOG) ?? Number.POSITIVE_INFINITY,
  };
}

/** How many members fit into the memory that is free now. */
export function membersThatFit({ availableBytes }: HostLimits = hostLimits()): number {
  return Math.max(0, Math.floor((availableBytes / MIB - LAB_MIB) / MEMBER_MIB));
}

/** What the machine lacks for `members` members. */
export function shortages(
  members: number,
  driver: DriverName,
  limits: HostLimits = hostLimits(),
): Shortage[] {
  const found: Shortage[] = [];
  if (members > MAX_PROCESSES) {
    found.push({
      level: 'stop',
      finding: `${members} members; real ones can be at most ${MAX_PROCESSES}`,
      remedy: 'simulate them (lab run FILE --driver sim), or ask for fewer members',
    });
  }
  const fit = membersThatFit(limits);
  if (members > fit) {
    found.push({
      level: 'stop',
      finding: `${members} members need about ${members * MEMBER_MIB + LAB_MIB} MiB of memory; free is enough for ${fit}`,
      remedy: 'end other programs or runs (npx lab ps), or ask for fewer members',
    });
  }
  const wanted = members * FILES_PER_MEMBER + FILES_OF_LAB;
  if (limits.openFiles < wanted) {
    found.push({
      level: 'stop',
      finding: `${members} members need about ${wanted} open files; the limit is ${limits.openFiles}`,
      remedy: `ulimit -n ${wanted}`,
    });
  }
  if (driver === 'docker') found.push(...networkShortages(members, limits));
  return found;
}

function networkShortages(members: number, limits: HostLimits): Shortage[] {
  const found: Shortage[] = [];
  // Each member may know each other one. A network that overflowed the table did not mesh.
  const needed = members * (members - 1 + ADDRESSES_PER_MEMBER) + limits.addressesInUse;
  if (limits.addresses < needed) {
    found.push({
      level: 'stop',
      finding: `the kernel's address table (gc_thresh3) holds ${limits.addresses} entries, ${members} containers need ${needed}`,
      remedy: raiseAddressTable(needed),
    });
  }
  const burst = members * BACKLOG_PER_MEMBER;
  if (limits.backlogPackets < burst) {
    found.push({
      level: 'warn',
      finding: `netdev_max_backlog is ${limits.backlogPackets}; bursts of ${members} members (${burst} packets) may be lost in silence`,
      remedy: `sysctl -w net.core.netdev_max_backlog=${burst}`,
    });
  }
  return found;
}

/** Twice what is needed: the kernel begins to clean up at half of the most that it holds. */
function raiseAddressTable(needed: number): string {
  const most = 2 ** Math.ceil(Math.log2(2 * needed));
  const name = 'net.ipv4.neigh.default.gc_thresh';
  return `sysctl -w ${name}3=${most} ${name}2=${most / 2}`;
}

function addressesInUse(): number {
  try {
    const [, firstCore = ''] = readFileSync(ADDRESSES_IN_USE, 'utf8').split('\n');
    return Number.parseInt(firstCore, 16) || 0;
  } catch {
    return 0;
  }
}
