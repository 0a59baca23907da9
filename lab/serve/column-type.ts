/** A ClickHouse type as its name says it: `Map(String, Array(Nullable(Float64)))` → name and arguments. */

export interface ColumnType {
  readonly name: string;
  /** As written, without the space around; of `Tuple(a String)` it is `a String`. */
  readonly arguments: readonly string[];
}

/** Types nest a few levels; this bounds what parsing may recurse into. */
export const MAX_TYPE_DEPTH = 32;

const QUOTES = new Set(["'", '`', '"']);

/** Reads the outermost level. Null if it is no type name. */
export function parseType(text: string): ColumnType | null {
  const [, name, inner] = /^\s*([A-Za-z0-9_]+)\s*(?:\(([\s\S]*)\))?\s*$/.exec(text) ?? [];
  if (name === undefined) return null;
  return { name, arguments: inner === undefined ? [] : splitArguments(inner) };
}

/** Splits at commas that are in no bracket and no quotes. */
function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let [depth, start] = [0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charAt(at);
    if (QUOTES.has(sign)) at = endOfQuoted(text, at);
    else if (sign === '(') depth += 1;
    else if (sign === ')') depth -= 1;
    else if (sign === ',' && depth === 0) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  const last = text.slice(start).trim();
  return last === '' ? parts : [...parts, last];
}

/** Where the quoted text that begins at `start` ends; a backslash takes the next sign's meaning. */
function endOfQuoted(text: string, start: number): number {
  const quote = text.charAt(start);
  let at = start + 1;
  while (at < text.length && text.charAt(at) !== quote) at += text.charAt(at) === '\\' ? 2 : 1;
  return at;
}

/** The type of a tuple's element, which may carry a name: `a String`, `` `b c` Array(UInt8) ``. */
export function elementType(text: string): string {
  const start = text.startsWith('`') || text.startsWith('"') ? endOfQuoted(text, 0) + 1 : 0;
  if (start > 0) return text.slice(start).trim();
  const [, type] = /^[A-Za-z_][A-Za-z0-9_]*\s+([A-Za-z][\s\S]*)$/.exec(text) ?? [];
  return type ?? text;
}
