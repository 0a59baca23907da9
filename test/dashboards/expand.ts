/**
 * What becomes of a query's text between a dashboard and ClickHouse, by the rules of those who do it:
 *
 * 1. Grafana's browser side replaces dashboard variables (the plug-in's `applyTemplateVariables`,
 *    grafana/clickhouse-datasource 4.20.0, src/data/CHDatasource.ts, calls Grafana's template
 *    service with a format of its own: one value as it is, several quoted and joined by commas).
 *    `${name:sqlstring}` quotes each value and doubles single quotes, "All" means every option
 *    (grafana/scenes, variables/interpolation/formatRegistry). Names that are no variables stay.
 * 2. The plug-in's server side replaces its macros (pkg/macros/macros.go of the same version).
 */

export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
  /** `$__interval_ms`: the range over the points that fit, at least the panel's own least. */
  readonly intervalMs: number;
}

/** Chosen values by variable; several where "All" is chosen. */
export type Choices = Readonly<Record<string, string | readonly string[]>>;

export function expanded(rawSql: string, choices: Choices, range: Range): string {
  const sql = withMacros(withVariables(rawSql, choices, range), range);
  const left = /\$\{?\w+|\[\[\w+/.exec(sql);
  if (left !== null) throw new Error(`nobody replaces ${left[0]}`);
  return sql;
}

const VARIABLE = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?::([^}]+))?\}/g;

function withVariables(text: string, choices: Choices, range: Range): string {
  const known: Choices = { ...choices, __interval_ms: String(range.intervalMs) };
  return text.replaceAll(
    VARIABLE,
    (match, plain?: string, old?: string, oldFormat?: string, name?: string, format?: string) => {
      const value = known[plain ?? old ?? name ?? ''];
      return value === undefined ? match : formatted(value, format ?? oldFormat);
    },
  );
}

function formatted(value: string | readonly string[], format: string | undefined): string {
  const values = typeof value === 'string' ? [value] : value;
  if (format === 'sqlstring') {
    return values
      .map((one) => `'${one.replaceAll("'", "''").replaceAll('"', String.raw`\"`)}'`)
      .join(',');
  }
  if (format !== undefined) throw new Error(`format ${format} is none of those known here`);
  return typeof value === 'string' ? value : `'${value.join("','")}'`;
}

function withMacros(sql: string, { fromMs, toMs, intervalMs }: Range): string {
  const macros: Readonly<Record<string, string>> = {
    fromTime: `toDateTime(${Math.floor(fromMs / 1000)})`,
    toTime: `toDateTime(${Math.floor(toMs / 1000)})`,
    fromTime_ms: `fromUnixTimestamp64Milli(${fromMs})`,
    toTime_ms: `fromUnixTimestamp64Milli(${toMs})`,
    interval_s: String(Math.max(1, Math.floor(intervalMs / 1000))),
  };
  return sql.replaceAll(/\$__(\w+)/g, (match, name: string) => macros[name] ?? match);
}
