/** What Grafana loads: the committed files are what the code makes, and are fit to be loaded. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Dashboard, Panel, RowPanel } from '@grafana/grafana-foundation-sdk/dashboard';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { dashboards } from '../../dashboards/all.ts';
import { generatedFiles } from '../../dashboards/generate.ts';
import { shortened } from '../../dashboards/panels.ts';
import { DASHBOARDS_PATH } from '../../dashboards/provisioning.ts';
import { bound, DATA_SOURCE, PLUGIN_VERSION } from '../../dashboards/query.ts';
import { panelsOf, targetOf } from './panels.ts';

const FOLDER = path.join(import.meta.dirname, '../../dashboards');

test('the committed files are those that `npm run dashboards` writes, and there are no others', () => {
  const files = generatedFiles();
  const committed = globSync('{json,provisioning}/**/*.*', { cwd: FOLDER }).sort();
  expect(committed).toEqual([...files.keys()].sort());
  for (const [name, text] of files) {
    expect(readFileSync(path.join(FOLDER, name), 'utf8'), name).toBe(text);
  }
});

/** Panels that come with Grafana: any other would have to be installed. */
const PANEL_TYPES = ['stat', 'table', 'timeseries', 'state-timeline'];

/** Ids of units in Grafana's valueFormats/categories.ts; an unknown one would be shown behind the number. */
const UNITS = ['none', 'short', 'string', 'ms', 'percentunit', 'bytes', 'binBps'];

const all = dashboards().map((made) => [made.title ?? '', made] as const);

/** Squares of the grid that a panel covers. */
function squares({ gridPos }: Panel | RowPanel): string[] {
  if (gridPos === undefined) throw new Error('a panel has no place');
  const { x, y, w, h } = gridPos;
  return Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`);
}

describe.each(all)('%s', (_title, made: Dashboard) => {
  const panels = panelsOf(made);

  test('it can be told from the others and loaded', () => {
    expect(made.uid).toMatch(/^[a-z0-9-]{1,40}$/);
    expect(made.id ?? null).toBe(null);
    expect(made.schemaVersion).toBeGreaterThanOrEqual(36);
    expect(made.tags).toEqual(['minefield-lab']);
    expect(made.time).toEqual({ from: expect.any(String), to: expect.any(String) });
    expect(panels.length).toBeGreaterThan(3);
  });

  test('panels have ids of their own and lie side by side, inside the grid', () => {
    const every = made.panels ?? [];
    const ids = every.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => Number.isInteger(id) && Number(id) > 0)).toBe(true);
    const covered = every.flatMap(squares);
    expect(new Set(covered).size).toBe(covered.length);
    for (const { gridPos } of every)
      expect((gridPos?.x ?? 0) + (gridPos?.w ?? 99)).toBeLessThan(25);
  });

  test('panels have what Grafana’s own migrations read without asking, and units it knows', () => {
    for (const { title, fieldConfig } of panels) {
      expect(fieldConfig?.defaults, title).toBeTypeOf('object');
      expect(fieldConfig?.overrides, title).toBeInstanceOf(Array);
      const overrides = fieldConfig?.overrides ?? [];
      const units = overrides.flatMap(({ properties }) =>
        properties.filter(({ id }) => id === 'unit').map(({ value }) => value),
      );
      for (const unit of [fieldConfig?.defaults.unit, ...units]) expect(UNITS).toContain(unit);
    }
  });

  test('every panel says what it shows, in which unit, and asks the provisioned data source', () => {
    for (const panel of panels) {
      const { title = '', description = '' } = panel;
      expect(PANEL_TYPES).toContain(panel.type);
      expect(title).toMatch(/^[A-Z]/);
      expect(description.length, title).toBeGreaterThan(40);
      expect(description, title).toMatch(/METRICS\.md: [a-z_]+$/);
      expect(panel.fieldConfig?.defaults.unit, title).toEqual(expect.any(String));
      expect(panel.datasource, title).toEqual(DATA_SOURCE);
      const target = targetOf(panel);
      expect(target).toMatchObject({ datasource: DATA_SOURCE, editorType: 'sql', refId: 'A' });
      expect(target.format, title).toBe(target.queryType === 'timeseries' ? 0 : 1);
    }
  });

  test('titles of panels differ', () => {
    const titles = panels.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  test('testnet, run and where it is about one the peer can be chosen; links keep them and the time', () => {
    const names = (made.templating?.list ?? []).map(({ name }) => name);
    expect(names).toEqual(made.title === 'Peer' ? ['testnet', 'run', 'peer'] : ['testnet', 'run']);
    expect(made.links).toMatchObject([
      { type: 'dashboards', tags: ['minefield-lab'], includeVars: true, keepTime: true },
    ]);
  });

  test('every name of a column that a panel treats by its name is one of its query', () => {
    for (const panel of panels) {
      const sql = targetOf(panel).rawSql;
      for (const { matcher } of panel.fieldConfig?.overrides ?? []) {
        expect(sql, panel.title).toContain(`AS "${String(matcher.options)}"`);
      }
    }
  });
});

test('no two dashboards have one uid, and links to one name one that is there', () => {
  const uids = all.map(([, made]) => made.uid ?? '');
  expect(new Set(uids).size).toBe(uids.length);
  const linked = [...generatedFiles().values()].flatMap((text) =>
    [...text.matchAll(/"\/d\/([^?"]+)/g)].map(([, uid]) => uid),
  );
  expect(linked.length).toBeGreaterThan(0);
  for (const uid of linked) expect(uids).toContain(uid);
});

test('provisioning names the data source that panels ask, where the files are, and holds no secret', () => {
  const file = (name: string): unknown => parse(generatedFiles().get(`provisioning/${name}`) ?? '');
  expect(file('datasources/minefield-lab.yaml')).toMatchObject({
    apiVersion: 1,
    datasources: [
      {
        type: DATA_SOURCE.type,
        uid: DATA_SOURCE.uid,
        jsonData: { username: expect.stringMatching(/^\$\{\w+\}$/) },
        secureJsonData: { password: expect.stringMatching(/^\$\{\w+\}$/) },
      },
    ],
  });
  expect(file('dashboards/minefield-lab.yaml')).toMatchObject({
    apiVersion: 1,
    providers: [{ type: 'file', disableDeletion: true, options: { path: DASHBOARDS_PATH } }],
  });
});

test('compose installs the plug-in that the queries are written for and sets what provisioning asks of it', () => {
  const compose = readFileSync(path.join(FOLDER, '../compose/compose.yaml'), 'utf8');
  expect(compose).toContain(`grafana-clickhouse-datasource@${PLUGIN_VERSION}\n`);
  const asked = [
    ...(generatedFiles()
      .get('provisioning/datasources/minefield-lab.yaml')
      ?.matchAll(/\$\{(\w+)\}/g) ?? []),
  ];
  expect(asked.length).toBe(5);
  for (const [, name] of asked) expect(compose).toMatch(new RegExp(`^ +${name}: `, 'm'));
  expect(compose).toContain(`:${DASHBOARDS_PATH}:ro\n`);
});

test('a long meaning is cut at the end of a sentence, a short one is kept', () => {
  expect(shortened('One of `a.b`, 0.5 s. Two.')).toBe('One of `a.b`, 0.5 s. Two.');
  const long = `${'a'.repeat(200)}. ${'b'.repeat(100)}. c.`;
  expect(shortened(long)).toBe(`${'a'.repeat(200)}.`);
  expect(shortened(`${'d'.repeat(300)}. e.`)).toBe(`${'d'.repeat(300)}.`);
});

test('a parameter that no dashboard knows is not sent to ClickHouse as it is', () => {
  expect(() => bound('SELECT {secret:String}', 'run')).toThrow('{secret:String}');
});
