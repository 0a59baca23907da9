/**
 * Panels of named queries. There is one way to make one: a query, and which of its columns are
 * shown under which names. Descriptions come from the query, so that a panel says what METRICS.md says.
 */
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as SeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { NamedQuery } from '../lab/telemetry/queries.ts';
import { bound, ClickHouseQueryBuilder, DATA_SOURCE, type Window } from './query.ts';

/** Units as Grafana names them (those of bytes in powers of 1024, as the report has them); `time` and `list` are ours: a moment, and an array of texts. */
type Unit =
  | 'none'
  | 'short'
  | 'ms'
  | 'bytes'
  | 'binBps'
  | 'percentunit'
  | 'time'
  | 'list'
  | 'string';

/** A colour from a value on, as Grafana names colours; the first one holds for everything below. */
export type Thresholds = readonly (readonly [from: number | null, color: string])[];

/** Red from the first on. */
export const NONE_ALLOWED: Thresholds = [
  [null, 'green'],
  [1, 'red'],
];

interface Shown {
  readonly name: string;
  /** By default the panel's. */
  readonly unit?: Unit;
  readonly thresholds?: Thresholds;
  /** There for links alone. */
  readonly hidden?: boolean;
  /** Where a click on the value leads. */
  readonly link?: { readonly title: string; readonly url: string };
}

interface PanelOptions<Row extends object> {
  readonly title: string;
  readonly query: NamedQuery<Row>;
  /** Its columns as they are shown, in this order: a name, or more. */
  readonly show: { readonly [Name in keyof Row & string]?: string | Shown };
  readonly unit: Unit;
  /** Of the 24 columns of the grid, and of its rows. */
  readonly size: readonly [width: number, height: number];
}

/** Grafana shows a description in a small box: what is longer is cut at the end of a sentence. */
const MAX_DESCRIPTION = 260;

/** Whole sentences, at least one, as many as there is room for. */
export function shortened(meaning: string): string {
  const [first = '', ...sentences] = meaning.split(/(?<=\.)\s+/);
  let text = first;
  for (const sentence of sentences) {
    if (text.length + sentence.length >= MAX_DESCRIPTION) break;
    text += ` ${sentence}`;
  }
  return text;
}

/** Figures of one row, each with its name: a single number for the whole run. */
export function figures<Row extends object>(
  options: PanelOptions<Row> & { readonly decimals?: number; readonly thresholds?: Thresholds },
): StatBuilder {
  const builder = new StatBuilder()
    .colorMode(common.BigValueColorMode.Value)
    .graphMode(common.BigValueGraphMode.None)
    .textMode(common.BigValueTextMode.ValueAndName)
    .orientation(common.VizOrientation.Auto)
    .noValue('not measured')
    .thresholds(steps(options.thresholds ?? [[null, 'text']]))
    .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.Thresholds))
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false));
  if (options.decimals !== undefined) builder.decimals(options.decimals);
  return framed(builder, options, tableSql(options, 'run'), 'table');
}

/** Rows as they are. */
export function table<Row extends object>(
  options: PanelOptions<Row> & { readonly window?: Window },
): TableBuilder {
  const builder = new TableBuilder().filterable(true).noValue('none');
  return framed(builder, options, tableSql(options, options.window ?? 'run'), 'table');
}

export interface SeriesOptions<Row extends object> extends PanelOptions<Row> {
  /** The column whose values tell the lines apart; then one column is shown. */
  readonly by?: keyof Row & string;
  /** Amounts of each step, one upon the other; by default lines. */
  readonly stacked?: boolean;
}

/** Figures over the time that the picker shows. */
export function series<Row extends { at_ms: number }>(options: SeriesOptions<Row>): SeriesBuilder {
  const { by, stacked = false } = options;
  const builder = new SeriesBuilder()
    .min(0)
    .legend(legend(by === undefined ? 'list' : 'table'))
    .tooltip(
      new common.VizTooltipOptionsBuilder()
        .mode(common.TooltipDisplayMode.Multi)
        .sort(common.SortOrder.Descending),
    );
  if (stacked) {
    builder
      .drawStyle(common.GraphDrawStyle.Bars)
      .fillOpacity(80)
      .lineWidth(0)
      .stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'));
  } else {
    builder
      .drawStyle(common.GraphDrawStyle.Line)
      .fillOpacity(10)
      .showPoints(common.VisibilityMode.Auto)
      .spanNulls(false);
  }
  timed(builder, by);
  return framed(builder, options, seriesSql(options), 'timeseries');
}

/** States over time, one row for each value of `by`; `states` names and colours the numbers shown. */
export function timeline<Row extends { at_ms: number }>(
  options: SeriesOptions<Row> & {
    readonly by: keyof Row & string;
    readonly states: readonly (readonly [value: number, text: string, color: string])[];
  },
): TimelineBuilder {
  const mapping: dashboard.ValueMap = {
    type: dashboard.MappingType.ValueToText,
    options: Object.fromEntries(
      options.states.map(([value, text, color], index) => [String(value), { text, color, index }]),
    ),
  };
  const builder = new TimelineBuilder()
    .mergeValues(true)
    .showValue(common.VisibilityMode.Auto)
    .rowHeight(0.8)
    // A state lasts until the next one is told.
    .spanNulls(true)
    .legend(legend('list'))
    .mappings([mapping]);
  timed(builder, options.by);
  return framed(builder, options, seriesSql(options), 'timeseries');
}

/** Steps of less than a second show nothing but gaps: members report once in about a second. */
function timed(builder: SeriesBuilder | TimelineBuilder, by: string | undefined): void {
  builder.interval('1s');
  if (by !== undefined) builder.displayName(`\${__field.labels.${by}}`);
}

interface Framing {
  title(title: string): unknown;
  description(text: string): unknown;
  unit(unit: string): unknown;
  span(width: number): unknown;
  height(height: number): unknown;
  datasource(reference: typeof DATA_SOURCE): unknown;
  withTarget(target: ClickHouseQueryBuilder): unknown;
  overrideByName(name: string, properties: dashboard.DynamicConfigValue[]): unknown;
}

/** What all panels have. */
function framed<Builder extends Framing, Row extends object>(
  builder: Builder,
  options: PanelOptions<Row>,
  sql: string,
  format: 'table' | 'timeseries',
): Builder {
  const { title, query, unit, size } = options;
  builder.title(title);
  builder.description(description(query, columnsOf(options)));
  builder.unit(unit);
  builder.span(size[0]);
  builder.height(size[1]);
  builder.datasource(DATA_SOURCE);
  builder.withTarget(new ClickHouseQueryBuilder(sql, format));
  for (const { name, ...shown } of columnsOf(options)) {
    const properties = propertiesOf(shown);
    // Elsewhere a figure takes the colour by itself.
    if (shown.thresholds !== undefined && builder instanceof TableBuilder) {
      properties.push({ id: 'custom.cellOptions', value: { type: 'color-text' } });
    }
    if (properties.length > 0) builder.overrideByName(name, properties);
  }
  return builder;
}

interface Column extends Shown {
  readonly column: string;
}

function columnsOf<Row extends object>(options: Pick<PanelOptions<Row>, 'show'>): Column[] {
  return Object.entries<string | Shown | undefined>(options.show).flatMap(([column, shown]) => {
    if (shown === undefined) return [];
    return [{ column, ...(typeof shown === 'string' ? { name: shown } : shown) }];
  });
}

/**
 * What the query means, then what each of the columns shown is, but for what its name or its unit
 * says already.
 */
function description<Row extends object>(
  query: NamedQuery<Row>,
  columns: readonly Column[],
): string {
  const meanings = new Map(Object.entries<string>(query.columns));
  const visible = columns.filter(({ hidden }) => hidden !== true);
  const lines = visible.flatMap(({ column, name }) => {
    const meaning = (meanings.get(column) ?? '').replace(/, ms\b( since the epoch)?/, '');
    return meaning === name ? [] : [`- ${name}: ${meaning}`];
  });
  const parts = [shortened(query.meaning), lines.join('\n'), `METRICS.md: ${query.name}`];
  return parts.filter((part) => part !== '').join('\n\n');
}

function propertiesOf({
  unit,
  thresholds,
  link,
  hidden,
}: Partial<Shown>): dashboard.DynamicConfigValue[] {
  const properties: dashboard.DynamicConfigValue[] = [];
  // A moment and a text are shown as what they are.
  if (unit !== undefined && unit !== 'time' && unit !== 'list') {
    properties.push({ id: 'unit', value: unit });
  }
  if (thresholds !== undefined) {
    properties.push({ id: 'thresholds', value: steps(thresholds).build() });
  }
  // Grafana 12 renamed `custom.hidden` and rewrites it; older ones know no other name.
  if (hidden === true) properties.push({ id: 'custom.hidden', value: true });
  if (link !== undefined) properties.push({ id: 'links', value: [link] });
  return properties;
}

function selected({ column, name, unit }: Column): string {
  if (unit === 'time') return `fromUnixTimestamp64Milli(toInt64(${column})) AS "${name}"`;
  if (unit === 'list') return `arrayStringConcat(${column}, ', ') AS "${name}"`;
  return `${column} AS "${name}"`;
}

function tableSql<Row extends object>(options: PanelOptions<Row>, window: Window): string {
  const columns = columnsOf(options).map(selected).join(', ');
  return `SELECT ${columns} FROM (${bound(options.query.sql, window)})`;
}

/** Time first, then what tells the lines apart, in the order of time: the plug-in asks for both. */
function seriesSql<Row extends object>(options: SeriesOptions<Row>): string {
  const { by, query } = options;
  const columns = columnsOf(options).map(selected).join(', ');
  const label = by === undefined ? '' : `toString(${by}) AS "${by}", `;
  const order = by === undefined ? 'time' : `time, "${by}"`;
  return (
    `SELECT fromUnixTimestamp64Milli(toInt64(at_ms)) AS time, ${label}${columns} ` +
    `FROM (${bound(query.sql, 'picker')}) ORDER BY ${order}`
  );
}

function steps(thresholds: Thresholds): dashboard.ThresholdsConfigBuilder {
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps(thresholds.map(([value, color]) => ({ value, color })));
}

function legend(form: 'list' | 'table'): common.VizLegendOptionsBuilder {
  const isTable = form === 'table';
  return new common.VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(isTable ? common.LegendDisplayMode.Table : common.LegendDisplayMode.List)
    .placement(isTable ? common.LegendPlacement.Right : common.LegendPlacement.Bottom)
    .calcs(isTable ? ['max'] : []);
}
