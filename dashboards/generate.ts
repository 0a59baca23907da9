/**
 * `npm run dashboards`: writes json/ and provisioning/ beside this file. They are committed, so that
 * who has a Grafana can mount them without Node, and a change of a panel is seen where it is read;
 * a test holds them equal to this code.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dashboards } from './all.ts';
import { dataSourceFile, providerFile } from './provisioning.ts';

/** Every generated file: its path below dashboards/, and what is in it. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const made of dashboards()) {
    files.set(`json/${made.uid ?? ''}.json`, `${JSON.stringify(made, null, 2)}\n`);
  }
  files.set('provisioning/datasources/minefield-lab.yaml', dataSourceFile());
  files.set('provisioning/dashboards/minefield-lab.yaml', providerFile());
  return files;
}

function write(): void {
  for (const folder of ['json', 'provisioning']) {
    rmSync(path.join(import.meta.dirname, folder), { recursive: true, force: true });
  }
  for (const [name, text] of generatedFiles()) {
    const file = path.join(import.meta.dirname, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    process.stdout.write(`${path.relative(process.cwd(), file)}\n`);
  }
}

if (import.meta.main) write();
