/** What it takes to have the same run again: versions, seed, settings, manifest, command. */
import { runAgain } from '../terminal/shell.ts';
import { section } from './figure.ts';
import { amount, duration, EMPTY, html, type Html, type Part } from './html.ts';
import type { RunData } from './run-data.ts';
import { facts } from './table.ts';

/** What the network did is long; what a person reads of it is not. */
const MAX_EVENTS = 200;

export function conditionsSection(data: RunData): Html {
  const { result, testnet } = data;
  const { driver, seed, honestControl: honest, cryptography } = result;
  const { settings = [] } = testnet;
  const command = runAgain(['run', testnet.file], { driver, seed, honest, cryptography, settings });
  const rows: readonly (readonly [string, Part])[] = [
    ['version', result.version],
    ['seed', String(result.seed)],
    ...settings.map((setting) => ['instead of the file', html`<code>${setting}</code>`] as const),
    ['driver, shaping', `${result.driver}, ${result.shaping}`],
    ['cryptography', result.cryptography],
    ['commit rule, conflict rule', `${result.commitRule}, ${result.conflictRule}`],
    ['k', String(testnet.protocol.k)],
    ['time scale', `${amount(result.timeScale)} protocol seconds a second`],
    ['load lasted', duration(result.durationMs)],
    ['took in all', duration(result.wallMs)],
    ...(result.traceHash === null
      ? []
      : [['trace hash', html`<code>${result.traceHash}</code>`] as const]),
  ];
  return section(
    'again',
    'The same run again',
    html`${commandBlock(command)}${facts(rows)}${source('Manifest', testnet.source)}${whatHappened(data)}`,
  );
}

/** A command that a reader copies. */
export function commandBlock(command: string): Html {
  return html`<pre class="command" tabindex="0" role="region" aria-label="Command"><code>${command}</code></pre>`;
}

/** A file that somebody wrote, as it stands. */
export function source(title: string, content: string): Html {
  return html`<details><summary>${title}</summary><pre tabindex="0" role="region" aria-label="${title}">${content}</pre></details>`;
}

function whatHappened({ events }: RunData): Html {
  const notes = events.flatMap((event) =>
    event.type === 'note' || event.type === 'phase'
      ? [event.text]
      : event.type === 'attack' || event.type === 'fault'
        ? [`${event.type} ${event.id} ${event.name}: ${event.state}`]
        : [],
  );
  if (notes.length === 0) return EMPTY;
  const more = notes.length > MAX_EVENTS ? `\n… and ${notes.length - MAX_EVENTS} more` : '';
  return source('What happened', notes.slice(0, MAX_EVENTS).join('\n') + more);
}
