/** A form: fields that are checked as they are filled in, and one thing that happens at the end. */
import type { Effect } from './effect.ts';
import type { Key } from './key.ts';

export interface Field {
  readonly name: string;
  /** What may be entered, short: `1 to 16`, `ms`. */
  readonly hint: string;
  readonly description: string;
  /** Non-empty: one of these is chosen; else text is typed. */
  readonly options: readonly string[];
  /** What a typed text can be completed to. */
  readonly completions: readonly string[];
  readonly value: string;
  /** The first character typed replaces a value that nobody has touched. */
  readonly isTouched: boolean;
  /** Why this value cannot be, or null. */
  check(this: void, value: string): string | null;
}

export type Values = Readonly<Record<string, string>>;

export interface Form {
  readonly title: string;
  readonly purpose: string;
  /** What Enter does. */
  readonly verb: string;
  readonly fields: readonly Field[];
  readonly selected: number;
  /** Shown after a refused Enter. */
  readonly refusal: string | null;
  /** What to do with these values, or why not. Fields have been checked one by one. */
  submit(this: void, values: Values): Effect | string;
}

/** What a key made of a form. */
export type FormStep =
  | { readonly type: 'form'; readonly form: Form }
  | { readonly type: 'cancelled' }
  | { readonly type: 'submitted'; readonly effect: Effect };

/** A field as it is before anyone touched it. */
export function field(
  given: Pick<Field, 'name' | 'hint' | 'description' | 'value'> &
    Partial<Pick<Field, 'options' | 'completions' | 'check'>>,
): Field {
  return { options: [], completions: [], check: () => null, isTouched: false, ...given };
}

/** The form after a key. */
export function pressForm(form: Form, key: Key): FormStep {
  switch (key.name) {
    case 'escape':
      return { type: 'cancelled' };
    case 'enter':
      return submitted(form);
    case 'up':
    case 'backTab':
      return moveTo(form, form.selected - 1);
    case 'down':
    case 'tab':
      return moveTo(form, form.selected + 1);
    case 'home':
      return moveTo(form, 0);
    case 'end':
      return moveTo(form, form.fields.length - 1);
    case 'left':
      return edited(form, (present) => stepped(present, -1));
    case 'right':
      return edited(form, (present) =>
        present.options.length > 0 ? stepped(present, 1) : completed(present),
      );
    case 'backspace':
      return edited(form, (present) => typed(present, present.value.slice(0, -1)));
    case 'clear':
      return edited(form, (present) => typed(present, ''));
    case 'character':
      return edited(form, (present) => characterTyped(present, key.text));
    default:
      return { type: 'form', form };
  }
}

/** What is wrong with each field, in their order; null where nothing is. */
export function problemsOf({ fields }: Form): (string | null)[] {
  return fields.map(({ check, value }) => check(value));
}

function submitted(form: Form): FormStep {
  const problems = problemsOf(form);
  const first = problems.findIndex((problem) => problem !== null);
  if (first !== -1) {
    const refusal = `${form.fields[first]?.name ?? ''}: ${problems[first] ?? ''}`;
    return { type: 'form', form: { ...form, selected: first, refusal } };
  }
  const outcome = form.submit(
    Object.fromEntries(form.fields.map(({ name, value }) => [name, value.trim()])),
  );
  return typeof outcome === 'string'
    ? { type: 'form', form: { ...form, refusal: outcome } }
    : { type: 'submitted', effect: outcome };
}

function moveTo(form: Form, to: number): FormStep {
  const count = form.fields.length;
  const selected = count === 0 ? 0 : (to + count) % count;
  return { type: 'form', form: { ...form, selected } };
}

function edited(form: Form, change: (present: Field) => Field): FormStep {
  const fields = form.fields.map((present, at) =>
    at === form.selected ? change(present) : present,
  );
  return { type: 'form', form: { ...form, fields, refusal: null } };
}

function stepped(present: Field, by: number): Field {
  const { options, value } = present;
  if (options.length === 0) return present;
  const at = (options.indexOf(value) + by + options.length) % options.length;
  return { ...present, value: options[at] ?? value, isTouched: true };
}

/** Names and numbers; longer texts are no knob's. */
const MAX_LENGTH = 400;

function typed(present: Field, value: string): Field {
  if (present.options.length > 0) return present;
  return { ...present, value: value.slice(0, MAX_LENGTH), isTouched: true };
}

function characterTyped(present: Field, text: string): Field {
  const { options, value, isTouched } = present;
  if (options.length === 0) return typed(present, isTouched ? value + text : text);
  if (text === ' ') return stepped(present, 1);
  const after = [...options.slice(options.indexOf(value) + 1), ...options];
  const named = after.find((option) => option.startsWith(text));
  return named === undefined ? present : { ...present, value: named, isTouched: true };
}

/** The last word of a list of names, completed as far as only one thing can be meant. */
function completed(present: Field): Field {
  const { value, completions } = present;
  const begun = value.slice(value.lastIndexOf(',') + 1).trimStart();
  const matching = completions.filter((name) => name.startsWith(begun));
  const [first] = matching;
  if (begun === '' || first === undefined) return present;
  let common = first;
  for (const name of matching) while (!name.startsWith(common)) common = common.slice(0, -1);
  return typed(present, value.slice(0, value.length - begun.length) + common);
}
