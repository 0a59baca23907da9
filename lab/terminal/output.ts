/** Standard output carries the answer (with --json exactly one document), standard error the rest. */

/** Writes the one JSON document of a command. */
export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

/** Writes lines of the answer. */
export function printLines(lines: readonly string[]): void {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
}

/** Writes a remark that is not part of the answer. */
export function remark(line: string): void {
  process.stderr.write(`${line}\n`);
}
