/** Which stores are offered: those of one run, or of all runs and campaigns of LAB_HOME. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { labHome, runDirectoryOf } from '../home.ts';
import { RUN_FILES } from '../supervisor/api.ts';
import type { Source } from './offered.ts';

/** A run's store has some thousand files, each of which is linked: 5 s for as many as this. */
export const MAX_SOURCES = 100;

/** The newest MAX_SOURCES that have stored anything, by name. */
export function allSources(): readonly Source[] {
  const found = ['runs', 'campaigns'].flatMap((kind) => storesIn(path.join(labHome(), kind)));
  return found
    .toSorted((a, b) => b.changedMs - a.changedMs)
    .slice(0, MAX_SOURCES)
    .map(({ name, directory }) => ({ name, directory }))
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

/** The store of one run; empty before it stored anything. */
export function sourceOf(run: string): readonly Source[] {
  const directory = path.join(runDirectoryOf(run), RUN_FILES.telemetry);
  return existsSync(path.join(directory, 'data')) ? [{ name: run, directory }] : [];
}

function storesIn(root: string): (Source & { readonly changedMs: number })[] {
  if (!existsSync(root)) return [];
  return readdirSync(root).flatMap((name) => {
    const directory = path.join(root, name, RUN_FILES.telemetry);
    const data = path.join(directory, 'data');
    if (!existsSync(data)) return [];
    return [{ name, directory, changedMs: statSync(directory).mtimeMs }];
  });
}
