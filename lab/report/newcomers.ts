/** Who came while the load was on, and how far each got. */
import type { Testnet } from '../manifest/testnet.ts';
import { duration, html, type Html } from './html.ts';

const PHASES = ['identity', 'synchronising', 'trust-building', 'trusted'] as const;
/** More rows than anyone reads. */
const MAX_SHOWN = 50;

export interface PhaseEntered {
  readonly peer: string;
  readonly phase: string;
  readonly at_ms: number;
}

/** Nothing for a testnet without newcomers. Times are told from `originMs`, the load's start. */
export function newcomersSection(
  { members }: Testnet,
  entered: readonly PhaseEntered[],
  originMs: number,
): Html {
  const newcomers = members.filter(({ joinAtMs }) => joinAtMs !== undefined);
  if (newcomers.length === 0) return html``;
  const rows = newcomers.slice(0, MAX_SHOWN).map(({ name, joinAtMs }) => {
    const cells = PHASES.map((phase) => {
      const one = entered.find((entry) => entry.peer === name && entry.phase === phase);
      return html`<td class="n">${duration(one === undefined ? null : one.at_ms - originMs)}</td>`;
    });
    return html`<tr><td>${name}</td><td class="n">${duration(joinAtMs ?? null)}</td>${cells}</tr>`;
  });
  const titles = ['let in', ...PHASES].map((title) => html`<th class="n">${title}</th>`);
  return html`<section><h2>Newcomers</h2><p>${newcomers.length} came while the load was on. When each first said that
 it had entered a phase, from the start of the load; a dash: it did not.</p><div class="scroll"><table><tr><th>peer</th>${titles}</tr>${rows}</table></div></section>`;
}
