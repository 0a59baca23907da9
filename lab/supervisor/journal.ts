/**
 * The run's journal, `journal.ndjson`: what was done, each line on disk (fsync) before the thing
 * itself is done. A supervisor that was killed is started again from it, and `lab down` finds in it
 * everything that may exist because of the run.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { RUN_FILES } from './api.ts';
import { parseLines, type JournalEntry } from './journal-entry.ts';
import { JournalFold, type JournalState } from './journal-state.ts';

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

/** What the journal in a run's directory says; a run without one has done nothing yet. */
export function readJournal(runDirectory: string): JournalState {
  return folded(readText(path.join(runDirectory, RUN_FILES.journal))).state;
}

function folded(text: string): JournalFold {
  const { entries, damagedLines } = parseLines(text);
  const fold = new JournalFold(damagedLines);
  for (const entry of entries) fold.add(entry);
  return fold;
}

/** The one writer of a run's journal (its supervisor, which holds the run's lock). */
export class Journal {
  private readonly descriptor: number;
  private readonly fold: JournalFold;

  constructor(runDirectory: string) {
    const file = path.join(runDirectory, RUN_FILES.journal);
    const text = readText(file);
    this.fold = folded(text);
    this.descriptor = openSync(file, 'a', 0o600);
    // A torn end would swallow the next line.
    ftruncateSync(this.descriptor, Buffer.byteLength(text.slice(0, text.lastIndexOf('\n') + 1)));
  }

  get state(): JournalState {
    return this.fold.state;
  }

  /** Returns when the line is on disk. Throws when the disk does not take it. */
  write(entry: JournalEntry): void {
    writeSync(this.descriptor, `${JSON.stringify(entry)}\n`);
    fsyncSync(this.descriptor);
    this.fold.add(entry);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
