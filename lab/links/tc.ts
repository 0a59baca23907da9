/**
 * One member's outgoing links as a `tc -batch` program: a root HTB with one class per destination
 * region, a leaf below each that delays and loses, and one u32 filter per region's subnet. What goes
 * elsewhere (ARP, the bridge's own address) takes the default class, which holds nothing back.
 *
 * `DEV` stands for the member's data interface; the helper puts its name in. The numbers below are
 * ours: a handle that nobody else uses tells our rules from a stranger's.
 *
 * Every line is a `replace` with fixed ids, so that applying a program again changes parameters in
 * place and packets that are under way stay under way. One exception is the kernel's: a root HTB
 * cannot be changed, so the helper leaves out the first line when ours is there already.
 */
import type { LinkClass } from '../../node/control.ts';

/** Handle of our root qdisc. */
export const ROOT_HANDLE = '1ab:';
/** Minor number of the unshaped default class, and of the first region's class. */
const DEFAULT_MINOR = 1;
const FIRST_MINOR = 0x10;
/** Major number of the first leaf; each region has LEAF_KINDS of them. */
const FIRST_LEAF = 0x200;
/** uniform, normal, pareto, plain queue. */
const LEAF_KINDS = 4;
/** More regions than any testnet has; keeps minors and leaves apart from one another. */
export const MAX_CLASSES = 1_024;
/** What "unlimited" is to HTB, which wants a number: more than a virtual Ethernet pair carries. */
const UNLIMITED_BITS_PER_SECOND = 32_000_000_000;
/** HTB's turn for a class, bytes: given so that the kernel need not guess (and warn) from the rate. */
const QUANTUM_BYTES = 60_000;
/**
 * A sender's datagrams per second that the queue must hold without dropping: more than one Node
 * process sends (450 k on loopback). netem's own default of 1,000 packets drops under load.
 */
const MAX_PACKETS_PER_SECOND = 500_000;
/** Smallest packet we count on when a rate is given: Ethernet, IPv4 and UDP headers and a few bytes. */
const SMALLEST_PACKET_BYTES = 64;
/** How long a queue in front of a limited rate may grow before it drops, like a router's buffer. */
const RATE_BUFFER_MS = 250;
const LEAST_LIMIT_PACKETS = 1_000;
const MOST_LIMIT_PACKETS = 1_000_000;

/** The program; `netem: false` puts plain queues in place of the leaves, for kernels without netem. */
export function tcProgram(
  classes: readonly LinkClass[],
  { netem }: { readonly netem: boolean },
): string[] {
  if (classes.length > MAX_CLASSES) throw new RangeError(`more than ${MAX_CLASSES} link classes`);
  const lines = [
    `qdisc replace dev DEV root handle ${ROOT_HANDLE} htb default ${DEFAULT_MINOR}`,
    ...classLines(DEFAULT_MINOR, 0),
    `qdisc replace dev DEV parent ${classId(DEFAULT_MINOR)} handle 1ac: pfifo limit ${LEAST_LIMIT_PACKETS}`,
  ];
  classes.forEach((link, index) => {
    const minor = FIRST_MINOR + index;
    lines.push(
      ...classLines(minor, link.rateBitsPerSecond),
      `qdisc replace dev DEV parent ${classId(minor)} ${leaf(link, index, netem)}`,
    );
  });
  classes.forEach((link, index) => {
    const target = classId(FIRST_MINOR + index);
    lines.push(
      `filter replace dev DEV parent ${ROOT_HANDLE} protocol ip prio 1 handle 800::${hex(index + 1)}` +
        ` u32 match ip dst ${link.subnet} flowid ${target}`,
    );
  });
  return lines;
}

/** The HTB class of the `index`-th entry, as `tc class show` names it: `1ab:10`. */
export function regionClassId(index: number): string {
  return classId(FIRST_MINOR + index);
}

/**
 * How many packets a leaf must hold: those under way for the delay (and four deviations of its
 * jitter) at the fastest rate that the class lets in, plus the buffer in front of a limited rate.
 */
export function limitPackets(link: LinkClass): number {
  const heldMs = link.delayMs + 4 * link.jitterMs;
  const limited = link.rateBitsPerSecond > 0;
  const perSecond = limited
    ? Math.min(MAX_PACKETS_PER_SECOND, link.rateBitsPerSecond / 8 / SMALLEST_PACKET_BYTES)
    : MAX_PACKETS_PER_SECOND;
  const packets = Math.ceil((perSecond * (heldMs + (limited ? RATE_BUFFER_MS : 0))) / 1_000);
  return Math.min(MOST_LIMIT_PACKETS, Math.max(LEAST_LIMIT_PACKETS, packets));
}

function classLines(minor: number, rateBitsPerSecond: number): string[] {
  const rate = `${number(rateBitsPerSecond > 0 ? rateBitsPerSecond : UNLIMITED_BITS_PER_SECOND)}bit`;
  return [
    `class replace dev DEV parent ${ROOT_HANDLE} classid ${classId(minor)} htb` +
      ` rate ${rate} ceil ${rate} quantum ${QUANTUM_BYTES}`,
  ];
}

/**
 * A leaf's handle says what kind it is: netem keeps a distribution that a later change doesn't
 * mention, and a plain queue cannot turn into netem, so another kind is another qdisc. Within a kind
 * every parameter is said every time.
 */
function leaf(link: LinkClass, index: number, netem: boolean): string {
  const limit = limitPackets(link);
  const handle = (kind: number) => `handle ${hex(FIRST_LEAF + index * LEAF_KINDS + kind)}:`;
  if (!netem || asksNothing(link)) return `${handle(3)} pfifo limit ${limit}`;
  if (link.cut) return `${handle(0)} netem limit ${limit} delay 0ms 0ms 0% loss random 100%`;
  const jitter = link.jitterMs > 0;
  const kind = jitter ? ['uniform', 'normal', 'pareto'].indexOf(link.distribution) : 0;
  const words = [
    `${handle(kind)} netem limit ${limit}`,
    `delay ${number(link.delayMs)}ms ${number(link.jitterMs)}ms ${percent(link.correlation)}`,
  ];
  if (jitter && link.distribution !== 'uniform') words.push(`distribution ${link.distribution}`);
  words.push(lossWords(link));
  if (link.duplicate > 0) words.push(`duplicate ${percent(link.duplicate)}`);
  // netem reorders by letting a packet overtake those delayed: without a delay there is none.
  if (link.reorder > 0 && link.delayMs > 0) words.push(`reorder ${percent(link.reorder)}`);
  return words.join(' ');
}

function lossWords({ burst, loss }: LinkClass): string {
  if (burst === undefined) return `loss random ${percent(loss)}`;
  // p, r, 1-h, 1-k of tc-netem(8).
  const { enter, leave, lossBad, lossGood } = burst;
  return `loss gemodel ${[enter, leave, lossBad, lossGood].map(percent).join(' ')}`;
}

function asksNothing(link: LinkClass): boolean {
  return (
    !link.cut &&
    link.delayMs === 0 &&
    link.jitterMs === 0 &&
    link.loss === 0 &&
    link.burst === undefined &&
    link.duplicate === 0
  );
}

function classId(minor: number): string {
  return `${ROOT_HANDLE}${hex(minor)}`;
}

function hex(value: number): string {
  return value.toString(16);
}

/** Without an exponent, which tc does not read. */
function number(value: number): string {
  return value.toFixed(6).replace(/\.?0+$/, '');
}

function percent(probability: number): string {
  return `${number(probability * 100)}%`;
}
