/**
 * What all dashboards share: the choice of testnet and run, the marks of attacks and faults, the
 * way to the others with run and time kept.
 */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { ATTACK_SPANS, FAULT_SPANS } from '../lab/telemetry/series.ts';
import { bound, ClickHouseQueryBuilder, DATA_SOURCE } from './query.ts';

/** By which the dashboards find one another. */
const TAG = 'minefield-lab';

export interface Frame {
  /** At most 40 characters; part of its address. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** Whether it is about one member, to be chosen. */
  readonly ofPeer?: boolean;
}

/** Panels under a line with a title. */
export interface Section {
  readonly title: string;
  readonly panels: readonly Builder<dashboard.Panel>[];
}

/** A dashboard of these sections, one below the other. */
export function assembled(frame: Frame, sections: readonly Section[]): dashboard.Dashboard {
  const builder = framed(frame);
  for (const { title, panels } of sections) {
    builder.withRow(new dashboard.RowBuilder(title));
    for (const panel of panels) builder.withPanel(panel);
  }
  return builder.build();
}

function framed({ uid, title, description, ofPeer = false }: Frame): dashboard.DashboardBuilder {
  const builder = new dashboard.DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([TAG])
    .timezone('utc')
    .time({ from: 'now-30m', to: 'now' })
    .refresh('10s')
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .readonly()
    .withVariable(TESTNET())
    .withVariable(RUN())
    .annotation(marks('Attacks', 'red', attackMarks()))
    .annotation(marks('Faults', 'orange', faultMarks()))
    .link(
      new dashboard.DashboardLinkBuilder('Minefield Lab')
        .type(dashboard.DashboardLinkType.Dashboards)
        .tags([TAG])
        .includeVars(true)
        .keepTime(true)
        .asDropdown(false),
    );
  return ofPeer ? builder.withVariable(PEER()) : builder;
}

/** The newest first: a dashboard that is opened shows the newest run. */
const TESTNET = (): dashboard.QueryVariableBuilder =>
  choice('testnet', 'Testnet', 'Name of the testnet, as its file says it.', {
    sql: 'SELECT testnet FROM lab.runs GROUP BY testnet ORDER BY max(ts) DESC, testnet',
    includeAll: true,
  });

const RUN = (): dashboard.QueryVariableBuilder =>
  choice('run', 'Run', 'A run of the testnet, the newest first.', {
    sql:
      'SELECT run FROM lab.runs WHERE testnet IN (${testnet:sqlstring}) ' +
      'GROUP BY run ORDER BY min(ts) DESC, run',
  });

const PEER = (): dashboard.QueryVariableBuilder =>
  choice('peer', 'Peer', 'A peer or client of the run.', {
    sql:
      'SELECT peer FROM lab.peers WHERE run = ${run:sqlstring} ' +
      "GROUP BY peer ORDER BY any(kind) = 'client', peer",
  });

function choice(
  name: string,
  label: string,
  description: string,
  { sql, includeAll = false }: { readonly sql: string; readonly includeAll?: boolean },
): dashboard.QueryVariableBuilder {
  const builder = new dashboard.QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(DATA_SOURCE)
    // The plug-in's own form of a variable's query; its older versions read a panel query's fields.
    .query({ refId: name, queryType: 'sql', editorType: 'sql', rawSql: sql })
    .definition(sql)
    // Anew whenever the time changes: runs come while a dashboard is open.
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.Disabled)
    .multi(false)
    .includeAll(includeAll);
  return includeAll ? builder.current({ selected: true, text: 'All', value: '$__all' }) : builder;
}

/** The columns that Grafana reads of an annotation: time, timeEnd, text, tags. */
function spanSql(sql: string, text: string, tag: string): string {
  const end = `ifNull(to_ms, ${bound('{to:Int64}', 'run')})`;
  return (
    `SELECT fromUnixTimestamp64Milli(toInt64(from_ms)) AS time, ` +
    `fromUnixTimestamp64Milli(toInt64(${end})) AS timeEnd, ${text} AS text, '${tag}' AS tags ` +
    `FROM (${bound(sql, 'picker')})`
  );
}

function attackMarks(): string {
  const text = "concat(name, ', ', toString(length(members)), ' members')";
  return spanSql(ATTACK_SPANS.sql, text, 'attack');
}

function faultMarks(): string {
  return spanSql(FAULT_SPANS.sql, "concat(kind, ' ', detail)", 'fault');
}

function marks(name: string, color: string, sql: string): dashboard.AnnotationQueryBuilder {
  return new dashboard.AnnotationQueryBuilder()
    .name(name)
    .datasource(DATA_SOURCE)
    .enable(true)
    .hide(false)
    .iconColor(color)
    .target(new ClickHouseQueryBuilder(sql, 'table', 'annotation'));
}
