/** The YAML text of a testnet file, as plain values that remember where they stood. */
import { LineCounter, isAlias, isMap, isNode, isPair, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, Node, Pair } from 'yaml';
import { visit } from 'yaml';
import type { Problem } from './problem.ts';

/** Far above the largest sensible testnet, far below what makes parsing slow. */
export const MAX_FILE_BYTES = 256 * 1024;
/** The schema is six levels deep; deeper nesting is a mistake or an attempt to exhaust the stack. */
const MAX_DEPTH = 24;

export type Path = readonly (string | number)[];

export interface ManifestDocument {
  readonly value: unknown;
  /** The problem with this message at the value (or, with `key`, at the key) that `path` names. */
  at(path: Path, message: string, part?: 'value' | 'key'): Problem;
}

export type ReadDocument =
  | { readonly ok: true; readonly document: ManifestDocument }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads one YAML document without aliases, tags, merges or repeated keys. Never throws. */
export function readDocument(text: string): ReadDocument {
  const size = Buffer.byteLength(text);
  if (size > MAX_FILE_BYTES) {
    return failed(`the file has ${size} bytes; allowed: at most ${MAX_FILE_BYTES}`);
  }
  try {
    return parse(text);
  } catch (error) {
    // Nesting that exhausts the stack of the parser, and whatever else it throws for hostile text.
    const reason = error instanceof Error ? error.message : String(error);
    return failed(`not readable as YAML: ${reason.split('\n')[0] ?? ''}`);
  }
}

function failed(message: string): ReadDocument {
  return { ok: false, problems: [{ line: 1, column: 1, message }] };
}

function parse(text: string): ReadDocument {
  const lines = new LineCounter();
  const tree = parseDocument(text, {
    lineCounter: lines,
    schema: 'core',
    merge: false,
    uniqueKeys: true,
    prettyErrors: false,
    stringKeys: false,
  });
  const position = (offset: number) => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const problems: Problem[] = [...tree.errors, ...tree.warnings].map((error) => ({
    ...position(error.pos[0]),
    message: explainSyntax(error.code, error.message),
  }));
  for (const [offset, message] of unwanted(tree)) problems.push({ ...position(offset), message });
  if (problems.length > 0) return { ok: false, problems };
  const at = (path: Path, message: string, part: 'value' | 'key' = 'value') => ({
    ...position(offsetOf(tree, path, part)),
    message: path.length === 0 ? message : `${pathText(path)}: ${message}`,
  });
  return { ok: true, document: { value: tree.toJS({ maxAliasCount: 0 }), at } };
}

function explainSyntax(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'this key was given before; allowed: each key once';
  if (code === 'BLOCK_AS_IMPLICIT_KEY') {
    return 'a list item among the keys of a mapping; allowed: one or the other (a default profile among links is the item "- default: {…}")';
  }
  if (code === 'MULTIPLE_DOCS') return 'a second YAML document; allowed: one testnet a file';
  if (code === 'TAG_RESOLVE_FAILED') return `${message}; allowed: no tags`;
  return `not YAML: ${message}`;
}

/** Aliases, merge keys, keys that are not words, and nesting beyond the limit. */
function unwanted(tree: Document): (readonly [offset: number, message: string])[] {
  const found: (readonly [number, string])[] = [];
  const add = (node: Node, message: string) => found.push([node.range?.[0] ?? 0, message]);
  visit(tree, {
    Node(_key, node, path) {
      if (path.length > MAX_DEPTH * 2) {
        add(node, `nested deeper than ${MAX_DEPTH} levels; allowed: what the schema has`);
        return visit.SKIP;
      }
      if (isAlias(node)) add(node, `an alias (*${node.source}); allowed: values written out`);
      else if (node.anchor !== undefined) {
        add(node, `an anchor (&${node.anchor}); allowed: values written out`);
      }
      return undefined;
    },
    Pair(_key, pair) {
      const key: unknown = pair.key;
      if (isScalar(key) && key.value !== null && typeof key.value !== 'object') return undefined;
      if (isNode(key) && !isAlias(key)) add(key, 'a key that is not a word; allowed: words');
      return visit.SKIP;
    },
  });
  return found;
}

function pairAt(node: unknown, step: string | number): Pair | undefined {
  if (!isMap(node)) return undefined;
  return node.items.find((pair) => {
    const key: unknown = pair.key;
    return isPair(pair) && isScalar(key) && String(key.value) === String(step);
  });
}

/** Where the value or key at `path` begins; for what is missing, where the thing lacking it begins. */
function offsetOf(tree: Document, path: Path, part: 'value' | 'key'): number {
  let node: unknown = tree.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const [depth, step] of path.entries()) {
    const pair = pairAt(node, step);
    const wantsKey = part === 'key' && depth === path.length - 1;
    const next: unknown = isSeq(node) && typeof step === 'number' ? node.items[step] : pair?.value;
    const place: unknown = wantsKey || !isNode(next) ? (pair?.key ?? next) : next;
    if (!isNode(place)) return offset;
    offset = place.range?.[0] ?? offset;
    node = next;
  }
  return offset;
}

/** `links[2].from` */
export function pathText(path: Path): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index > 0 ? `.${step}` : step))
    .join('');
}
