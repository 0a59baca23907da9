/**
 * `node engine-process.ts STORE`, started in the folder of engine-files.ts: answers queries that come
 * over its channel until that is closed. Each has a session of its own, so that settings, the
 * database in use and parameters of one never meet another.
 */
import { Session } from 'chdb';
import type { Answer, Question } from './engine.ts';

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** The statements before the query itself, each of which the engine may refuse. */
function preamble(question: Question): string[] {
  const { database, settings, parameters } = question;
  return [
    ...(database === null ? [] : [`USE \`${database}\``]),
    ...Object.entries(settings).map(([name, value]) => `SET ${name} = ${quoted(value)}`),
    ...Object.entries(parameters).map(([name, value]) => `SET param_${name} = ${quoted(value)}`),
  ];
}

async function answer(store: string, question: Question): Promise<Answer> {
  const { id, sql, format } = question;
  const session = new Session(store);
  try {
    for (const statement of preamble(question)) await session.queryAsync(statement);
    const result = await session.queryAsync(sql, { format });
    const { elapsed, rowsRead, bytesRead } = result;
    return { id, ok: true, bytes: result.bytes(), elapsed, rowsRead, bytesRead };
  } catch (error) {
    return { id, ok: false, error: error instanceof Error ? error.message : String(error) };
  } finally {
    session.close();
  }
}

const [, , store = ''] = process.argv;
// Held open: the engine ends with its last session, and opening takes longer than most queries.
const held = new Session(store);
await held.queryAsync('SELECT 1');
async function reply(question: Question): Promise<void> {
  const result = await answer(store, question);
  if (process.connected) process.send?.(result);
}

process.on('message', (question: Question) => void reply(question));
process.on('disconnect', () => process.exit(0));
// Ctrl-C in a terminal reaches the whole group; who started us ends us when it is done.
process.on('SIGINT', () => undefined);
process.send?.({ ready: true });
