/**
 * Builds what peers run: node/ (for adversaries also attacks/) as plain JavaScript beside just the
 * npm packages it imports, so that a member neither strips types at start nor sees the lab's code.
 *
 * The directory's name is the hash of everything that went in; its existence means it is complete,
 * since it is built aside and renamed. Two builds at once are harmless: the second rename loses.
 */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { cp, glob, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { EXIT, LabError } from '../errors.ts';
import { labHome } from '../home.ts';

export type Image = 'peer' | 'adversary';

export interface PeerFiles {
  readonly directory: string;
  /** Absolute path of the JavaScript file to run. */
  readonly entry: string;
  readonly hash: string;
}

/** Raised when the way of building changes, so that older results are not taken for new ones. */
const BUILD_VERSION = 1;
const ROOT = path.resolve(import.meta.dirname, '../..');
const ENTRIES: Readonly<Record<Image, string>> = {
  peer: 'node/runtime/main.ts',
  adversary: 'attacks/main.ts',
};
const FOLDERS: Readonly<Record<Image, readonly string[]>> = {
  peer: ['node'],
  adversary: ['node', 'attacks'],
};

/** The files of an image, built if they are not there yet. LabError when the compiler refuses. */
export async function buildPeerFiles(image: Image): Promise<PeerFiles> {
  const sources = await sourcesOf(image);
  const hash = await hashOf(image, sources);
  const builds = path.join(labHome(), 'build');
  const directory = path.join(builds, hash);
  const entry = path.join(directory, ENTRIES[image].replace(/\.ts$/, '.js'));
  if (await exists(directory)) return { directory, entry, hash };
  const aside = path.join(builds, `.${hash}.${process.pid}.${randomBytes(4).toString('hex')}`);
  await mkdir(aside, { recursive: true });
  try {
    await compile(aside, sources);
    await copyPackages(aside);
    await rename(aside, directory).catch(async (error: unknown) => {
      if (!(await exists(directory))) throw error;
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  return { directory, entry, hash };
}

async function sourcesOf(image: Image): Promise<string[]> {
  const sources: string[] = [];
  for (const folder of FOLDERS[image]) {
    for await (const file of glob(`${folder}/**/*.ts`, { cwd: ROOT })) {
      if (!/\.(?:test|fixture)\.ts$/.test(file)) sources.push(file);
    }
  }
  return sources.sort();
}

async function hashOf(image: Image, sources: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(`${BUILD_VERSION} ${image}`);
  for (const file of [...sources, 'package-lock.json', 'tsconfig.json']) {
    const content = await readFile(path.join(ROOT, file)).catch(() => Buffer.alloc(0));
    hash.update(`\0${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 32);
}

/** Types are the business of `npm test`: here they are only removed. */
async function compile(aside: string, sources: readonly string[]): Promise<void> {
  const project = path.join(aside, 'tsconfig.json');
  const config = {
    extends: path.join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      noCheck: true,
      rootDir: ROOT,
      outDir: aside,
      typeRoots: [path.join(ROOT, 'node_modules/@types')],
    },
    include: [],
    files: sources.map((file) => path.join(ROOT, file)),
  };
  await writeFile(project, JSON.stringify(config));
  await writeFile(path.join(aside, 'package.json'), '{"type":"module","private":true}\n');
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const { code, output } = await run(process.execPath, [tsc, '-p', project]);
  if (code !== 0) {
    throw new LabError(`the peer's sources do not compile: ${output.slice(0, 2000)}`, {
      exitCode: EXIT.broke,
      remedy: 'npm run check',
    });
  }
  await rm(project);
}

function run(command: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const take = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Copies every package that the emitted files import, and those that these need. */
async function copyPackages(aside: string): Promise<void> {
  const wanted = new Set<string>();
  for await (const file of glob('**/*.js', { cwd: aside })) {
    const text = await readFile(path.join(aside, file), 'utf8');
    for (const name of packagesIn(text)) wanted.add(name);
  }
  // A set iterates over what is added on the way: dependencies of dependencies follow.
  for (const name of wanted) {
    const source = path.join(ROOT, 'node_modules', name);
    await cp(source, path.join(aside, 'node_modules', name), {
      recursive: true,
      filter: (file) => !/\.(?:d\.[cm]?ts|[cm]?ts|map|md)$/.test(file),
    });
    const manifest: unknown = JSON.parse(await readFile(path.join(source, 'package.json'), 'utf8'));
    for (const needed of dependenciesOf(manifest)) wanted.add(needed);
  }
}

/** Names of npm packages that a module's text imports. */
export function packagesIn(text: string): string[] {
  const names = new Set<string>();
  for (const [, fromStatic, fromCall] of text.matchAll(
    /^\s*(?:import|export)\b(?:[^'"`;=()]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
  )) {
    const specifier = fromStatic ?? fromCall ?? '';
    const [scope = '', name = ''] = specifier.split('/');
    if (/^(?:\.|\/|node:|$)/.test(specifier) || builtinModules.includes(specifier)) continue;
    names.add(scope.startsWith('@') ? `${scope}/${name}` : scope);
  }
  return [...names];
}

function dependenciesOf(manifest: unknown): string[] {
  if (typeof manifest !== 'object' || manifest === null) return [];
  const dependencies: unknown = 'dependencies' in manifest ? manifest.dependencies : undefined;
  return typeof dependencies === 'object' && dependencies !== null ? Object.keys(dependencies) : [];
}

async function exists(directory: string): Promise<boolean> {
  return stat(directory).then(
    () => true,
    () => false,
  );
}
