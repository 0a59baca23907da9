/** Forms for an attack's knobs, made from what the attack declares. */
import {
  knobRefusal,
  type AttackDeclaration,
  type Knob,
  type KnobValue,
} from '../manifest/attacks.ts';
import type { Effect } from './effect.ts';
import { field, type Field, type Form, type Values } from './form.ts';

/** To start an attack. */
export function launchAttackForm(attack: AttackDeclaration): Form {
  return {
    title: `Start ${attack.name}`,
    purpose: attack.goal,
    verb: 'starts it',
    fields: fieldsOf(attack, {}),
    selected: 0,
    refusal: null,
    submit: (values) => ({ type: 'attack', name: attack.name, knobs: knobsFrom(attack, values) }),
  };
}

/** To change an attack that goes on, from the values it was given. */
export function changeAttackForm(
  attack: AttackDeclaration,
  id: string,
  given: Readonly<Record<string, KnobValue>>,
): Form {
  const fields = fieldsOf(attack, given);
  const before = Object.fromEntries(fields.map(({ name, value }) => [name, value]));
  return {
    title: `Change ${id}`,
    purpose: 'It goes on with these from now; what it has begun it may finish as it was.',
    verb: 'changes it',
    fields,
    selected: 0,
    refusal: null,
    submit: (values): Effect | string => {
      const changed = Object.entries(values).filter(([name, value]) => before[name] !== value);
      if (changed.length === 0) return 'nothing was changed';
      const knobs = knobsFrom(attack, Object.fromEntries(changed));
      return { type: 'steer', id, action: 'set', knobs };
    },
  };
}

function fieldsOf(
  { knobs }: AttackDeclaration,
  given: Readonly<Record<string, KnobValue>>,
): Field[] {
  return Object.entries(knobs).map(([name, knob]) =>
    field({
      name,
      value: String(given[name] ?? knob.default),
      hint: hintOf(knob),
      description: knob.description,
      options: optionsOf(knob),
      check: (value) => refusalOf(knob, value),
    }),
  );
}

function optionsOf({ type, values }: Knob): readonly string[] {
  if (type === 'boolean') return ['true', 'false'];
  return values?.map(String) ?? [];
}

/** `0 to 120000 ms`; for a choice nothing: it can only be right. */
function hintOf(knob: Knob): string {
  if (optionsOf(knob).length > 0) return '';
  const { min, max, unit } = knob;
  const range =
    min === undefined
      ? max === undefined
        ? ''
        : `at most ${max}`
      : max === undefined
        ? `at least ${min}`
        : `${min} to ${max}`;
  return [range, unit ?? ''].filter((part) => part !== '').join(' ');
}

const NUMBER = /^-?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/** What was typed, as the knob's type; a text that is no number stays one, and is refused. */
function valueOf({ type, values }: Knob, text: string): KnobValue {
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  if (values !== undefined) return values.find((value) => String(value) === text) ?? text;
  return type !== 'string' && NUMBER.test(text) ? Number(text) : text;
}

function refusalOf(knob: Knob, text: string): string | null {
  const refusal = knobRefusal(knob, valueOf(knob, text.trim()));
  // What was found stands in the field.
  return refusal === null ? null : refusal.replace(/^found .*?; /, '');
}

function knobsFrom({ knobs }: AttackDeclaration, values: Values): Record<string, KnobValue> {
  return Object.fromEntries(
    Object.entries(knobs).flatMap(([name, knob]) => {
      const value = values[name];
      return value === undefined ? [] : [[name, valueOf(knob, value)]];
    }),
  );
}
