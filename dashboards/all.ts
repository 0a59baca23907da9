/** Every dashboard of the lab, in the order in which they are linked. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { attack } from './attack.ts';
import { network } from './network.ts';
import { peer } from './peer.ts';
import { slashing } from './slashing.ts';
import { volunteers } from './volunteers.ts';

/** With panels numbered: Grafana tells them apart by their ids. */
export function dashboards(): Dashboard[] {
  return [network(), attack(), slashing(), peer(), volunteers()].map((made) => {
    const panels = (made.panels ?? []).map((panel, index) => ({ ...panel, id: index + 1 }));
    return { ...made, panels };
  });
}
