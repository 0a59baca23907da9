/** Who takes part in a testnet that lives on: regions, versions, lag. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import {
  CATCHING_UP,
  MEMBERS,
  MEMBERS_BY_REGION,
  MEMBERS_BY_VERSION,
  MEMBERS_OVER_TIME,
} from '../lab/telemetry/members.ts';
import { assembled, type Section } from './frame.ts';
import { series, table, type Thresholds } from './panels.ts';
import { PEER_UID } from './peer.ts';

/** Members report at least every six seconds: twice that is late, ten times is gone. */
const LAG: Thresholds = [
  [null, 'green'],
  [12_000, 'orange'],
  [60_000, 'red'],
];

const OPEN_PEER = {
  title: 'Show this member',
  url: `/d/${PEER_UID}?\${testnet:queryparam}&\${run:queryparam}&var-peer=\${__value.raw}&\${__url_time_range}`,
};

export function volunteers(): Dashboard {
  return assembled(
    {
      uid: 'minefield-volunteers',
      title: 'Volunteers',
      description:
        'Who takes part: where, in which version, and how long nothing was heard of them.',
    },
    [presence(), overTime()],
  );
}

const presence = (): Section => ({
  title: 'Who is there',
  panels: [
    table({
      title: 'Members: a click on one shows it',
      query: MEMBERS,
      show: {
        member: { name: 'name', unit: 'string', link: OPEN_PEER },
        kind: { name: 'kind', unit: 'string' },
        region: { name: 'region', unit: 'string' },
        version: { name: 'version', unit: 'string' },
        phase: { name: 'phase', unit: 'string' },
        epoch: { name: 'epoch', unit: 'none' },
        height: { name: 'height', unit: 'none' },
        started_ms: { name: 'since', unit: 'time' },
        heard_ms: { name: 'last heard of', unit: 'time' },
        behind_ms: { name: 'lag', thresholds: LAG },
      },
      unit: 'ms',
      size: [24, 12],
    }),
    table({
      title: 'Regions',
      query: MEMBERS_BY_REGION,
      show: {
        region: { name: 'region', unit: 'string' },
        peers: 'peers',
        clients: 'clients',
      },
      unit: 'none',
      size: [8, 8],
    }),
    table({
      title: 'Versions',
      query: MEMBERS_BY_VERSION,
      show: { version: { name: 'version', unit: 'string' }, members: 'members' },
      unit: 'none',
      size: [8, 8],
    }),
    table({
      title: 'Catching up',
      query: CATCHING_UP,
      show: {
        member: { name: 'name', unit: 'string' },
        phase: { name: 'phase', unit: 'string' },
        density: 'held',
        blocks: { name: 'blocks read', unit: 'none' },
        bytes: { name: 'received', unit: 'bytes' },
      },
      unit: 'percentunit',
      size: [8, 8],
    }),
  ],
});

const overTime = (): Section => ({
  title: 'Over time',
  panels: [
    series({
      title: 'Members heard of, by region',
      query: MEMBERS_OVER_TIME,
      by: 'region',
      show: { members: 'members' },
      unit: 'none',
      size: [24, 8],
    }),
  ],
});
