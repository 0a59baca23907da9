/** One evidence package, as a page. */
import type { EvidenceDetail } from '../live/model.ts';
import { cells, fact, heading, row, type Document, type Row } from './document.ts';
import { plain, span } from './text.ts';
import { bytes, clock, shortId } from './words.ts';

/** A package is a few KB; a screen of JSON says enough. */
const MAX_SHOWN_LINES = 400;

/** Times count from `originMs`. `run` is for the command that exports it. */
export function evidenceDocument(detail: EvidenceDetail, run: string, originMs: number): Document {
  const { id, accused, accusedName, rule, steps } = detail;
  const who = accusedName === null ? null : ({ kind: 'peer', id: accusedName } as const);
  return {
    title: `Evidence ${shortId(id)}`,
    rows: [
      fact('id', id),
      fact('accuses', accusedName ?? shortId(accused), 'bad', who),
      fact('address', accused),
      fact('rule', rule),
      fact('size', bytes(detail.bytes)),
      fact('judge it', `npx lab evidence export ${run} ${shortId(id)} FILE`),
      fact('', 'npx lab evidence verify FILE'),
      ...heading('What happened to it', steps.length),
      ...steps.map(({ atMs, peer, event, reason }) =>
        cells([clock(atMs - originMs, true), peer, event, reason], [8, 14, 12], {
          kind: 'peer',
          id: peer,
        }),
      ),
      ...documentRows(detail.document),
    ],
  };
}

function documentRows(text: string | null): Row[] {
  if (text === null) return [...heading('Package'), row('  nobody has reported its content yet')];
  return [
    ...heading('Package'),
    ...pretty(text)
      .split('\n')
      .slice(0, MAX_SHOWN_LINES)
      .map((of) => {
        const indent = /^ */.exec(of)?.[0] ?? '';
        return row([span(`  ${indent}${plain(of.trimStart())}`)]);
      }),
  ];
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
