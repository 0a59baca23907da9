/** `lab schema`: JSON Schema of a testnet file, for editors. */
import { Command } from 'commander';
import { jsonSchema } from '../manifest/load.ts';
import { printJson } from '../terminal/output.ts';
import { jsonOption } from './common.ts';

export function schemaCommand(): Command {
  return new Command('schema')
    .description('JSON Schema of a testnet file')
    .addOption(jsonOption())
    .action(() => printJson(jsonSchema()));
}
