/**
 * The ring of addresses in characters: address 0 at the top, growing clockwise; a mark per peer that
 * says how it stands, outside of it the letter of its region. Small places get a strip instead.
 */
import type { RingPeer } from '../live/model.ts';
import { Canvas } from './canvas.ts';
import { regionTone, type Look } from './look.ts';
import { regionLetters } from './regions.ts';
import {
  markOf,
  STANDINGS,
  STANDING_TONES,
  STANDING_WORDS,
  standingOf,
  type Standing,
} from './standing.ts';
import { fit, line, span, type Line } from './text.ts';

export interface RingView {
  readonly ring: readonly RingPeer[];
  readonly regions: readonly string[];
  /** Name of the chosen peer. */
  readonly selected: string | null;
  readonly width: number;
  readonly height: number;
  readonly look: Look;
}

/** Below this an ellipse is a blot. */
const MIN_ELLIPSE = { width: 30, height: 9 };
/** A character is about twice as high as wide; beyond three the ring looks squashed. */
const WIDEST = 3;

/** The map with its legend: exactly `height` lines. */
export function ringLines(view: RingView): Line[] {
  const { width, height } = view;
  if (height <= 0) return [];
  const legend = regionLegend(view);
  const room = height - 1;
  const isEllipse = width >= MIN_ELLIPSE.width && room >= MIN_ELLIPSE.height;
  const drawn = isEllipse ? ellipse(view, room) : strip(view, room);
  return [...drawn, legend];
}

/** How many peers stand how; what nobody is, is left out. */
function tally(ring: readonly RingPeer[]): (readonly [Standing, number])[] {
  const standings = ring.map(standingOf);
  return STANDINGS.toReversed().flatMap((standing) => {
    const count = standings.filter((one) => one === standing).length;
    return count === 0 ? [] : [[standing, count] as const];
  });
}

function regionLegend({ regions, width }: RingView): Line {
  const letters = regionLetters(regions);
  const longest = Math.max(0, ...regions.map((region) => region.length));
  // Names are cut evenly until all fit; a letter alone still tells regions apart.
  let cut = longest;
  const total = () => regions.reduce((sum, region) => sum + 4 + Math.min(cut, region.length), 0);
  while (cut > 0 && total() > width + 2) cut -= 1;
  const parts = regions.flatMap((region, index) => [
    span(letters.get(region) ?? '?', regionTone(index)),
    span(` ${region.slice(0, cut)}  `, 'dim'),
  ]);
  return fit(parts, width);
}

interface Place {
  readonly peer: RingPeer;
  readonly standing: Standing;
}

/** Peers by the cell they share, the one that is looked at first in front. */
function byCell(
  { ring, selected }: RingView,
  cellOf: (position: number) => number,
): Map<number, Place[]> {
  const cells = new Map<number, Place[]>();
  for (const peer of ring) {
    if (peer.address === null) continue;
    const cell = cellOf(peer.position);
    const there = cells.get(cell) ?? [];
    there.push({ peer, standing: standingOf(peer) });
    cells.set(cell, there);
  }
  const rank = ({ peer, standing }: Place) =>
    peer.name === selected ? -1 : STANDINGS.indexOf(standing);
  for (const there of cells.values()) there.sort((a, b) => rank(a) - rank(b));
  return cells;
}

function ellipse(view: RingView, height: number): Line[] {
  const { width, look, regions, selected, ring } = view;
  const canvas = new Canvas(width, height);
  const radiusY = (height - 1) / 2 - 1;
  const radiusX = Math.min((width - 1) / 2 - 3, radiusY * WIDEST);
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2];
  const point = (turn: number, out = 0) => ({
    x: Math.round(middleX + (radiusX + 2 * out) * Math.sin(turn * 2 * Math.PI)),
    y: Math.round(middleY - (radiusY + out) * Math.cos(turn * 2 * Math.PI)),
  });
  const steps = Math.ceil(8 * (radiusX + radiusY));
  for (let at = 0; at < steps; at++) {
    const { x, y } = point(at / steps);
    canvas.put(x, y, look.marks.track, 'dim');
  }
  // The first hex digit of addresses there.
  for (const [turn, digit] of [
    [0, '0'],
    [0.25, '4'],
    [0.5, '8'],
    [0.75, 'c'],
  ] as const) {
    const { x, y } = point(turn, -1);
    canvas.put(x, y, digit, 'dim');
  }
  const cellOf = (turn: number) => {
    const { x, y } = point(turn);
    return y * width + x;
  };
  const letters = regionLetters(regions);
  const cells = byCell(view, cellOf);
  for (const [cell, there] of cells) {
    const [first] = there;
    if (first === undefined) continue;
    const [x, y] = [cell % width, Math.floor(cell / width)];
    drawPlace(canvas, x, y, there, view);
    const outside = point(first.peer.position, 1);
    const tone = regionTone(regions.indexOf(first.peer.region));
    if (canvas.isFree(outside.x, outside.y)) {
      canvas.put(outside.x, outside.y, letters.get(first.peer.region) ?? '?', tone);
    }
  }
  centre(canvas, ring, look, middleX, middleY, radiusX);
  if (selected !== null) bracket(canvas, cells, selected, width);
  return canvas.lines();
}

/** The marks' legend with how many there are of each, in the middle of the ring. */
function centre(
  canvas: Canvas,
  ring: readonly RingPeer[],
  look: Look,
  middleX: number,
  middleY: number,
  radiusX: number,
): void {
  const counts = tally(ring);
  const room = Math.floor(radiusX * 1.4);
  const texts = counts.map(([standing, count]) => {
    const words = `${String(count).padStart(4)} ${STANDING_WORDS[standing]}`;
    return words.length + 2 > room ? words.slice(0, Math.max(4, room - 2)) : words;
  });
  const wide = 2 + Math.max(0, ...texts.map((text) => text.length));
  const x = Math.round(middleX - wide / 2);
  const y = Math.round(middleY - (counts.length - 1) / 2);
  for (const [at, [standing]] of counts.entries()) {
    canvas.put(x, y + at, markOf(standing, look.marks), STANDING_TONES[standing]);
    canvas.write(x + 1, y + at, texts[at] ?? '', 'normal');
  }
}

function drawPlace(
  canvas: Canvas,
  x: number,
  y: number,
  there: readonly Place[],
  { look, selected }: RingView,
): void {
  const [first] = there;
  if (first === undefined) return;
  const { marks } = look;
  const isCrowd = there.length > 1 && first.standing === 'peer';
  const mark = isCrowd ? marks.several : markOf(first.standing, marks);
  canvas.put(x, y, mark, first.peer.name === selected ? 'chosen' : STANDING_TONES[first.standing]);
}

/** Brackets around the chosen peer, where nobody else is: inverse alone is lost in a text capture. */
function bracket(
  canvas: Canvas,
  cells: ReadonlyMap<number, readonly Place[]>,
  selected: string,
  width: number,
): void {
  for (const [cell, [first]] of cells) {
    if (first?.peer.name !== selected) continue;
    const [x, y] = [cell % width, Math.floor(cell / width)];
    if (x > 0 && !cells.has(cell - 1)) canvas.put(x - 1, y, '[', 'strong');
    if (x < width - 1 && !cells.has(cell + 1)) canvas.put(x + 1, y, ']', 'strong');
  }
}

/** The ring cut open at address 0. */
function strip(view: RingView, height: number): Line[] {
  const { width, look, regions, ring } = view;
  const canvas = new Canvas(width, Math.min(2, height));
  for (let x = 0; x < width; x++) canvas.put(x, 0, look.marks.track, 'dim');
  const letters = regionLetters(regions);
  const cells = byCell(view, (turn) => Math.min(width - 1, Math.floor(turn * width)));
  for (const [x, there] of cells) {
    const [first] = there;
    if (first === undefined) continue;
    drawPlace(canvas, x, 0, there, view);
    const tone = regionTone(regions.indexOf(first.peer.region));
    canvas.put(x, 1, letters.get(first.peer.region) ?? '?', tone);
  }
  const counts = tally(ring).map(([standing, count]) => [
    span(markOf(standing, look.marks), STANDING_TONES[standing]),
    span(`${String(count).padStart(4)} ${STANDING_WORDS[standing]}`),
  ]);
  const lines = [...canvas.lines(), ...counts];
  return Array.from({ length: height }, (_, at) => lines[at] ?? line(''));
}
