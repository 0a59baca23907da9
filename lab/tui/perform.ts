/** Carries out what a key asked for. Resolves with what came of it in words; empty: nothing to say. */
import type { LiveRun } from '../live/model.ts';
import type { Backend, Launching } from './backend.ts';
import type { Effect, SteerAction } from './effect.ts';
import type { UiState } from './state.ts';
import { counted } from './words.ts';

/** What an effect may touch. */
export interface Doing {
  readonly backend: Backend;
  readonly live: LiveRun | null;
  /** Shown while it goes on. */
  say(this: void, text: string): void;
  change(this: void, change: (state: UiState) => UiState): void;
  /** What a launch tells, and heeds. */
  readonly launching: Pick<Launching, 'begun' | 'signal'>;
  /** From now on this run is on the screen. */
  watch(this: void, live: LiveRun): void;
}

type Lasting = Exclude<Effect, { type: 'leave' | 'detach' | 'open' }>;

const STEERED: Readonly<Record<SteerAction, string>> = {
  stop: 'stopped',
  pause: 'paused',
  resume: 'resumed',
  set: 'changed',
};

export async function perform(effect: Lasting, doing: Doing): Promise<string> {
  switch (effect.type) {
    case 'refresh':
      return refresh(doing);
    case 'attach':
      return attach(effect.run, doing);
    case 'launch':
      return launch(effect, doing);
    default:
      return onRun(effect, doing, watched(doing));
  }
}

async function attach(run: string, { backend, say, change, watch }: Doing): Promise<string> {
  say(`attaching to ${run}`);
  change((state) => ({ ...state, isAttaching: true }));
  try {
    watch(await backend.open(run));
    return '';
  } finally {
    change((state) => ({ ...state, isAttaching: false }));
  }
}

async function refresh({ backend, change }: Doing): Promise<string> {
  const entries = await backend.entries();
  change((state) => ({
    ...state,
    entries,
    entry: Math.max(0, Math.min(state.entry, entries.length - 1)),
  }));
  return '';
}

async function launch(
  { choice }: Extract<Effect, { type: 'launch' }>,
  { backend, say, change, watch, launching }: Doing,
): Promise<string> {
  say(`launching ${choice.file}`);
  change((state) => ({ ...state, isLaunching: true }));
  try {
    const live = await backend.launch(choice, { ...launching, say: (text) => say(text) });
    watch(live);
    return `${live.run} is on its way`;
  } finally {
    change((state) => ({ ...state, isLaunching: false }));
  }
}

function watched({ live }: Doing): LiveRun {
  if (live === null) throw new Error('no run is watched');
  return live;
}

async function onRun(
  effect: Exclude<Lasting, { type: 'refresh' | 'attach' | 'launch' }>,
  { say, change }: Doing,
  live: LiveRun,
): Promise<string> {
  switch (effect.type) {
    case 'attack':
      say(`starting ${effect.name}`);
      return startAttack(effect, live, change);
    case 'steer':
      say(`${effect.action} of ${effect.id} ordered`);
      await live.steer(effect.id, effect.action, effect.knobs);
      return `${effect.id} ${STEERED[effect.action]}`;
    case 'fault':
      return begin(effect, { say, change }, live);
    case 'clear':
      say(`clearing ${counted(effect.ids.length, 'fault')}`);
      // Side by side: each may take seconds, and nobody wants a network half healed.
      await Promise.all(effect.ids.map((id) => live.clearFault(id)));
      return `${effect.ids.length === 1 ? effect.ids.join('') : counted(effect.ids.length, 'fault')} cleared`;
    case 'measure':
      return measure(say, change, live);
    case 'halt':
      say('stopping: every transaction is let end first');
      await live.stop();
      return 'stopped; s starts it again';
    case 'resume':
      say('starting again');
      await live.start();
      return 'started again';
    default:
      return remove(effect.isScored, say, live);
  }
}

async function remove(isScored: boolean, say: Doing['say'], live: LiveRun): Promise<string> {
  const { run } = live;
  if (isScored) {
    say(`scoring ${run}, and writing its report`);
    await live.score();
  }
  say(`removing ${run}`);
  const objects = counted((await live.down()).length, 'object');
  return isScored
    ? `${run} was scored and removed (${objects}); npx lab report ${run} names its report`
    : `${run} was removed unscored (${objects}); npx lab query --run ${run} reads what it measured`;
}

/** What was begun last stands first, and is what the next key is about. */
async function startAttack(
  { name, knobs }: Extract<Effect, { type: 'attack' }>,
  live: LiveRun,
  change: Doing['change'],
): Promise<string> {
  const id = await live.attack(name, knobs);
  change((state) => ({ ...state, attack: 0 }));
  return `${id} started`;
}

async function begin(
  { what, faults, forMs }: Extract<Effect, { type: 'fault' }>,
  { say, change }: Pick<Doing, 'say' | 'change'>,
  live: LiveRun,
): Promise<string> {
  const begun: string[] = [];
  for (const fault of faults) {
    say(`${what}: ${begun.length} of ${faults.length} begun`);
    begun.push(await live.fault(fault, forMs));
  }
  change((state) => ({ ...state, fault: 0 }));
  return `${what} begun: ${begun.join(', ')}`;
}

async function measure(say: Doing['say'], change: Doing['change'], live: LiveRun): Promise<string> {
  say('measuring the links');
  change((state) => ({ ...state, isMeasuring: true }));
  try {
    const links = await live.measureLinks();
    return `${links.filter(({ ok }) => ok).length} of ${links.length} links as asked`;
  } finally {
    change((state) => ({ ...state, isMeasuring: false }));
  }
}
