/** Forms for faults: what each kind needs, checked against the network before anything is asked. */
import { FAULT_KINDS, faultSchema } from '../manifest/fault-schema.ts';
import type { LiveModel } from '../live/model.ts';
import type { Effect } from './effect.ts';
import { field, type Field, type Form, type Values } from './form.ts';

export type FaultKind = (typeof FAULT_KINDS)[number];

/** What each does, as docs/TESTNETS.md has it. */
export const FAULT_WORDS: Readonly<Record<FaultKind, string>> = {
  partition: 'nothing passes between two regions, or between one and all others',
  link: 'delay, loss or rate of a link change',
  pause: 'processes stand still, then go on',
  kill: 'processes are killed, then started again',
  restart: 'stopped in order, then started again',
  restore: 'disks are copied now; at the end set back to the copy',
  clock: 'their clocks are wrong by so much',
  drift: 'their clocks run too fast or too slow',
  clog: 'what one region sends another is held, and goes on at the end',
  torn: 'they die in the middle of a write, and are started at the end',
};

/** Needs a simulated network (docs/TESTNETS.md). */
const SIMULATED: ReadonlySet<FaultKind> = new Set(['clog', 'torn']);

/** The kinds that this run can have. */
export function faultKinds(driver: string): readonly FaultKind[] {
  return FAULT_KINDS.filter((kind) => driver === 'sim' || !SIMULATED.has(kind));
}

const ALL_OTHERS = 'all others';
const SPAN = 'How long, in ms. Empty: until you clear it.';

/** The form for one kind of fault; `chosen` is the peer that the map has under its cursor. */
export function faultForm(
  kind: FaultKind,
  { status }: Pick<LiveModel, 'status'>,
  chosen: string | null,
): Form {
  const { members } = status;
  const regions = [...new Set(members.map(({ region }) => region))];
  const names = [...new Set(members.flatMap(({ name, group }) => [name, group]))];
  const here = members.find(({ name }) => name === chosen)?.region ?? regions[0] ?? '';
  const fields = [
    ...('between' in PARTS[kind] ? regionFields(regions, here, kind === 'clog') : []),
    ...('members' in PARTS[kind] ? [membersField(names, chosen)] : []),
    ...PARTS[kind].fields(),
    spanField(kind === 'clog'),
  ];
  return {
    title: `Fault: ${kind}`,
    purpose: `${FAULT_WORDS[kind]}.`,
    verb: 'begins it',
    fields,
    selected: 0,
    refusal: null,
    submit: (values) => faultFrom(kind, values, regions, members),
  };
}

interface Parts {
  readonly between?: true;
  readonly members?: true;
  fields(this: void): Field[];
}

const none = () => [];
const direction = () => [
  field({
    name: 'direction',
    value: 'both',
    options: ['both', 'forward'],
    hint: '',
    description: 'Forward: only from the first region to the second.',
  }),
];

const PARTS: Readonly<Record<FaultKind, Parts>> = {
  partition: { between: true, fields: direction },
  link: { between: true, fields: linkFields },
  pause: { members: true, fields: none },
  kill: { members: true, fields: none },
  restart: { members: true, fields: none },
  restore: { members: true, fields: none },
  clock: {
    members: true,
    fields: () => [
      numberField('skewMs', 'ms, may be negative', 'How far their clocks are ahead.', '5000'),
    ],
  },
  drift: {
    members: true,
    fields: () => [
      numberField('ppm', 'millionths', 'By how much their clocks run fast; negative: slow.', '200'),
    ],
  },
  clog: { between: true, fields: direction },
  torn: { members: true, fields: none },
};

function regionFields(regions: readonly string[], here: string, isPair: boolean): Field[] {
  const others = isPair ? regions : [ALL_OTHERS, ...regions];
  const other = isPair ? (regions.find((name) => name !== here) ?? here) : ALL_OTHERS;
  return [
    field({
      name: 'from',
      value: here,
      options: regions,
      hint: '',
      description: 'The region this is about.',
    }),
    field({ name: 'to', value: other, options: others, hint: '', description: 'The other side.' }),
  ];
}

const NUMBER = /^-?(\d+\.?\d*|\.\d+)$/;

function numberField(name: string, hint: string, description: string, value: string): Field {
  const check = (text: string) => (NUMBER.test(text.trim()) ? null : 'allowed: a number');
  return field({ name, value, hint, description, check });
}

/** What is left empty stays as it is. */
function linkFields(): Field[] {
  const optional = (name: string, hint: string, description: string, max: number) =>
    field({
      name,
      value: '',
      hint,
      description: `${description} Empty: as it is.`,
      check: (text) => {
        if (text.trim() === '') return null;
        const value = Number(text);
        const fits = NUMBER.test(text.trim()) && value >= 0 && value <= max;
        return fits ? null : `allowed: a number from 0 to ${max}`;
      },
    });
  return [
    optional('delayMs', 'ms, one way', 'Delay in each direction.', 60_000),
    optional('jitterMs', 'ms', 'Spread of the delay.', 60_000),
    optional('loss', '0 to 1', 'Probability that a datagram is lost.', 1),
    optional('rateBitsPerSecond', 'bits/s, 0 is unlimited', 'Rate of the link.', 1e11),
  ];
}

function spanField(isRequired: boolean): Field {
  return field({
    name: 'forMs',
    value: isRequired ? '5000' : '',
    hint: isRequired ? 'ms' : 'ms; empty: until cleared',
    description: isRequired ? 'How long, in ms.' : SPAN,
    check: (text) => {
      if (text.trim() === '') return isRequired ? 'allowed: a number of ms' : null;
      return NUMBER.test(text.trim()) && Number(text) >= 1 ? null : 'allowed: a number from 1 ms';
    },
  });
}

function membersField(names: readonly string[], chosen: string | null): Field {
  return field({
    name: 'members',
    value: chosen ?? '',
    completions: names,
    hint: 'right arrow completes',
    description: 'Members or groups, with commas between them.',
    check: (text) => {
      const named = listOf(text);
      if (named.length === 0) return 'name at least one';
      const stranger = named.find((name) => !names.includes(name));
      return stranger === undefined ? null : `there is no ${stranger}`;
    },
  });
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

function faultFrom(
  kind: FaultKind,
  values: Values,
  regions: readonly string[],
  members: LiveModel['status']['members'],
): Effect | string {
  const { from = '', to = '', forMs = '' } = values;
  if (from !== '' && from === to) return 'both sides are the same region';
  const pairs = to === ALL_OTHERS ? regions.filter((name) => name !== from) : [to];
  if (pairs.length === 0) return 'there is no other region';
  const change = Object.fromEntries(
    ['delayMs', 'jitterMs', 'loss', 'rateBitsPerSecond'].flatMap((name) => {
      const value = values[name] ?? '';
      return value === '' ? [] : [[name, Number(value)]];
    }),
  );
  if (kind === 'link' && Object.keys(change).length === 0) return 'say what is to change';
  const named = listOf(values['members'] ?? '');
  // Groups stand for their members: the supervisor knows members alone.
  const targets = members.flatMap(({ name, group }) =>
    named.includes(name) || named.includes(group) ? [name] : [],
  );
  const details = {
    ...(values['direction'] === undefined ? {} : { direction: values['direction'] }),
    ...(kind === 'link' ? { change } : {}),
    ...(values['skewMs'] === undefined ? {} : { skewMs: Number(values['skewMs']) }),
    ...(values['ppm'] === undefined ? {} : { ppm: Number(values['ppm']) }),
  };
  const asked =
    from === ''
      ? [{ kind, members: targets, ...details }]
      : pairs.map((other) => ({ kind, between: [from, other], ...details }));
  const span = forMs === '' ? null : Number(forMs);
  for (const one of asked) {
    const timed = { ...one, atMs: 0, ...(span === null ? {} : { forMs: span }) };
    const parsed = faultSchema.safeParse(timed);
    if (!parsed.success) {
      return parsed.error.issues
        .map(({ path, message }) => `${path.join('.')}: ${message}`)
        .join('; ');
    }
  }
  const where = from === '' ? (values['members'] ?? '') : `${from}, ${to}`;
  return { type: 'fault', what: `${kind} (${where})`, faults: asked, forMs: span };
}
