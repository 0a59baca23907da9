/** Where the lab keeps its runs and what it builds: LAB_HOME, by default `.lab` in the present folder. */
import path from 'node:path';

/** Absolute path; nothing is created. */
export function labHome(): string {
  const asked = process.env['LAB_HOME'];
  return path.resolve(asked === undefined || asked === '' ? '.lab' : asked);
}

/** The folder of one run. */
export function runDirectoryOf(run: string): string {
  return path.join(labHome(), 'runs', run);
}
