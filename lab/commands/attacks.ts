/** `lab attacks`: every adversary with its goal and knobs. */
import { Command } from 'commander';
import { attackDeclaration, attackNames } from '../manifest/attacks.ts';
import type { AttackDeclaration, Knob } from '../manifest/attacks.ts';
import { printJson, printLines } from '../terminal/output.ts';
import { paint } from '../terminal/style.ts';
import { jsonOption } from './common.ts';

export function attacksCommand(): Command {
  return new Command('attacks')
    .description('list the adversaries, their goals and their knobs')
    .addOption(jsonOption())
    .action((options: { readonly json?: boolean }) => {
      const attacks = attackNames().flatMap((name) => attackDeclaration(name) ?? []);
      if (options.json === true) printJson({ attacks });
      else printLines(attacks.flatMap(describe));
    });
}

function describe(attack: AttackDeclaration): string[] {
  return [
    paint('bold', attack.name),
    `  goal        ${attack.goal}`,
    `  budget      ${attack.budget}`,
    `  phases      ${attack.phases.join(', ')}`,
    `  success     ${attack.success.meaning}`,
    `  defence     ${attack.defence}`,
    `  off by      ${Object.entries(attack.switchOff)
      .map(([setting, value]) => `--set ${setting}=${String(value)}`)
      .join(' ')}`,
    `  noticed by  ${attack.layers.join(', ')}`,
    `  source      ${attack.source}`,
    ...Object.entries(attack.knobs).map(([name, knob]) => `  --knob ${knobLine(name, knob)}`),
    '',
  ];
}

function knobLine(name: string, knob: Knob): string {
  const unit = knob.unit === undefined ? '' : ` ${knob.unit}`;
  const bounds = [
    ...(knob.min === undefined ? [] : [`at least ${knob.min}`]),
    ...(knob.max === undefined ? [] : [`at most ${knob.max}`]),
    ...(knob.values === undefined ? [] : [`one of ${knob.values.join(', ')}`]),
  ];
  const range = bounds.length === 0 ? '' : ` (${bounds.join(', ')})`;
  return `${name}=${String(knob.default)}${unit}${range}: ${knob.description}`;
}
