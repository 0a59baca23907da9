/**
 * What Grafana reads at its start so that data source and dashboards are there with no click:
 * `provisioning/` belongs at its provisioning path (/etc/grafana/provisioning), `json/` where the
 * provider looks for it (DASHBOARDS_PATH). Values in ${…} Grafana takes from its environment.
 */
import { stringify } from 'yaml';
import { DATA_SOURCE } from './query.ts';

/** Where Grafana's container has to see the generated dashboards. */
export const DASHBOARDS_PATH = '/etc/minefield-lab/dashboards';

/** Seconds; the longest queries (lies over a long run) take some. */
const QUERY_TIMEOUT = '60';

const HEAD = '# Written by `npm run dashboards` (dashboards/provisioning.ts).\n';

export function dataSourceFile(): string {
  const source = {
    name: 'Minefield Lab',
    type: DATA_SOURCE.type,
    uid: DATA_SOURCE.uid,
    access: 'proxy',
    isDefault: true,
    editable: false,
    jsonData: {
      host: '${CLICKHOUSE_HOST}',
      port: '${CLICKHOUSE_PORT}',
      // `native` (9000) of a server, `http` (8123) of a server or of `lab serve`.
      protocol: '${CLICKHOUSE_PROTOCOL}',
      username: '${CLICKHOUSE_READER_USER}',
      defaultDatabase: 'lab',
      queryTimeout: QUERY_TIMEOUT,
    },
    secureJsonData: { password: '${CLICKHOUSE_READER_PASSWORD}' },
  };
  return HEAD + stringify({ apiVersion: 1, prune: true, datasources: [source] });
}

export function providerFile(): string {
  const provider = {
    name: 'minefield-lab',
    type: 'file',
    folder: 'Minefield Lab',
    folderUid: 'minefield-lab',
    disableDeletion: true,
    // They are code: what is changed by hand would be gone with the next start.
    allowUiUpdates: false,
    options: { path: DASHBOARDS_PATH },
  };
  return HEAD + stringify({ apiVersion: 1, providers: [provider] });
}
