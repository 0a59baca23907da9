/** What is known of one peer, as a page. */
import type { LiveModel, PeerDetail, RingPeer } from '../live/model.ts';
import type { Health } from '../../node/control.ts';
import { cells, fact, heading, type Document, type Row } from './document.ts';
import { standingOf, STANDING_TONES, STANDING_WORDS } from './standing.ts';
import { clock, counted, originMs, shortId } from './words.ts';

/** Head from the model, so that it is always the newest; lists from what was asked last, if it came. */
export function peerDocument(name: string, model: LiveModel, detail: PeerDetail | null): Document {
  const origin = originMs(model);
  const peer = model.ring.find((one) => one.name === name);
  const member = model.status.members.find((one) => one.name === name);
  const at = (ms: number) => clock(ms - origin, true);
  return {
    title: name,
    rows: [
      ...(peer === undefined ? [] : standingRows(peer)),
      fact('kind', member === undefined ? '–' : `${member.kind} of group ${member.group}`),
      fact('region', member?.region ?? '–'),
      fact('process', processOf(member)),
      fact(
        'endpoint',
        member === undefined ? '–' : `${member.endpoint.ip}:${member.endpoint.port}`,
      ),
      fact('address', member?.address ?? 'none yet'),
      ...healthRows(member?.health ?? null),
      ...(detail === null ? [] : detailRows(detail, at)),
    ],
  };
}

function processOf(member: LiveModel['status']['members'][number] | undefined): string {
  if (member === undefined) return '–';
  return `${member.state}, ${member.connected ? 'connected to the lab' : 'not connected to the lab'}`;
}

function standingRows(peer: RingPeer): Row[] {
  const standing = standingOf(peer);
  const { adversary, bannedBy, phase } = peer;
  return [
    fact('standing', STANDING_WORDS[standing], STANDING_TONES[standing]),
    ...(adversary === null ? [] : [fact('plays', `${adversary}, as its operator declared it`)]),
    fact('banned by', counted(bannedBy, 'peer'), bannedBy > 0 ? 'bad' : 'normal'),
    fact('phase', phase ?? '–'),
  ];
}

function healthRows(health: Health | null): Row[] {
  if (health === null) return [fact('health', 'not heard from')];
  const { epoch, height, tokens, connected, wanted, members, banned, pending, frozen } = health;
  return [
    fact('chain', `epoch ${epoch}, height ${height}, ${counted(tokens, 'token')}`),
    fact('links', `${connected} of ${wanted} wanted, ${counted(members, 'member')} known`),
    fact('has banned', counted(banned, 'peer')),
    fact('pending', `${counted(pending, 'transaction')}, ${counted(frozen, 'token')} frozen`),
  ];
}

function detailRows(detail: PeerDetail, at: (ms: number) => string): Row[] {
  const { evidence, bans, flags, statements, phases } = detail;
  return [
    ...heading('Evidence against it', evidence.length),
    ...evidence.map((one) =>
      cells([at(one.atMs), one.rule, shortId(one.package), `held by ${one.heldBy}`], [8, 18, 10], {
        kind: 'evidence',
        id: one.package,
      }),
    ),
    ...heading('Who excluded it', bans.length),
    ...bans.map((one) => cells([at(one.atMs), one.by, one.event], [8, 14], memberPage(one.by))),
    ...heading('Flags about it', flags.length),
    ...flags.map((one) => {
      const score = one.score === null ? '' : `, score ${one.score.toPrecision(2)}`;
      return cells(
        [at(one.atMs), one.by, one.layer, `${one.reason}${score}`],
        [8, 14, 14],
        memberPage(one.by),
      );
    }),
    ...heading('Statements it made', statements.length),
    ...statements.map((one) =>
      cells(
        [
          at(one.atMs),
          `to ${one.heardBy}`,
          `token ${shortId(one.token)}`,
          `owner ${shortId(one.owner)}`,
          `height ${one.height}${one.disagreed ? ', disagreed with others' : ''}`,
        ],
        [8, 16, 16, 16],
        { kind: 'transaction', id: one.tx },
      ),
    ),
    ...heading('Phases', phases.length),
    ...phases.map((one) => cells([at(one.atMs), one.phase], [8])),
  ];
}

function memberPage(name: string) {
  return { kind: 'peer', id: name } as const;
}
