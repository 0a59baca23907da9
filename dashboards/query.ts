/**
 * A named query as Grafana's ClickHouse plug-in (grafana-clickhouse-datasource, version 4) asks it:
 * the parameters replaced by dashboard variables and the plug-in's macros, which Grafana's browser
 * side and the plug-in's server side replace by text before ClickHouse sees the query.
 */
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';

/** The provisioned data source, by its fixed uid (provisioning.ts). */
export const DATA_SOURCE = {
  type: 'grafana-clickhouse-datasource',
  uid: 'minefield-lab-clickhouse',
} as const;

/** What the queries are written for; below 4.0.0 the plug-in would rewrite them when they are edited. */
export const PLUGIN_VERSION = '4.20.0';

/**
 * Which stretch of time a query is about: what the time picker shows, or the run's own window of
 * measurement, which is what results, reports and therefore single figures are about.
 */
export type Window = 'picker' | 'run';

const RUN = '${run:sqlstring}';
const OF_RUN = `FROM lab.runs WHERE run = ${RUN}`;
const NOW = 'toUnixTimestamp64Milli(now64(3))';

/** Text for each parameter that is the same in every window. */
const BINDINGS: Readonly<Record<string, string>> = {
  '{run:String}': RUN,
  '{peer:String}': '${peer:sqlstring}',
  '{step:UInt32}': '$__interval_ms',
  // As finalityThreshold() has it; the run says its k.
  '{need:UInt32}': `(SELECT toUInt32(ceil(2 * max(k) / 3)) ${OF_RUN})`,
};

const WINDOWS: Readonly<Record<Window, Readonly<Record<string, string>>>> = {
  picker: {
    // On whole steps: the picture must not tremble while time goes on.
    '{from:Int64}':
      '(intDiv(toUnixTimestamp64Milli($__fromTime_ms), $__interval_ms) * $__interval_ms)',
    '{to:Int64}': 'toUnixTimestamp64Milli($__toTime_ms)',
  },
  run: {
    // As score.ts has it: whole ms around the load; to the present while it lasts.
    '{from:Int64}': `(SELECT intDiv(max(toUnixTimestamp64Micro(load_from)), 1000) ${OF_RUN})`,
    '{to:Int64}': `(SELECT ifNull(intDiv(max(toUnixTimestamp64Micro(load_to)) + 999, 1000), ${NOW}) ${OF_RUN})`,
  },
};

/** SQL with every parameter bound; a parameter that has no meaning on a dashboard throws. */
export function bound(sql: string, window: Window): string {
  const bindings = { ...BINDINGS, ...WINDOWS[window] };
  return sql.replaceAll(/\{\w+:\w+\}/g, (parameter) => {
    const text = bindings[parameter];
    if (text === undefined) throw new Error(`a dashboard can't bind ${parameter}`);
    return text;
  });
}

/** How the plug-in is to hand the rows on (`format` of its queries). */
const FORMATS = { timeseries: 0, table: 1 } as const;

/** The plug-in's query model, CHSqlQuery in its src/types/sql.ts. */
interface ClickHouseQuery extends Dataquery {
  refId: string;
  readonly datasource: typeof DATA_SOURCE;
  readonly editorType: 'sql';
  readonly queryType: keyof typeof FORMATS;
  readonly format: number;
  readonly rawSql: string;
  readonly pluginVersion: string;
}

/** A custom query, as the SDK's README says how to make one for a data source that it does not know. */
export class ClickHouseQueryBuilder implements Builder<Dataquery> {
  readonly #query: ClickHouseQuery;

  constructor(rawSql: string, queryType: keyof typeof FORMATS, refId = 'A') {
    this.#query = {
      refId,
      datasource: DATA_SOURCE,
      editorType: 'sql',
      queryType,
      format: FORMATS[queryType],
      rawSql,
      pluginVersion: PLUGIN_VERSION,
      _implementsDataqueryVariant: () => undefined,
    };
  }

  build(): ClickHouseQuery {
    return this.#query;
  }
}
