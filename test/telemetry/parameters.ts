/** Values for whatever parameters a named query asks for, so that each can be tried. */
import { RUN, START } from '../report/sample-run.ts';

const KNOWN: Readonly<Record<string, string | number>> = {
  run: RUN,
  from: START,
  to: START + 10_000,
  step: 1000,
  need: 2,
};

/** Of the parameters `{name:Type}` in the text: what is known of them, else the least of its type. */
export function parametersOf(sql: string): Record<string, string | number> {
  const asked = [...sql.matchAll(/\{(\w+):\s*(\w+)/g)];
  return Object.fromEntries(
    asked.map(([, name = '', type]) => [name, KNOWN[name] ?? (type === 'String' ? '' : 1)]),
  );
}
