/**
 * What the reading engine is told before it opens the rows: the embedded engine takes `config.xml` of
 * the folder it is started in, and from there a file of users. Its one user may select from `lab`
 * and `truth` and has no right to any source (files, URLs, buckets, other servers), so it is the
 * engine itself that refuses everything else. Settings may be chosen by a reader (`readonly` 2),
 * within the constraints here.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Limits of one query, which a reader may lower. */
export const QUERY_LIMITS = {
  /** A panel that takes longer tells nobody anything; Grafana itself gives up after 60 s. */
  maxExecutionSeconds: 30,
  /** A time series of a panel has thousands of points, a table some ten thousand rows. */
  maxResultRows: 1_000_000,
  /** An answer is held whole, once in the engine and once here. */
  maxResultBytes: 64 * 1024 * 1024,
  maxMemoryBytes: 1024 * 1024 * 1024,
} as const;

/** Most a setting can be raised to; 0 would mean no limit, so the least is 1. */
const BOUNDED: Readonly<Record<string, number>> = {
  max_execution_time: QUERY_LIMITS.maxExecutionSeconds,
  max_result_rows: QUERY_LIMITS.maxResultRows,
  max_result_bytes: QUERY_LIMITS.maxResultBytes,
  max_memory_usage: QUERY_LIMITS.maxMemoryBytes,
  max_threads: 4,
};

/** Settings by which a query could read files or reach out; they stay as they are. */
const FIXED = [
  'allow_experimental_ai_functions',
  'allow_experimental_eval_table_function',
  'allow_introspection_functions',
  'format_avro_schema_registry_url',
  'format_schema',
  'format_schema_source',
  'format_template_resultset',
  'format_template_row',
  'max_memory_usage_for_user',
  'max_temporary_data_on_disk_size_for_query',
  'max_temporary_data_on_disk_size_for_user',
];

/** Sorting and grouping may spill; three queries of full memory's worth. */
const MAX_SPILL_BYTES = 3 * 1024 * 1024 * 1024;

function usersXml(): string {
  const values = Object.entries(BOUNDED).map(([name, max]) => `<${name}>${max}</${name}>`);
  const bounds = Object.entries(BOUNDED).map(
    ([name, max]) => `<${name}><min>1</min><max>${max}</max></${name}>`,
  );
  const fixed = FIXED.map((name) => `<${name}><const/></${name}>`);
  return `<clickhouse>
<profiles><default>
<readonly>2</readonly>
<result_overflow_mode>throw</result_overflow_mode>
<max_memory_usage_for_user>${2 * QUERY_LIMITS.maxMemoryBytes}</max_memory_usage_for_user>
<max_temporary_data_on_disk_size_for_query>${MAX_SPILL_BYTES}</max_temporary_data_on_disk_size_for_query>
<max_temporary_data_on_disk_size_for_user>${MAX_SPILL_BYTES}</max_temporary_data_on_disk_size_for_user>
${values.join('\n')}
<constraints>
${[...bounds, ...fixed].join('\n')}
</constraints>
</default></profiles>
<users><default>
<password></password><networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
<profile>default</profile><quota>default</quota>
<grants><query>GRANT SELECT ON lab.*</query><query>GRANT SELECT ON truth.*</query></grants>
</default></users>
<quotas><default/></quotas>
</clickhouse>
`;
}

/** Makes the folder a reading engine is started in. */
export function writeEngineFiles(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const users = path.join(folder, 'users.xml');
  writeFileSync(users, usersXml());
  writeFileSync(
    path.join(folder, 'config.xml'),
    `<clickhouse><users_config>${escaped(users)}</users_config></clickhouse>\n`,
  );
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
