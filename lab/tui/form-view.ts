/** A form on the screen: its fields windowed, what is wrong beside each, the chosen one explained. */
import { createElement as h, memo } from 'react';
import { problemsOf, type Field, type Form } from './form.ts';
import { Lines } from './lines.ts';
import type { Look } from './look.ts';
import { cell, fit, line, rule, span, widthOf, wrapped, type Line } from './text.ts';
import { windowAround, windowNote } from './window.ts';

interface Props {
  readonly form: Form;
  readonly width: number;
  readonly height: number;
  readonly look: Look;
}

/** Lines below the fields: a gap, the explanation, the refusal. */
const BELOW = 6;

export const FormView = memo(function FormView({ form, width, height, look }: Props) {
  const purpose = wrapped(form.purpose, width - 4)
    .slice(0, 2)
    .map((text) => line(`  ${text}`, 'dim'));
  const rows = Math.max(1, height - 2 - purpose.length - BELOW);
  const problems = problemsOf(form);
  const shown = windowAround(form.selected, form.fields.length, rows);
  const nameWidth = Math.max(4, ...form.fields.map(({ name }) => name.length));
  const fields = form.fields.slice(shown.from, shown.to).map((field, index) => {
    const at = shown.from + index;
    return fieldLine(field, problems[at] ?? null, at === form.selected, nameWidth, width, look);
  });
  const note = windowNote(shown, form.fields.length);
  const chosen = form.fields[form.selected];
  const spare = height - 3 - purpose.length - (shown.to - shown.from) - BELOW + 3;
  const about = chosen === undefined ? [] : explained(chosen, width, spare, look);
  const refusal = form.refusal;
  const lines = [
    rule(form.title, note, width, look.marks.rule),
    ...purpose,
    line(''),
    ...(form.fields.length === 0 ? [line('  nothing to set', 'dim')] : fields),
    line(''),
    ...about,
    ...(refusal === null
      ? []
      : wrapped(refusal, width - 6)
          .slice(0, 2)
          .map((text, at) => line(`  ${at === 0 ? look.marks.bad : ' '} ${text}`, 'bad'))),
  ];
  return h(Lines, { lines, width, height, look });
});

function fieldLine(
  field: Field,
  problem: string | null,
  isChosen: boolean,
  nameWidth: number,
  width: number,
  look: Look,
): Line {
  const { name, value, options, hint } = field;
  const shown = options.length > 0 ? `‹ ${value} ›` : value;
  const valueWidth = Math.max(14, Math.min(34, width - nameWidth - 30));
  // Of a long text the end is what is being typed.
  const tail = shown.length > valueWidth - 1 ? `…${shown.slice(-(valueWidth - 2))}` : shown;
  const cursor = isChosen && options.length === 0 ? [span('_', 'chosen')] : [];
  const head: Line = [
    span(isChosen ? `  ${look.marks.pointer} ` : '    ', 'strong'),
    span(cell(name, nameWidth), isChosen ? 'strong' : 'dim'),
    span('  '),
    span(tail, isChosen ? 'strong' : 'normal'),
    ...cursor,
  ];
  const padded = fit(head, Math.max(widthOf(head), nameWidth + valueWidth + 7));
  const said: Line =
    problem === null
      ? [span(hint, 'dim')]
      : [span(`${look.marks.bad} ${problem}`, value === '' && !field.isTouched ? 'dim' : 'bad')];
  return fit([...padded, ...said], width);
}

function explained(
  { description, options }: Field,
  width: number,
  rows: number,
  look: Look,
): Line[] {
  const text = wrapped(description, width - 6).slice(0, Math.max(2, rows));
  const choices = options.length > 1 ? wrapped(`one of: ${options.join(', ')}`, width - 6) : [];
  const all = [...text, ...choices.slice(0, 1)];
  return all.map((of, at) => line(`  ${at === 0 ? look.marks.side : ' '} ${of}`, 'accent'));
}
