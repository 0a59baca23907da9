/** Asks for what a page shows. */
import type { LiveRun } from '../live/model.ts';
import type { Backend } from './backend.ts';
import { evidenceDocument } from './evidence-document.ts';
import { peerDocument } from './peer-document.ts';
import type { PageContent } from './state.ts';
import type { Subject } from './subject.ts';
import { transactionDocument } from './transaction-document.ts';
import { originMs } from './words.ts';

/** Rejects with a LabError when the run cannot say. */
export async function loadPage(
  { kind, id }: Subject,
  backend: Backend,
  live: LiveRun | null,
): Promise<PageContent> {
  if (kind === 'result') {
    const document = await backend.result(id);
    return () => document;
  }
  if (live === null) throw new Error('no run is watched');
  if (kind === 'peer') {
    const detail = await live.peer(id);
    return (model) => (model === null ? { title: id, rows: [] } : peerDocument(id, model, detail));
  }
  if (kind === 'transaction') {
    const detail = await live.transaction(id);
    return (model) => transactionDocument(detail, model === null ? 0 : originMs(model));
  }
  const detail = await live.evidence(id);
  return (model) => evidenceDocument(detail, live.run, model === null ? 0 : originMs(model));
}
