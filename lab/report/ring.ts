/** The ring of addresses: who sits where, in which region, on which side, and who was banned. */
import { quantity } from './axes.ts';
import { textOver, WIDTHS, type Layer } from './drawing.ts';
import { beside, figureOf, section } from './figure.ts';
import { amount, counted, EMPTY, percent, html, type Html } from './html.ts';
import type { RunData } from './run-data.ts';
import { SIGNS, type Shape } from './signs.ts';
import { number, table, text } from './table.ts';

/** Each region has a lane of its own, up to this many; more share one. */
const MAX_LANES = 8;
const OUTER = 1;
const INNER = 0.42;
/** Pixels; longer names end in an ellipsis. */
const MAX_LANE_NAME = 80;
/** Points that a lane is drawn through. */
const LANE_POINTS = 72;
/** First digits of an address that tell its place: 48 bits, what a number holds exactly. */
const DIGITS = 12;

/** Where an address lies on the ring, 0–1 clockwise from the top. */
export function positionOf(address: string): number {
  return Number.parseInt(address.slice(0, DIGITS), 16) / 16 ** DIGITS;
}

type Role = 'honest' | 'newcomer' | 'adversary';
const ROLES: Readonly<Record<Role, { readonly shape: Shape; readonly colour: string }>> = {
  honest: { shape: 'circle', colour: SIGNS.commit.colour },
  newcomer: { shape: 'square', colour: SIGNS.commit.colour },
  adversary: { shape: 'triangle-down', colour: SIGNS.attack.colour },
};

interface Seat {
  readonly name: string;
  readonly address: string;
  readonly region: string;
  readonly role: Role;
  /** Honest members that banned it. */
  readonly bannedBy: number;
  readonly x: number;
  readonly y: number;
}

function seatsOf({ members, sentences }: RunData, lanes: readonly string[]): readonly Seat[] {
  return members.flatMap((member): readonly Seat[] => {
    if (member.kind !== 'peer' || !/^[\da-f]{12}/.test(member.address)) return [];
    const { address, region, join_ms, adversary } = member;
    const angle = 2 * Math.PI * positionOf(address);
    const radius = radiusOf(lanes, region);
    const role = adversary !== '' ? 'adversary' : join_ms === null ? 'honest' : 'newcomer';
    const bans = sentences.filter(({ accused, how }) => accused === address && how === 'banned');
    return [
      {
        name: member.member,
        address,
        region,
        role,
        bannedBy: new Set(bans.map(({ by }) => by)).size,
        x: Math.sin(angle) * radius,
        y: Math.cos(angle) * radius,
      },
    ];
  });
}

function radiusOf(lanes: readonly string[], region: string): number {
  const lane = Math.max(0, lanes.indexOf(region));
  return lanes.length < 2 ? OUTER : OUTER - ((OUTER - INNER) * lane) / (lanes.length - 1);
}

export async function ringSection(data: RunData): Promise<Html> {
  const regions = [...new Set(data.members.map(({ region }) => region))].sort();
  const lanes = regions.length > MAX_LANES ? ['all regions'] : regions;
  const seats = seatsOf(data, lanes);
  if (seats.length === 0) return EMPTY;
  const banned = seats.filter(({ bannedBy }) => bannedBy > 0);
  const of = (role: Role): number => seats.filter((seat) => seat.role === role).length;
  const figure = await figureOf({
    id: 'ring-map',
    title: 'Peers by address',
    words:
      `${counted(of('honest'), 'honest founder')}, ${counted(of('newcomer'), 'honest newcomer')}, ${counted(of('adversary'), 'adversary', 'adversaries')}; ` +
      `${counted(banned.length, 'identity', 'identities')} banned by somebody honest` +
      (banned.length === 0
        ? '.'
        : `, of them ${banned.filter(({ role }) => role !== 'adversary').length} honest.`),
    legend: [
      ...(['honest', 'newcomer', 'adversary'] as const)
        .filter((role) => of(role) > 0)
        .map((role) => ({
          text:
            role === 'honest' ? 'honest founder' : role === 'newcomer' ? 'honest newcomer' : role,
          sign: { ...ROLES[role], dash: [] },
          as: 'mark' as const,
        })),
      ...(banned.length > 0
        ? [{ text: 'crossed out: banned', sign: SIGNS.ban, as: 'mark' as const }]
        : []),
    ],
    plot: {
      height: (width) => WIDTHS[width] - 2,
      layers: () => [
        ...lanes.map((region) => circle(lanes, region)),
        ...laneNames(lanes, widestGap(seats)),
        ...marks(seats),
      ],
    },
    data: {
      columns: [
        text('peer'),
        text('address'),
        number('place'),
        text('region'),
        text('role'),
        number('banned by'),
      ],
      rows: seats.map((seat) => [
        seat.name,
        html`<code>${seat.address.slice(0, DIGITS)}…</code>`,
        positionOf(seat.address).toFixed(4),
        seat.region,
        seat.role,
        seat.bannedBy,
      ]),
    },
  });
  const where =
    lanes === regions && regions.length > 1 ? ' Each region has a circle of its own.' : '';
  return section(
    'ring',
    'The ring',
    beside(figure, regionTable(seats, regions)),
    `${viewsText(data)}Addresses run clockwise from the top (0) round to it again; neighbours of a token are those nearest to it.${where}`,
  );
}

/** How far keepers and the voters they heard agree on who belongs to a neighbourhood. */
function viewsText({ result: { views } }: RunData): string {
  if (views.meanOverlap === null) return '';
  return `Keepers and the voters they heard agree on who is near a token: views overlap by ${percent(views.meanOverlap)} on average (n ${amount(views.n)}). `;
}

function regionTable(seats: readonly Seat[], regions: readonly string[]): Html {
  return table({
    caption: 'Peers by region',
    isCaptioned: true,
    columns: [text('region'), ...['honest', 'newcomers', 'adversaries', 'banned'].map(number)],
    rows: regions.map((region) => {
      const own = seats.filter((seat) => seat.region === region);
      const of = (role: Role): number => own.filter((seat) => seat.role === role).length;
      const banned = own.filter(({ bannedBy }) => bannedBy > 0).length;
      return [region, of('honest'), of('newcomer'), of('adversary'), banned];
    }),
  });
}

const EDGES = { title: null, domain: [-1.12, 1.12] } as const;
const PLACE = { x: quantity('x', EDGES), y: quantity('y', EDGES) };

/** The circle of a region. */
function circle(lanes: readonly string[], region: string): Layer {
  const radius = radiusOf(lanes, region);
  const points = Array.from({ length: LANE_POINTS + 1 }, (_, at) => {
    const angle = (2 * Math.PI * at) / LANE_POINTS;
    return { at, x: Math.sin(angle) * radius, y: Math.cos(angle) * radius };
  });
  return {
    data: { values: points },
    mark: { type: 'line', color: 'var(--line)', strokeWidth: 1 },
    encoding: { ...PLACE, order: { field: 'at' } },
  };
}

/** The place in the middle of the largest part of the ring that nobody sits in. */
function widestGap(seats: readonly Seat[]): number {
  const places = seats.map(({ address }) => positionOf(address)).toSorted((a, b) => a - b);
  const gaps = places.map((place, at) => {
    const next = places[at + 1] ?? (places[0] ?? 0) + 1;
    return { middle: (place + next) / 2, width: next - place };
  });
  return gaps.reduce((a, b) => (b.width > a.width ? b : a), { middle: 0, width: 0 }).middle;
}

function laneNames(lanes: readonly string[], place: number): readonly Layer[] {
  if (lanes.length < 2) return [];
  const angle = 2 * Math.PI * place;
  const values = lanes.map((region) => {
    const radius = radiusOf(lanes, region);
    return { x: Math.sin(angle) * radius, y: Math.cos(angle) * radius, region };
  });
  const encoding = { ...PLACE, text: { field: 'region' } };
  return [
    textOver(
      { fontSize: 11, limit: MAX_LANE_NAME, color: 'var(--soft)' },
      { data: { values }, encoding },
    ),
  ];
}

function marks(seats: readonly Seat[]): readonly Layer[] {
  const size = seats.length > 80 ? 40 : 90;
  const roles = (['honest', 'newcomer', 'adversary'] as const).map((role): Layer => {
    const { shape, colour } = ROLES[role];
    return {
      data: { values: seats.filter((seat) => seat.role === role).map(({ x, y }) => ({ x, y })) },
      mark: {
        type: 'point',
        shape,
        color: colour,
        size: role === 'adversary' ? size * 2.2 : size,
        stroke: 'var(--card)',
        strokeWidth: 1,
      },
      encoding: PLACE,
    };
  });
  const banned = seats
    .filter(({ bannedBy }) => bannedBy > 0)
    .map(({ x, y, name }) => ({ x, y, name }));
  return [
    ...roles,
    {
      data: { values: banned },
      mark: {
        type: 'point',
        shape: 'M-1,-1L1,1M1,-1L-1,1',
        filled: false,
        strokeWidth: 1.8,
        color: SIGNS.ban.colour,
        size: size * 4,
      },
      encoding: PLACE,
    },
  ];
}
