/** How far a launch is: the steps up to a running network, and how many peers are there. */
import { createElement as h, memo } from 'react';
import type { LiveModel } from '../live/model.ts';
import type { RunPhase } from '../supervisor/api.ts';
import { Lines } from './lines.ts';
import type { Look } from './look.ts';
import { line, plain, rule, span, type Line } from './text.ts';
import { PHASE_WORDS } from './words.ts';

interface Props {
  readonly status: LiveModel['status'];
  readonly feed: LiveModel['feed'];
  readonly width: number;
  readonly height: number;
  readonly look: Look;
}

const STEPS: readonly RunPhase[] = ['preparing', 'launching', 'meshing', 'measuring', 'running'];
const BAR_WIDTH = 30;

/** Whether the run is still on its way to the first phase with figures. */
export function isLaunching(phase: RunPhase): boolean {
  return phase !== 'running' && STEPS.includes(phase);
}

export const ProgressPane = memo(function ProgressPane(props: Props) {
  const { status, feed, width, height, look } = props;
  const { marks } = look;
  const at = STEPS.indexOf(status.phase);
  const steps = STEPS.map((phase, index): Line => {
    const mark = index < at ? marks.good : index === at ? marks.pointer : marks.track;
    const tone = index < at ? 'good' : index === at ? 'strong' : 'dim';
    return [span(`   ${mark} ${PHASE_WORDS[phase]}`, tone)];
  });
  const { members } = status;
  const up = members.filter(({ state }) => state === 'running').length;
  const minted = members.filter(({ address }) => address !== null).length;
  const meshed = members.filter(({ health }) => health?.meshed === true).length;
  const notes = feed
    .slice(-Math.max(0, height - STEPS.length - 9))
    .map(({ text }) => line(`   ${plain(text)}`, 'dim'));
  const lines = [
    rule(`Launching ${status.testnet}`, `${members.length} members`, width, marks.rule),
    line(''),
    ...steps,
    line(''),
    bar('started', up, members.length, look),
    bar('know who they are', minted, members.length, look),
    bar('found one another', meshed, members.length, look),
    line(''),
    ...notes,
  ];
  return h(Lines, { lines, width, height, look });
});

function bar(name: string, count: number, of: number, { marks }: Look): Line {
  const full = of === 0 ? 0 : Math.round((count / of) * BAR_WIDTH);
  const block = marks.bars.at(-1) ?? '';
  return [
    span(`   ${name.padEnd(20)}`, 'dim'),
    span(block.repeat(full), 'accent'),
    span(marks.track.repeat(BAR_WIDTH - full), 'dim'),
    span(`  ${count} of ${of}`, 'strong'),
  ];
}
