/** Mutations of byte strings: from one valid input to one that is nearly valid. */

/** Longer inputs than a message can be show nothing new and cost much. */
const MAX_INPUT_BYTES = 16_384;
/** Values at which counts, lengths and flags change their meaning. */
const EDGES: readonly number[] = [0, 1, 2, 3, 4, 7, 8, 31, 32, 33, 63, 64, 65, 127, 128, 254, 255];

type Random = () => number;

function below(random: Random, bound: number): number {
  return Math.floor(random() * bound);
}

export function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => below(random, 256));
}

/** One to four edits of `input`; `other` is another input to take parts from. */
export function mutate(random: Random, input: Uint8Array, other: Uint8Array): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(input);
  for (let edits = 1 + below(random, 4); edits > 0; edits -= 1) {
    const edit = EDITS[below(random, EDITS.length)];
    if (edit !== undefined) bytes = edit(random, bytes, other);
  }
  return bytes.subarray(0, MAX_INPUT_BYTES);
}

type Edit = (random: Random, bytes: Uint8Array, other: Uint8Array) => Uint8Array;

const EDITS: readonly Edit[] = [
  flip,
  setEdge,
  setEdge,
  setRandom,
  insert,
  remove,
  truncate,
  splice,
  repeat,
  number,
];

function flip(random: Random, bytes: Uint8Array): Uint8Array {
  const at = below(random, bytes.length);
  if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8));
  return bytes;
}

function setEdge(random: Random, bytes: Uint8Array): Uint8Array {
  if (bytes.length > 0)
    bytes[below(random, bytes.length)] = EDGES[below(random, EDGES.length)] ?? 0;
  return bytes;
}

function setRandom(random: Random, bytes: Uint8Array): Uint8Array {
  if (bytes.length > 0) bytes[below(random, bytes.length)] = below(random, 256);
  return bytes;
}

function insert(random: Random, bytes: Uint8Array): Uint8Array {
  const at = below(random, bytes.length + 1);
  const more = randomBytes(random, 1 + below(random, 40));
  return Uint8Array.of(...bytes.subarray(0, at), ...more, ...bytes.subarray(at));
}

function remove(random: Random, bytes: Uint8Array): Uint8Array {
  const at = below(random, bytes.length);
  const end = at + 1 + below(random, 40);
  return Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(end));
}

function truncate(random: Random, bytes: Uint8Array): Uint8Array {
  return bytes.slice(0, below(random, bytes.length + 1));
}

function splice(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const head = bytes.subarray(0, below(random, bytes.length + 1));
  return Uint8Array.of(...head, ...other.subarray(below(random, other.length + 1)));
}

/** The same part again and again: lists beyond their length. */
function repeat(random: Random, bytes: Uint8Array): Uint8Array {
  const at = below(random, bytes.length);
  const part = bytes.subarray(at, at + 1 + below(random, 64));
  const times = Array.from({ length: 1 + below(random, 8) }, () => [...part]).flat();
  return Uint8Array.of(...bytes.subarray(0, at), ...times, ...bytes.subarray(at));
}

/** Eight bytes become a number at an edge of what numbers may be. */
function number(random: Random, bytes: Uint8Array): Uint8Array {
  const edges = [0n, 1n, 0xffff_ffffn, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
  const at = below(random, Math.max(1, bytes.length - 7));
  if (at + 8 > bytes.length) return bytes;
  new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(
    at,
    edges[below(random, edges.length)] ?? 0n,
  );
  return bytes;
}
