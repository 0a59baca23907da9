/** What an ended run came to, as a page: the summary that `lab run` ends with. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { RunResult } from '../analysis/result.ts';
import { EXIT, LabError } from '../errors.ts';
import { runDirectoryOf } from '../home.ts';
import { RUN_FILES } from '../supervisor/api.ts';
import { summaryLines } from '../terminal/summary.ts';
import { row, type Document } from './document.ts';
import { plain } from './text.ts';

/** Throws a LabError when the run has no result: it was taken down before it was scored. */
export function resultDocument(run: string): Document {
  const file = path.join(runDirectoryOf(run), RUN_FILES.result);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new LabError(`${run} has no result`, {
      exitCode: EXIT.badUse,
      remedy: 'it was removed before it was scored',
      cause,
    });
  }
  // Written by this same package.
  const result: RunResult = JSON.parse(text);
  const lines = summaryLines(result, `npx lab report ${run}`);
  return {
    title: run,
    rows: lines.map((of) => {
      const bare = stripVTControlCharacters(of);
      const indent = /^ */.exec(bare)?.[0] ?? '';
      // Columns of a table are kept: only the characters are made safe.
      return row(
        indent +
          bare
            .slice(indent.length)
            .split(/( {2,})/)
            .map(part)
            .join(''),
      );
    }),
  };
}

function part(text: string): string {
  return /^ +$/.test(text) ? text : plain(text);
}
