/** How the network of a run does: finality, throughput, messages, bytes, resources. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { MESSAGE_FIGURES, TRANSACTION_FIGURES } from '../lab/analysis/figures.ts';
import {
  FINALITY_BY_REGION,
  FINALITY_OVER_TIME,
  FINALITY_OVER_TIME_BY_REGION,
  THROUGHPUT_OVER_TIME,
} from '../lab/analysis/series.ts';
import {
  DATAGRAMS_OVER_TIME,
  MESSAGES_OVER_TIME,
  RESOURCES_OVER_TIME,
  RUNS,
} from '../lab/telemetry/series.ts';
import { assembled, type Section } from './frame.ts';
import { figures, NONE_ALLOWED, series, table } from './panels.ts';

export const NETWORK_UID = 'minefield-network';

/** Opens the run of this row, at the time when it was under load (else since it was first heard of). */
const OPEN_RUN = {
  title: 'Show this run',
  url:
    `/d/${NETWORK_UID}?var-testnet=\${__data.fields.testnet}&var-run=\${__value.raw}` +
    '&from=${__data.fields.opens}&to=${__data.fields.closes}',
};

export function network(): Dashboard {
  return assembled(
    {
      uid: NETWORK_UID,
      title: 'Network',
      description: 'How the network of a run does: finality, throughput, messages, resources.',
    },
    [overall(), finality(), messages(), resources()],
  );
}

const overall = (): Section => ({
  title: 'The run as a whole',
  panels: [
    runs(),
    figures({
      title: 'Transactions',
      query: TRANSACTION_FIGURES,
      show: {
        submitted: 'submitted',
        committed: 'committed',
        timed_out: 'given up',
        conflicting: 'in conflict',
        safety_violations: { name: 'safety violations', thresholds: NONE_ALLOWED },
      },
      unit: 'none',
      size: [10, 4],
    }),
    figures({
      title: 'Finality',
      query: TRANSACTION_FIGURES,
      show: { n: { name: 'final', unit: 'none' }, p50: 'median', p90: '90 %', p99: '99 %' },
      unit: 'ms',
      size: [7, 4],
    }),
    figures({
      title: 'Messages and bytes',
      query: MESSAGE_FIGURES,
      show: {
        per_commit: { name: 'messages per commit', unit: 'none' },
        bytes_per_peer_per_second: 'per peer',
      },
      unit: 'binBps',
      decimals: 1,
      size: [7, 4],
    }),
  ],
});

const finality = (): Section => ({
  title: 'Finality and throughput',
  panels: [
    series({
      title: 'Finality over time',
      query: FINALITY_OVER_TIME,
      show: { p50: 'median', p99: '99 %' },
      unit: 'ms',
      size: [12, 8],
    }),
    series({
      title: 'Transactions submitted and committed',
      query: THROUGHPUT_OVER_TIME,
      show: { submitted: 'submitted', committed: 'committed' },
      unit: 'none',
      size: [12, 8],
    }),
    series({
      title: 'Median finality by region of the client',
      query: FINALITY_OVER_TIME_BY_REGION,
      by: 'region',
      show: { p50: 'median' },
      unit: 'ms',
      size: [12, 8],
    }),
    table({
      title: 'Finality by region, whole run',
      query: FINALITY_BY_REGION,
      show: {
        region: { name: 'region', unit: 'string' },
        submitted: { name: 'submitted', unit: 'none' },
        n: { name: 'final', unit: 'none' },
        p50: 'median',
        p90: '90 %',
        p99: '99 %',
        max: 'slowest',
      },
      unit: 'ms',
      size: [12, 8],
    }),
  ],
});

const messages = (): Section => ({
  title: 'Messages',
  panels: [
    series({
      title: 'Messages sent, by type',
      query: MESSAGES_OVER_TIME,
      by: 'type',
      show: { count: 'messages' },
      unit: 'none',
      stacked: true,
      size: [12, 9],
    }),
    series({
      title: 'Bytes of messages, by type',
      query: MESSAGES_OVER_TIME,
      by: 'type',
      show: { bytes: 'bytes' },
      unit: 'bytes',
      stacked: true,
      size: [12, 9],
    }),
    series({
      title: 'Datagrams sent',
      query: DATAGRAMS_OVER_TIME,
      show: { datagrams: 'datagrams', messages: 'messages in them' },
      unit: 'none',
      size: [12, 7],
    }),
    series({
      title: 'UDP payload sent',
      query: DATAGRAMS_OVER_TIME,
      show: { bytes: 'payload' },
      unit: 'bytes',
      size: [12, 7],
    }),
  ],
});

const resources = (): Section => ({
  title: 'Resources of the members',
  panels: [
    series({
      title: 'CPU, all members together (cores)',
      query: RESOURCES_OVER_TIME,
      show: { cores: 'cores' },
      unit: 'none',
      size: [8, 7],
    }),
    series({
      title: 'Memory of a member',
      query: RESOURCES_OVER_TIME,
      show: { resident_bytes: 'median', worst_resident_bytes: 'largest' },
      unit: 'bytes',
      size: [8, 7],
    }),
    series({
      title: 'Worst delay of an event loop (p99)',
      query: RESOURCES_OVER_TIME,
      show: { loop_delay_p99_ms: 'worst' },
      unit: 'ms',
      size: [8, 7],
    }),
  ],
});

function runs() {
  return table({
    title: 'Runs in the store: a click on one shows it at its time',
    query: RUNS,
    show: {
      run: { name: 'run', unit: 'string', link: OPEN_RUN },
      testnet: { name: 'testnet', unit: 'string' },
      state: { name: 'state', unit: 'string' },
      driver: { name: 'driver', unit: 'string' },
      seed: 'seed',
      k: 'k',
      version: { name: 'version', unit: 'string' },
      seen_ms: { name: 'first heard of', unit: 'time' },
      from_ms: { name: 'load from', unit: 'time' },
      to_ms: { name: 'load to', unit: 'time' },
      opens: { name: 'opens', unit: 'string', hidden: true },
      closes: { name: 'closes', unit: 'string', hidden: true },
    },
    unit: 'none',
    size: [24, 6],
  });
}
