/** `lab audit FILE`: the same simulation with real and with ideal cryptography, held against each other. */
import { setImmediate } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { EXIT } from '../errors.ts';
import { loadTestnet } from '../manifest/load.ts';
import type { Audit } from '../simulator/audit.ts';
import { START_MS } from '../simulator/scheduler.ts';
import type { TraceEvent } from '../simulator/trace.ts';
import { printJson, printLines } from '../terminal/output.ts';
import { grouped } from '../terminal/style.ts';
import { jsonOption, seedOption, wholeNumber } from './common.ts';

/** Virtual time under load that is played when nothing else is said: half a minute's wall time. */
const SAMPLE_MS = 20_000;
const MAX_SAMPLE_MS = 86_400_000;

interface Options {
  readonly seed?: number;
  readonly for: number;
  readonly json?: boolean;
}

export function auditCommand(): Command {
  return new Command('audit')
    .description('simulate with real and with ideal cryptography and show whether they differ')
    .argument('<file>', 'testnet file')
    .addOption(seedOption())
    .addOption(
      new Option('--for <ms>', 'of the load, in virtual time')
        .argParser((text) => wholeNumber(text, 1, MAX_SAMPLE_MS))
        .default(SAMPLE_MS),
    )
    .addOption(jsonOption())
    .action(async (file: string, { seed, for: sampleMs, json = false }: Options) => {
      const testnet = loadTestnet(file, seed === undefined ? {} : { seed });
      const { audit } = await import('../simulator/audit.ts');
      // A signal that nobody waits for ends the process: nothing is there to be removed.
      const found = await audit(testnet, { sampleMs, look: () => setImmediate() });
      if (found.skeleton === null) process.exitCode = EXIT.expectationFailed;
      if (json) printJson({ testnet: testnet.name, seed: testnet.seed, ...found });
      else printLines(lines(found));
    });
}

function lines({ events, skeleton, parting, work, sampleMs, realMs, idealMs }: Audit): string[] {
  const verdict =
    skeleton === null
      ? `not the same: ${grouped(events)} events are, then`
      : `the same but for contents: ${grouped(events)} events in ${sampleMs / 1000} s of load`;
  const [real, ideal] = [parting?.real ?? null, parting?.ideal ?? null];
  return [
    verdict,
    ...(parting === null ? [] : [`  real   ${told(real)}`, `  ideal  ${told(ideal)}`]),
    ...(skeleton === null ? [] : [`Skeleton ${skeleton}`]),
    `Took     ${realMs / 1000} s of a core real, ${idealMs / 1000} s ideal; ${work} work in both`,
  ];
}

function told(event: TraceEvent | null): string {
  if (event === null) return 'the end of the run';
  const { timeMs, member, kind, from, lengthBytes } = event;
  const sender = from === null ? '' : ` from ${from.ip}`;
  const at = ((timeMs - START_MS) / 1000).toFixed(6);
  return `${at} s  ${member.ip}  ${kind}${sender}, ${lengthBytes} bytes`;
}
