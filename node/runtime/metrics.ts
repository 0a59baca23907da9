/**
 * A process's figures for whoever scrapes it: totals of the rows it has reported, so that they can
 * never disagree with telemetry, and how it stands. Text format of Prometheus 0.0.4.
 */
import type { Health } from '../control.ts';
import type { Row } from '../telemetry.ts';

type Labels = Readonly<Record<string, string>>;

/** Label sets kept in all: those of our own rows are few; nothing a stranger says becomes a label. */
const MAX_SERIES = 1024;

const HELP = {
  peer_messages_total: 'Protocol messages by type and direction.',
  peer_message_bytes_total: 'Bytes of protocol messages by type and direction.',
  peer_transactions_total: 'Transactions by the part taken in them and by outcome.',
  peer_votes_total: 'Votes cast by verdict.',
  peer_evidence_total: 'Evidence packages by event and rule.',
  peer_slashing_total: 'Steps of slashings by event.',
  peer_flags_total: 'Suspicions by detection layer.',
  peer_cpu_ms_total: 'Processor time of the process.',
} as const;

const GAUGES = {
  peer_resident_bytes: 'Resident memory.',
  peer_loop_delay_p99_ms: 'Delay of the event loop in the last second, 99th percentile.',
  peer_socket_drops: 'Datagrams that the kernel dropped before they were read.',
  peer_telemetry_dropped: 'Telemetry rows lost.',
} as const;

export class Metrics {
  readonly #totals = new Map<string, number>();
  readonly #gauges = new Map<keyof typeof GAUGES, number>();

  count(row: Row): void {
    switch (row.table) {
      case 'messages': {
        const labels = { type: row.type, direction: row.direction };
        this.#add('peer_messages_total', labels, row.count);
        this.#add('peer_message_bytes_total', labels, row.bytes);
        return;
      }
      case 'transactions':
        this.#add('peer_transactions_total', { part: row.part, outcome: row.outcome });
        return;
      case 'votes':
        this.#add('peer_votes_total', { verdict: row.verdict });
        return;
      case 'evidence':
        this.#add('peer_evidence_total', { event: row.event, rule: row.rule });
        return;
      case 'slashing':
        this.#add('peer_slashing_total', { event: row.event });
        return;
      case 'flags':
        this.#add('peer_flags_total', { layer: row.layer });
        return;
      case 'resources':
        this.#add('peer_cpu_ms_total', {}, row.cpuMs);
        this.#gauges.set('peer_resident_bytes', row.residentBytes);
        this.#gauges.set('peer_loop_delay_p99_ms', row.loopDelayP99Ms);
        this.#gauges.set('peer_socket_drops', row.socketDrops);
        this.#gauges.set('peer_telemetry_dropped', row.telemetryDropped);
        return;
      default:
    }
  }

  /** Everything at once, with how the peer stands now. */
  text(health: Health): string {
    const lines: string[] = [];
    for (const [name, help] of Object.entries(HELP)) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} counter`);
      for (const [series, value] of this.#totals) {
        if (series === name || series.startsWith(`${name}{`)) lines.push(`${series} ${value}`);
      }
    }
    for (const [name, help] of Object.entries(GAUGES)) {
      const value = [...this.#gauges].find(([shown]) => shown === name)?.[1];
      if (value !== undefined) lines.push(...gauge(name, help, value));
    }
    for (const [field, value] of Object.entries(health)) {
      const name = `peer_${field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
      if (typeof value === 'number' || typeof value === 'boolean') {
        lines.push(...gauge(name, `Health: ${field}.`, Number(value)));
      }
    }
    return `${lines.join('\n')}\n`;
  }

  #add(name: keyof typeof HELP, labels: Labels, count = 1): void {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}=${quoted(value)}`);
    const series = pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
    const before = this.#totals.get(series);
    if (before === undefined && this.#totals.size >= MAX_SERIES) return;
    this.#totals.set(series, (before ?? 0) + count);
  }
}

function gauge(name: string, help: string, value: number): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name} ${value}`];
}

/** As the format wants label values: backslash, quote and line end escaped. */
function quoted(value: string): string {
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `"${escaped}"`;
}
