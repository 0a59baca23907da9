/** One member: what it is, does, takes, and what others hold against it. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import {
  ONE_MEMBER,
  PEER_MESSAGES,
  PEER_RECORD,
  PEER_RESOURCES,
  PEER_TRAFFIC,
  PEER_TRANSACTIONS,
} from '../lab/telemetry/members.ts';
import { assembled, type Section } from './frame.ts';
import { series, table } from './panels.ts';

export const PEER_UID = 'minefield-peer';

export function peer(): Dashboard {
  return assembled(
    {
      uid: PEER_UID,
      title: 'Peer',
      description:
        'One peer or client: what it is, does and takes, and what others hold against it.',
      ofPeer: true,
    },
    [identity(), doings(), resources(), record()],
  );
}

const identity = (): Section => ({
  title: 'Who it is',
  panels: [
    table({
      title: 'Member',
      query: ONE_MEMBER,
      show: {
        member: { name: 'name', unit: 'string' },
        kind: { name: 'kind', unit: 'string' },
        region: { name: 'region', unit: 'string' },
        version: { name: 'version', unit: 'string' },
        phase: { name: 'phase', unit: 'string' },
        epoch: { name: 'epoch', unit: 'none' },
        heard_ms: { name: 'last heard of', unit: 'time' },
        behind_ms: 'lag',
        address: { name: 'address', unit: 'string' },
      },
      unit: 'ms',
      size: [24, 4],
    }),
  ],
});

const doings = (): Section => ({
  title: 'What it does',
  panels: [
    series({
      title: 'Transactions, by outcome',
      query: PEER_TRANSACTIONS,
      by: 'outcome',
      show: { count: 'transactions' },
      unit: 'none',
      stacked: true,
      size: [12, 8],
    }),
    series({
      title: 'Messages sent, by type',
      query: PEER_MESSAGES,
      by: 'type',
      show: { count: 'messages' },
      unit: 'none',
      stacked: true,
      size: [12, 8],
    }),
    series({
      title: 'Datagrams',
      query: PEER_TRAFFIC,
      by: 'direction',
      show: { datagrams: 'datagrams' },
      unit: 'none',
      size: [12, 7],
    }),
    series({
      title: 'UDP payload',
      query: PEER_TRAFFIC,
      by: 'direction',
      show: { bytes: 'bytes' },
      unit: 'bytes',
      size: [12, 7],
    }),
  ],
});

const resources = (): Section => ({
  title: 'What it takes',
  panels: [
    series({
      title: 'CPU (cores)',
      query: PEER_RESOURCES,
      show: { cores: 'cores' },
      unit: 'none',
      size: [8, 7],
    }),
    series({
      title: 'Memory',
      query: PEER_RESOURCES,
      show: { resident_bytes: 'resident' },
      unit: 'bytes',
      size: [8, 7],
    }),
    series({
      title: 'Delay of its event loop (p99)',
      query: PEER_RESOURCES,
      show: { loop_delay_p99_ms: 'worst' },
      unit: 'ms',
      size: [8, 7],
    }),
  ],
});

const record = (): Section => ({
  title: 'Its record',
  panels: [
    table({
      title: 'What happened to it, and what it did to others',
      query: PEER_RECORD,
      show: {
        at_ms: { name: 'when', unit: 'time' },
        what: 'what',
        about: 'about',
        by: 'reported by',
        detail: 'detail',
      },
      unit: 'string',
      size: [24, 10],
    }),
  ],
});
