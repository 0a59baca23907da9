/**
 * Words that no query of a reader needs and that would get round the engine's own rules. The engine
 * runs a reader's query as a user that may only select from `lab` and `truth` (engine-files.ts), but
 * as an embedded engine it asks for no right in three places, tried on chDB 3.4 (26.7):
 *
 * - `SELECT … INTO OUTFILE` writes a file (on a server it is the client that does it);
 * - the function `file(path)` reads any file (on a server only those under `user_files`);
 * - the table function `eval(text)` runs a text as a query, and so hides the other two.
 *
 * The words are refused wherever they stand, in quotes and comments too: telling which place is
 * harmless would need the engine's own parser.
 */

const WORDS = /\b(file|eval)\b|outfile/i;

/** The word for which a text is refused, or null. */
export function forbiddenWord(text: string): string | null {
  // Quoted names can spell a word with escapes: "\x66ile", `fi\Nle` (\N stands for nothing).
  const spelled = text
    .replace(/\\x([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    .replace(/\\N/g, '');
  return (WORDS.exec(text) ?? WORDS.exec(spelled))?.[0] ?? null;
}
