/**
 * `npm run bench [-- NAME…] [--json]`: each benchmark measures a thing against a yardstick in the same
 * run and prints both; a figure without its yardstick says more about the machine than about us.
 */
import { readdir } from 'node:fs/promises';

/** What a file in bench/ exports as `benchmark`. */
export interface Benchmark {
  readonly name: string;
  /** One line: what against what. */
  readonly description: string;
  run(): Promise<Readonly<Record<string, unknown>>>;
}

function isBenchmark(value: unknown): value is Benchmark {
  return typeof value === 'object' && value !== null && 'name' in value && 'run' in value;
}

const args = process.argv.slice(2);
const json = args.includes('--json');
const wanted = args.filter((arg) => !arg.startsWith('--'));
const files = (await readdir(import.meta.dirname)).filter((file) => file.endsWith('.ts'));
const benchmarks: Benchmark[] = [];
for (const file of files.sort()) {
  if (file === 'run.ts' || file.endsWith('.test.ts')) continue;
  const module: unknown = await import(`./${file}`);
  if (typeof module !== 'object' || module === null || !('benchmark' in module)) continue;
  if (isBenchmark(module.benchmark)) benchmarks.push(module.benchmark);
}
const unknown = wanted.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name));
if (unknown.length > 0) {
  console.error(
    `no benchmark ${unknown.join(', ')}; there are: ${benchmarks.map((b) => b.name).join(', ')}`,
  );
  process.exit(2);
}
const results: Record<string, unknown> = {};
for (const benchmark of benchmarks) {
  if (wanted.length > 0 && !wanted.includes(benchmark.name)) continue;
  console.error(`${benchmark.name}: ${benchmark.description}`);
  const figures = await benchmark.run();
  results[benchmark.name] = figures;
  if (!json) console.log(JSON.stringify(figures, null, 2));
}
if (json) console.log(JSON.stringify(results));
