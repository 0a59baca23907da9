/** The lines at the top: which run, how far it is, what to worry about, and the panes. */
import type { LiveModel } from '../live/model.ts';
import type { RunStatus } from '../supervisor/api.ts';
import { duration } from '../terminal/style.ts';
import type { Look } from './look.ts';
import { TABS, type Tab } from './state.ts';
import { fit, plain, span, widthOf, type Line, type Span, type Tone } from './text.ts';
import { clock, counted, PHASE_WORDS } from './words.ts';

const SHAPING: Readonly<Record<RunStatus['shaping'], string>> = {
  netem: 'links shaped by the kernel',
  userspace: 'links shaped at the sockets',
  simulated: 'links simulated',
  none: 'links not shaped',
};

/** Less is nobody's worry. */
const MIN_LAG_MS = 2000;

/** Run, testnet, driver, shaping; right: phase and time. */
export function titleLine({ status }: LiveModel, width: number): Line {
  const { run, testnet, driver, shaping, phase, elapsedMs, durationMs } = status;
  const shaped = driver === 'sim' ? 'links simulated' : SHAPING[shaping];
  // Until it is prepared nobody knows what is shaped.
  const made = phase === 'preparing' ? driver : `${driver}, ${shaped}`;
  // A network that was left up goes on after the testnet's duration.
  const of = elapsedMs === null || elapsedMs > durationMs ? '' : ` of ${clock(durationMs)}`;
  const time = elapsedMs === null ? '' : `  ${clock(elapsedMs)}${of}`;
  const right = `${PHASE_WORDS[phase]}${time} `;
  const left: Line = [span(` ${run}`, 'title'), span(`  ${testnet}, ${made}`, 'dim')];
  const room = width - right.length - 1;
  return fit([...fit(left, room), span(' '), span(right, 'strong')], width);
}

/** What is not as it should be, first; then what goes on. */
export function healthLine(model: LiveModel, width: number, look: Look): Line {
  const { marks } = look;
  if (model.notice !== null) {
    return fit([span(` ${marks.bad} ${plain(model.notice)}`, 'bad')], width);
  }
  const { status, links, ring } = model;
  const lagMs = status.pace?.lagMs ?? 0;
  const off = links.filter(({ ok }) => !ok).length;
  const present = ring.filter(({ state }) => state === 'running').length;
  const attacks = status.attacks.filter(({ state }) => state === 'running');
  const faults = status.faults.filter(({ state }) => state === 'active');
  const banned = ring.filter(({ bannedBy }) => bannedBy > 0).length;
  const parts: Span[] = [
    off > 0
      ? span(`${marks.bad} ${off} of ${counted(links.length, 'link')} not as asked`, 'warning')
      : span(
          links.length === 0
            ? 'links not measured'
            : `${marks.good} ${links.length} links as asked`,
          links.length === 0 ? 'dim' : 'good',
        ),
    present === ring.length
      ? span(`${marks.good} ${counted(present, 'peer')} up`, 'good')
      : span(`${marks.absent} ${present} of ${counted(ring.length, 'peer')} up`, 'warning'),
    // A paced simulation on a machine that cannot keep up.
    ...(lagMs < MIN_LAG_MS ? [] : [span(`${marks.bad} ${duration(lagMs)} behind`, 'warning')]),
    ...(banned === 0 ? [] : [span(`${marks.banned} ${banned} banned`, 'bad')]),
    ...several(attacks, 'attack', marks.adversary, 'bad'),
    ...several(faults, 'fault', marks.bad, 'warning'),
  ];
  return fit(
    parts.flatMap((part) => [span(' '), part, span('  ')]),
    width,
  );
}

/** One by its name, more by how many there are. */
function several(
  ongoing: readonly { readonly id: string }[],
  what: string,
  mark: string,
  tone: Tone,
): Span[] {
  const [first] = ongoing;
  if (first === undefined) return [];
  const words = ongoing.length === 1 ? first.id : counted(ongoing.length, what);
  return [span(`${mark} ${words}`, tone)];
}

/** The panes with their numbers, the present one in brackets. */
export function tabLine(tab: Tab, width: number): Line {
  const pieces = TABS.flatMap((name, at): Span[] => {
    const words = `${at + 1} ${name}`;
    return name === tab ? [span(`[${words}]`, 'strong')] : [span(` ${words} `, 'dim')];
  });
  const wide = widthOf(pieces);
  if (wide <= width) return fit(pieces, width);
  return fit(
    TABS.map((name, at) => span(name === tab ? `[${at + 1} ${name}]` : ` ${at + 1} `)),
    width,
  );
}
