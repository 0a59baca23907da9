/** The page on top: made anew from what was loaded and the present model. */
import type { LiveModel } from '../live/model.ts';
import { row, type Document } from './document.ts';
import { helpDocument } from './help-document.ts';
import type { Look } from './look.ts';
import { peerDocument } from './peer-document.ts';
import type { Overlay } from './state.ts';
import { plain } from './text.ts';
import { shortId } from './words.ts';

type Shown = Extract<Overlay, { type: 'help' | 'page' }>;

/** The page, and in words what is not yet, or not right, about it. */
export function pageOf(
  overlay: Shown,
  model: LiveModel | null,
  look: Look,
): { readonly document: Document; readonly note: string } {
  if (overlay.type === 'help') return { document: helpDocument(look), note: '' };
  const { subject, page } = overlay;
  if (page.state === 'loaded') return { document: page.content(model), note: '' };
  // Of a peer the head is known at once.
  const head =
    subject.kind === 'peer' && model !== null ? peerDocument(subject.id, model, null).rows : [];
  const title = subject.kind === 'peer' ? subject.id : `${subject.kind} ${shortId(subject.id)}`;
  if (page.state === 'loading') return { document: { title, rows: head }, note: 'loading' };
  const rows = [...head, row(''), row([{ text: plain(page.problem), tone: 'bad' }])];
  return { document: { title, rows }, note: 'failed' };
}
