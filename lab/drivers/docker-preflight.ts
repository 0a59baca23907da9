/**
 * What breaks without a word when many members share one machine, looked up before anything starts.
 */
import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';

/** Ports of a Linux bridge (BR_MAX_PORTS less one). */
export const MAX_BRIDGE_PORTS = 1_023;
/** An idle member's private memory with room for its work. */
const MEMBER_BYTES = 48 * 1024 * 1024;
/** Above so many members, broadcasts on a bridge outgrow the default receive backlog. */
const BACKLOG_MEMBERS = 1_000;

/** What this machine's kernel and memory say. */
export interface HostLimits {
  /** Addresses that the kernel's ARP table holds at most (gc_thresh3). */
  readonly neighbours: number;
  readonly backlogPackets: number;
  readonly freeBytes: number;
}

/** One thing in the way of so many members. */
export interface ScaleProblem {
  readonly fatal: boolean;
  readonly what: string;
  readonly remedy: string;
}

/** Null members of `/proc` (another platform) count as unlimited. */
export function hostLimits(): HostLimits {
  return {
    neighbours: sysctl('net/ipv4/neigh/default/gc_thresh3'),
    backlogPackets: sysctl('net/core/netdev_max_backlog'),
    freeBytes: freemem(),
  };
}

/** The problems that `members` containers would meet; empty when there is none. */
export function scaleProblems(members: number, limits: HostLimits): ScaleProblem[] {
  const problems: ScaleProblem[] = [];
  if (members > MAX_BRIDGE_PORTS) {
    problems.push({
      fatal: true,
      what: `${members} members do not fit on one bridge (${MAX_BRIDGE_PORTS} ports)`,
      remedy: 'fewer members, or --driver process',
    });
  }
  // Each member appears on two networks, and everyone may look up everyone in a table that namespaces share.
  const pairs = Math.min(members * members, members * 64);
  if (pairs > limits.neighbours && members > 64) {
    problems.push({
      fatal: false,
      what: `the address table holds ${limits.neighbours} neighbours, ${members} members need about ${pairs}`,
      remedy: `sysctl -w net.ipv4.neigh.default.gc_thresh3=${2 * pairs}`,
    });
  }
  if (members >= BACKLOG_MEMBERS && limits.backlogPackets < 4 * members) {
    problems.push({
      fatal: false,
      what: `netdev_max_backlog is ${limits.backlogPackets}: packets are lost in silence`,
      remedy: `sysctl -w net.core.netdev_max_backlog=${4 * members}`,
    });
  }
  if (members * MEMBER_BYTES > limits.freeBytes) {
    problems.push({
      fatal: true,
      what: `${members} members need about ${mib(members * MEMBER_BYTES)} MiB, ${mib(limits.freeBytes)} MiB are free`,
      remedy: 'fewer members, or more memory',
    });
  }
  return problems;
}

function sysctl(name: string): number {
  try {
    return Number(readFileSync(`/proc/sys/${name}`, 'utf8'));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 ** 2);
}
