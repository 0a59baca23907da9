/** Looks into dashboards as Grafana does, with what the SDK's types leave open checked. */
import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboards } from '../../dashboards/all.ts';
import type { TelemetryStore } from '../../lab/telemetry/store.ts';

export function panelsOf(made: Dashboard): Panel[] {
  return (made.panels ?? []).filter((panel): panel is Panel => panel.type !== 'row');
}

export interface Target {
  readonly refId: string;
  readonly rawSql: string;
  readonly queryType: string;
  readonly format: number;
  readonly editorType: string;
}

/** The one query of a panel or an annotation. */
export function targetOf({ targets }: { readonly targets?: readonly unknown[] }): Target {
  const [target, ...more] = targets ?? [];
  if (!isTarget(target) || more.length > 0) throw new Error('not one ClickHouse query');
  return target;
}

function isTarget(value: unknown): value is Target {
  if (typeof value !== 'object' || value === null) return false;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  return (
    typeof fields['refId'] === 'string' &&
    typeof fields['rawSql'] === 'string' &&
    typeof fields['queryType'] === 'string' &&
    typeof fields['format'] === 'number' &&
    typeof fields['editorType'] === 'string'
  );
}

/** What each panel of single figures shows, by its title. */
export async function figuresShown(
  store: TelemetryStore,
  expand: (rawSql: string) => string,
): Promise<Map<string, object>> {
  const shown = new Map<string, object>();
  for (const panel of dashboards().flatMap(panelsOf)) {
    if (panel.type !== 'stat') continue;
    const [row] = await store.query(expand(targetOf(panel).rawSql));
    shown.set(panel.title ?? '', row ?? {});
  }
  return shown;
}
