/**
 * A driven run as a testnet file: the manifest it began with and all that was ordered by hand, each
 * at its virtual time. `lab run THAT --driver sim` plays the same events again.
 */
import { stringify } from 'yaml';
import { z } from 'zod';
import { readDocument } from '../manifest/document.ts';
import { withSettings } from '../manifest/settings.ts';
import type { OperatorOrder, Testnet } from '../manifest/testnet.ts';
import type { RunPlan } from '../supervisor/api.ts';

/** The least length that a testnet file may have, ms. */
const MIN_DURATION_MS = 1000;

/** A testnet file has no aliases. */
const WRITTEN_OUT = { aliasDuplicateObjects: false } as const;

const anyMapping = z.record(z.string(), z.unknown());

/**
 * The text of the testnet file. `playedMs`: how long the load of a run that stays up went on; of a
 * run with an end its own length is kept.
 */
export function replayText(
  testnet: Testnet,
  plan: RunPlan,
  { orders, playedMs }: { readonly orders: readonly OperatorOrder[]; readonly playedMs: number },
): string {
  const read = readDocument(testnet.source);
  if (!read.ok) throw new Error(`the testnet file of ${plan.run} was readable before`);
  const { document } = withSettings(read.document, testnet.settings ?? []);
  const durationMs =
    plan.mode === 'run' ? testnet.durationMs : Math.max(MIN_DURATION_MS, Math.ceil(playedMs));
  const manifest = {
    ...anyMapping.parse(document.value),
    seed: testnet.seed,
    durationMs,
    orders: orders.map(written),
  };
  return `# What ${plan.run} was, orders by hand included. The same events again:\n#   ${commandOf(plan)}\n${stringify(manifest, WRITTEN_OUT)}`;
}

function commandOf(plan: RunPlan): string {
  const honest = plan.honest ? ' --honest' : '';
  const ideal = plan.cryptography === 'ideal' ? ' --cryptography ideal' : '';
  return `lab run replay.yaml --driver sim${honest}${ideal}`;
}

/** An order in the form of the testnet file. */
function written(order: OperatorOrder): object {
  const { atMs } = order;
  if (order.order === 'attack') return { attack: order.name, atMs, knobs: order.knobs };
  if (order.order === 'clear') return { clear: order.id, atMs };
  if (order.order === 'steer') {
    return { steer: order.id, atMs, action: order.action, knobs: order.knobs };
  }
  const { fault, forMs } = order;
  return { fault: { ...fault, atMs, ...(forMs === null ? {} : { forMs }) } };
}
