/**
 * The helper's root file system: a static busybox, `tc` and `ip` with their libraries, netem's
 * distribution tables and the entry point. The same list becomes the helper's image and the initial
 * RAM disk in which the programs are proven on a kernel with netem.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { programFiles, type RootFile } from '../../image/files.ts';

const PROGRAMS = ['tc', 'ip'] as const;
const PROGRAM_FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin', '/usr/local/sbin'];
const TABLE_FOLDERS = [
  '/usr/lib/x86_64-linux-gnu/tc',
  '/usr/lib/aarch64-linux-gnu/tc',
  '/usr/lib/tc',
  '/usr/lib64/tc',
];
const TABLES = ['normal.dist', 'pareto.dist', 'paretonormal.dist'];

/** The Debian packages that the helper lacks on this machine. */
export function helperPackages(): string[] {
  return [
    ...(staticBusybox() === null ? ['busybox-static'] : []),
    ...(PROGRAMS.some((name) => find(name) === null) || tables() === null ? ['iproute2'] : []),
  ];
}

/** What the helper lacks on this machine, as a sentence with the remedy, or null. */
export function helperMissing(): string | null {
  const missing = helperPackages();
  if (missing.length === 0) return null;
  return `the helper that sets links needs ${missing.join(' and ')}: apt-get install ${missing.join(' ')}`;
}

/** Throws when `helperMissing()` is not null. */
export async function helperFiles(): Promise<RootFile[]> {
  const busybox = staticBusybox();
  const folder = tables();
  const missing = helperMissing();
  if (busybox === null || folder === null || missing !== null) throw new Error(missing ?? '');
  // Debian's busybox shell runs its own applets without a link for each (through /proc/self/exe).
  const files: RootFile[] = ['/bin/busybox', '/bin/sh'].map((inside) => ({
    path: inside,
    source: { file: busybox },
    mode: 0o755,
  }));
  for (const name of PROGRAMS) {
    const program = find(name);
    if (program !== null) files.push(...(await programFiles(program, `/sbin/${name}`)));
  }
  for (const table of TABLES) {
    const file = path.join(folder, table);
    files.push({ path: `/usr/lib/tc/${table}`, source: { file }, mode: 0o644 });
  }
  const entry = path.join(import.meta.dirname, 'entry.sh');
  files.push({ path: '/entry.sh', source: { text: readFileSync(entry, 'utf8') }, mode: 0o755 });
  // tc and ip keep nothing there, but the entry point does.
  files.push({ path: '/tmp/.keep', source: { text: '' }, mode: 0o644 });
  return files;
}

function find(name: string): string | null {
  const folder = PROGRAM_FOLDERS.find((one) => existsSync(path.join(one, name)));
  return folder === undefined ? null : path.join(folder, name);
}

function tables(): string | null {
  const holds = (folder: string) => TABLES.every((table) => existsSync(path.join(folder, table)));
  return TABLE_FOLDERS.find(holds) ?? null;
}

/** busybox-static's binary: one that names no program interpreter in its first pages. */
function staticBusybox(): string | null {
  const file = find('busybox');
  if (file === null) return null;
  return readFileSync(file).subarray(0, 4096).includes('ld-linux') ? null : file;
}
