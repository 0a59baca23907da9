import { readFile } from 'node:fs/promises';
import { globSync, existsSync } from 'node:fs';
import path from 'node:path';
import { parseSync } from 'oxc-parser';
import { expect, test } from 'vitest';

/** What each room may import from others (docs/ARCHITECTURE.md). */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  node: [],
  attacks: ['node'],
  lab: ['node', 'attacks'],
  dashboards: ['lab'],
  bench: ['node', 'lab', 'attacks', 'dashboards', 'test'],
  test: ['node', 'lab', 'attacks', 'dashboards', 'bench'],
};
const MAX_FILE_LINES = 400;
const MAX_FUNCTION_LINES = 90;
/** The protocol gets its clock, randomness, timers and network from the host. */
const AMBIENT = /\b(Date\.now|Math\.random|setTimeout|setInterval|performance\.now|process\.)\b/;

interface Module {
  readonly file: string;
  readonly text: string;
  readonly imports: readonly string[];
  readonly functions: readonly { readonly line: number; readonly lines: number }[];
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function functionsIn(node: unknown, text: string, found: { line: number; lines: number }[]): void {
  if (Array.isArray(node)) {
    for (const item of node) functionsIn(item, text, found);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  if ('type' in node && 'start' in node && 'end' in node) {
    const { type, start, end } = node;
    const isFunction = type === 'FunctionDeclaration' || type === 'FunctionExpression';
    if (isFunction && typeof start === 'number' && typeof end === 'number') {
      found.push({ line: lineAt(text, start), lines: text.slice(start, end).split('\n').length });
    }
  }
  for (const value of Object.values(node)) functionsIn(value, text, found);
}

async function readModule(file: string): Promise<Module> {
  const text = await readFile(file, 'utf8');
  const parsed = parseSync(file, text);
  const specifiers = [
    ...parsed.module.staticImports.map((entry) => entry.moduleRequest.value),
    ...parsed.module.staticExports.flatMap((entry) =>
      entry.entries.flatMap((e) => (e.moduleRequest ? [e.moduleRequest.value] : [])),
    ),
  ];
  const functions: { line: number; lines: number }[] = [];
  functionsIn(parsed.program.body, text, functions);
  return { file, text, imports: specifiers, functions };
}

const files = globSync('{node,lab,attacks,dashboards,test,bench}/**/*.ts').sort();
const modules = await Promise.all(files.map(readModule));

function room(file: string): string {
  return file.split(path.sep)[0] ?? '';
}

function forbiddenImports(all: readonly Module[]): string[] {
  return all.flatMap((module) =>
    module.imports
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => path.join(path.dirname(module.file), specifier))
      .filter((target) => room(target) !== room(module.file))
      // A test beside the source may use what test/support offers.
      .filter((target) => !(module.file.endsWith('.test.ts') && target.startsWith('test/support')))
      .filter((target) => !(MAY_IMPORT[room(module.file)] ?? []).includes(room(target)))
      .map((target) => `${module.file} imports ${target}`),
  );
}

test('imports point only the way ARCHITECTURE.md says', () => {
  expect(forbiddenImports(modules)).toEqual([]);
});

test('the import check sees the modules, and sees a wrong one', () => {
  expect(modules.filter((module) => module.imports.length > 0).length).toBeGreaterThan(20);
  const wrong = { file: 'node/x.ts', text: '', imports: ['../lab/errors.ts'], functions: [] };
  expect(forbiddenImports([wrong])).toEqual(['node/x.ts imports lab/errors.ts']);
});

test('every relative import names an existing .ts file', () => {
  const broken = modules.flatMap((module) =>
    module.imports
      .filter((specifier) => specifier.startsWith('.'))
      .filter((specifier) => !existsSync(path.join(path.dirname(module.file), specifier)))
      .map((specifier) => `${module.file}: ${specifier}`),
  );
  expect(broken).toEqual([]);
});

test('attacks do not import one another, but for their kit', () => {
  const crossing = modules
    .filter((module) => module.file.startsWith('attacks/'))
    .flatMap((module) =>
      module.imports
        .filter((specifier) => specifier.startsWith('../'))
        .map((specifier) => path.join(path.dirname(module.file), specifier))
        .filter((target) => /^attacks\/(?!kit\/)[^/]+\//.test(target))
        .map((target) => `${module.file} imports ${target}`),
    );
  expect(crossing).toEqual([]);
});

test('protocol code takes clock, randomness and timers from its host alone', () => {
  const ambient = modules
    .filter(({ file }) => file.startsWith('node/') && !file.startsWith('node/runtime/'))
    .filter(({ file }) => !file.endsWith('.test.ts'))
    .flatMap(({ file, text }) =>
      text
        .split('\n')
        .map((line, index) => ({ line, where: `${file}:${index + 1}` }))
        .filter(({ line }) => !/^\s*(\/\/|\*|\/\*)/.test(line) && AMBIENT.test(line))
        .map(({ where, line }) => `${where} ${line.trim()}`),
    );
  expect(ambient).toEqual([]);
});

/** Those that may choose the cryptography of their process; a real peer is none of them. */
const MAY_SWITCH = /^(lab\/simulator|bench|test)\/|\.test\.ts$|^node\/crypto\/cryptography\.ts$/;
const SWITCH = 'node/crypto/cryptography.ts';
/** What a real process starts with. */
const PROCESSES = ['node/runtime/main.ts', 'attacks/main.ts', 'lab/supervisor/main.ts'];

/** Everything that `entry` imports, directly or not. */
function reachedFrom(entry: string, all: readonly Module[]): ReadonlySet<string> {
  const byFile = new Map(all.map((module) => [module.file, module]));
  const reached = new Set([entry]);
  for (const file of reached) {
    for (const specifier of byFile.get(file)?.imports ?? []) {
      if (specifier.startsWith('.')) reached.add(path.join(path.dirname(file), specifier));
    }
  }
  return reached;
}

/** Modules that could switch to ideal cryptography, by its name or by all of its module. */
function switching(all: readonly Module[]): string[] {
  const whole = /(import|export) \*.*crypto\/cryptography\.ts|import\(.*crypto\/cryptography\.ts/;
  return all
    .filter(({ text }) => /\buseCryptography\b/.test(text) || whole.test(text))
    .map(({ file }) => file);
}

test('nothing that a real process is made of can switch to ideal cryptography', () => {
  expect(switching(modules).filter((file) => !MAY_SWITCH.test(file))).toEqual([]);
  for (const entry of PROCESSES) {
    const reached = reachedFrom(entry, modules);
    expect(switching(modules.filter(({ file }) => reached.has(file) && file !== SWITCH))).toEqual(
      [],
    );
  }
});

test('the check of the switch sees who could, and reaches the cryptography of a real peer', () => {
  expect(switching(modules)).toContain(SWITCH);
  expect(reachedFrom('node/runtime/main.ts', modules)).toContain('node/crypto/ed25519.ts');
  expect(reachedFrom('attacks/main.ts', modules)).toContain('node/peer.ts');
  const texts = [
    "import { useCryptography as other } from '../crypto/cryptography.ts';",
    "import * as all from '../crypto/cryptography.ts';",
    "export * from './crypto/cryptography.ts';",
    "const all = await import('../crypto/cryptography.ts');",
    "import { isIdeal } from '../crypto/cryptography.ts';",
  ];
  const wrong = texts.map((text, at) => ({
    file: `node/${at}.ts`,
    text,
    imports: [],
    functions: [],
  }));
  expect(switching(wrong)).toEqual(['node/0.ts', 'node/1.ts', 'node/2.ts', 'node/3.ts']);
});

test('files and functions are short enough to read in one go', () => {
  const long = modules.flatMap((module) => [
    ...(module.text.split('\n').length > MAX_FILE_LINES ? [`${module.file} is too long`] : []),
    ...module.functions
      .filter(({ lines }) => lines > MAX_FUNCTION_LINES)
      .map(({ line, lines }) => `${module.file}:${line} has a function of ${lines} lines`),
  ]);
  expect(long).toEqual([]);
});

test('nothing is left for later in the code', () => {
  // In two halves, so that this file does not find itself.
  const words = [
    ['TO', 'DO'],
    ['FIX', 'ME'],
    ['HA', 'CK'],
    ['@ts-', 'ignore'],
  ];
  const marks = new RegExp(words.map((halves) => halves.join('')).join('|'));
  expect(modules.filter(({ text }) => marks.test(text)).map(({ file }) => file)).toEqual([]);
});

test('links in the documents lead somewhere', async () => {
  const documents = globSync('{*.md,docs/**/*.md}');
  const broken: string[] = [];
  for (const document of documents) {
    const text = await readFile(document, 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      if (!existsSync(path.join(path.dirname(document), target)))
        broken.push(`${document}: ${target}`);
    }
  }
  expect(documents.length).toBeGreaterThan(1);
  expect(broken).toEqual([]);
});
