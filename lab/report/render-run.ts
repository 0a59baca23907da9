/** A run's report as text: what the reader wants first stands first. */
import { attackSection, momentsOf } from './attacks.ts';
import { conditionsSection } from './conditions.ts';
import { costsSection, detectionSection } from './detection.ts';
import { transactionsSection } from './finality.ts';
import { messagesSection } from './flow.ts';
import { amount, counted, duration, html, type Html } from './html.ts';
import { linksSection } from './links.ts';
import { newcomersSection } from './newcomers.ts';
import { page } from './page.ts';
import { ringSection } from './ring.ts';
import { readRunData, type ReportInput, type RunData } from './run-data.ts';
import { verdictSection } from './verdict.ts';

export async function renderRun(input: ReportInput): Promise<string> {
  const data = await readRunData(input);
  const { result, testnet } = data;
  const moments = momentsOf(data);
  const attacks: Html[] = [];
  for (const [at, attack] of result.attacks.entries()) {
    attacks.push(await attackSection(data, attack, at));
  }
  return page({
    title: `${testnet.name} · ${result.run}`,
    heading: heading(data),
    sections: [
      verdictSection(data),
      ...attacks,
      await transactionsSection(data, moments),
      await messagesSection(data),
      await linksSection(result),
      await ringSection(data),
      await detectionSection(data, moments),
      await costsSection(data),
      newcomersSection(data),
      conditionsSection(data),
    ],
  });
}

function heading({ result, testnet }: RunData): Html {
  const { honest, adversarial, clients, newcomers } = result.peers;
  const later = newcomers === 0 ? '' : ` (${amount(newcomers)} of them newcomers)`;
  return html`<header><h1>${testnet.name}</h1><p>Run ${result.run} · ${result.honestControl ? 'the honest control · ' : ''}${counted(honest, 'honest peer')}, ${amount(adversarial)}
 adversarial${later}, ${counted(clients, 'client')} in ${counted(testnet.regions.length, 'region')} · ${duration(
   result.durationMs,
 )} of load · driver ${result.driver} · seed ${String(result.seed)}</p></header>`;
}
