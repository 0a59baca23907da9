/** The lab itself behind the UI. */
import { openLive } from '../live/open.ts';
import { startLive } from '../live/start.ts';
import type { Backend } from './backend.ts';
import { catalogue } from './catalogue.ts';
import { resultDocument } from './result-document.ts';

/** `settings`: what `--set` gave, for every launch. */
export function labBackend(settings: readonly string[]): Backend {
  return {
    entries: catalogue,
    // As a promise: what it throws is shown like any other trouble.
    result: async (run) => resultDocument(run),
    open: openLive,
    launch: ({ file, driver, seed, cryptography }, { say, begun, signal }) =>
      startLive(file, {
        driver,
        settings,
        ...(seed === null ? {} : { seed }),
        ...(cryptography === 'ideal' ? { cryptography } : {}),
        remark: say,
        begun,
        signal,
      }),
  };
}
