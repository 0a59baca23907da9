/**
 * Root file systems put together from files of this machine: a program, the libraries that `ldd`
 * shows for it, and a few small texts. What peers and the helper run in when no registry is there.
 */
import { execFile } from 'node:child_process';
import {
  chmod,
  copyFile,
  link,
  mkdir,
  readFile,
  realpath,
  stat,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { createHash } from 'node:crypto';

const run = promisify(execFile);

/** One file of a root file system: from this machine, or with the given text. */
export interface RootFile {
  /** Absolute path inside. */
  readonly path: string;
  readonly source: { readonly file: string } | { readonly text: string };
  readonly mode: number;
}

/** The program and its shared libraries at the paths under which its loader looks for them. */
export async function programFiles(file: string, inside: string): Promise<RootFile[]> {
  const program: RootFile = { path: inside, source: { file: await realpath(file) }, mode: 0o755 };
  const libraries = await librariesOf(file);
  const files = libraries.map(
    async (library): Promise<RootFile> => ({
      path: library,
      source: { file: await realpath(library) },
      mode: 0o755,
    }),
  );
  return [program, ...(await Promise.all(files))];
}

/** Paths that `ldd` prints; none for a static program. */
async function librariesOf(file: string): Promise<string[]> {
  try {
    const { stdout } = await run('ldd', [file], { env: { ...process.env, LC_ALL: 'C' } });
    if (stdout.includes('not found')) throw new Error(`${file} lacks a library:\n${stdout}`);
    return stdout.split('\n').flatMap((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1] ?? []);
  } catch (error) {
    if (String(error).includes('not a dynamic executable')) return [];
    throw error;
  }
}

/** Changes whenever a file of the list changes: content of texts; name, size and time of the others. */
export async function contentHash(files: readonly RootFile[], extra: string): Promise<string> {
  const hash = createHash('sha256').update(extra);
  for (const file of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update(`\0${file.path}\0${file.mode}\0`);
    if ('text' in file.source) {
      hash.update(file.source.text);
    } else {
      const { size, mtimeMs } = await stat(file.source.file);
      // Node's binary has 150 MB: reading it at every start would cost more than the launch.
      hash.update(size > 8_000_000 ? `${size} ${mtimeMs}` : await readFile(file.source.file));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/** Writes the files below `root`; links where the file system allows it, since nobody changes them. */
export async function writeRoot(root: string, files: readonly RootFile[]): Promise<void> {
  const written = new Set<string>();
  for (const file of files) {
    if (written.has(file.path)) continue;
    written.add(file.path);
    const target = path.join(root, file.path);
    await mkdir(path.dirname(target), { recursive: true });
    if ('text' in file.source) {
      await writeFile(target, file.source.text);
      await chmod(target, file.mode);
    } else {
      const source = file.source.file;
      await link(source, target).catch(async () => {
        await copyFile(source, target);
        await chmod(target, file.mode);
      });
    }
  }
}
