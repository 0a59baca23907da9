/** The sample run with enough traffic for charts, and hostile text wherever a manifest or the network can put some. */
import type { RunResult } from '../../lab/analysis/result.ts';
import { score } from '../../lab/analysis/score.ts';
import type { Testnet } from '../../lab/manifest/testnet.ts';
import type { TelemetryStore } from '../../lab/telemetry/store.ts';
import { at, id, layerRow, RUN, sampleRows, sampleTestnet, sentence, START } from './sample-run.ts';
import { FACTS } from './scoring.ts';

export const HOSTILE = '<img src=x onerror=alert(1)></title></style><script>alert(1)</script>"\'';

export function hostileTestnet(): Testnet {
  const testnet = sampleTestnet();
  return {
    ...testnet,
    name: `demo ${HOSTILE}`,
    source: HOSTILE.repeat(30),
    regions: [...testnet.regions, HOSTILE],
    members: [
      ...testnet.members,
      {
        name: `late-${HOSTILE}`,
        group: 'late',
        kind: 'peer',
        region: HOSTILE,
        active: false,
        joinAtMs: 2000,
      },
    ],
  };
}

export async function fillSample(store: TelemetryStore): Promise<void> {
  const rows = sampleRows();
  const [client, , h1, h2] = rows['lab.transactions'] ?? [];
  for (let i = 0; i < 300; i++) {
    const submitted = 100 + i * 30;
    const wait = 90 + ((i * 37) % 83) + (i % 40 === 0 ? 160 : 0) + (submitted > 6000 ? 25 : 0);
    const name = { tx: id(`many-${i}`), tokens: [id(`m-${i}`)], previous: ['0'.repeat(64)] };
    rows['lab.transactions']?.push(
      { ...client, ...name, submitted_at: at(submitted) },
      { ...h1, ...name, kept: name.tokens, committed_at: at(submitted + wait - 20) },
      { ...h2, ...name, kept: name.tokens, committed_at: at(submitted + wait) },
    );
  }
  const [role] = rows['truth.roles'] ?? [];
  const late = { ...role, member: `late-${HOSTILE}`, address: id('zlate'), join_at_ms: 2000 };
  rows['truth.roles']?.push({ ...late, region: HOSTILE });
  // The client that makes the 300 is in a region with a hostile name.
  rows['truth.roles'] = (rows['truth.roles'] ?? []).map((one) =>
    one['member'] === client?.['peer'] ? { ...one, region: HOSTILE } : one,
  );
  const [message] = rows['lab.messages'] ?? [];
  rows['lab.messages']?.push({ ...message, type: HOSTILE, count: 70, bytes: 9000 });
  rows['lab.flags']?.push(layerRow('h1', HOSTILE, 'l1'), layerRow('h2', 'trust', 'h4'));
  rows['lab.detectors']?.push(layerRow('h1', 'trust', null));
  rows['lab.slashing']?.push(sentence('h1', 'l1', 7200, 'proposed'));
  const [resource] = rows['lab.resources'] ?? [];
  rows['lab.resources']?.push({ ...resource, ts: at(6000), cpu_ms: 300 });
  rows['lab.faults'] = [
    { run: RUN, ts: at(2500), fault_id: 'f1', kind: HOSTILE, state: 'active', detail: HOSTILE },
  ];
  for (const [table, entries] of Object.entries(rows)) await store.insert(table, entries);
}

export function sampleResult(store: TelemetryStore, run: string = RUN): Promise<RunResult> {
  const link = { askedLoss: 0.001, measuredLoss: 0, n: 40 };
  return score(store, {
    ...FACTS,
    run,
    testnet: hostileTestnet(),
    version: '0.1.0',
    loadStartedAtMs: START,
    links: [
      { ...link, from: 'virginia', to: 'frankfurt', askedRttMs: 88, measuredRttMs: 89.2, ok: true },
      { ...link, from: 'virginia', to: HOSTILE, askedRttMs: 196, measuredRttMs: null, ok: false },
    ],
  });
}
