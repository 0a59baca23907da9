/** What is known of one transaction, as a page. */
import type { TransactionDetail } from '../live/model.ts';
import { duration } from '../terminal/style.ts';
import { cells, fact, heading, type Document } from './document.ts';
import { clock, shortId } from './words.ts';

const DESTROYED = /^0+$/;

/** Times count from `originMs`. */
export function transactionDocument(detail: TransactionDetail, originMs: number): Document {
  const at = (ms: number | null) => (ms === null ? '–' : clock(ms - originMs, true));
  const { submittedBy, tokens, keepers, fate } = detail;
  const client = submittedBy === null ? null : ({ kind: 'peer', id: submittedBy } as const);
  return {
    title: `Transaction ${shortId(detail.id)}`,
    rows: [
      fact('id', detail.id),
      fact('kind', detail.kind ?? '–'),
      fact('value', detail.valueClass ?? '–'),
      fact('submitted by', submittedBy ?? '–', 'normal', client),
      fact('submitted at', at(detail.submittedAtMs)),
      fact('fate', fate ?? '–', fate === 'committed' ? 'good' : 'normal'),
      fact('finality', duration(detail.finalityMs)),
      ...heading('Tokens', tokens.length),
      ...tokens.map(({ token, owner, previous }) =>
        cells(
          [
            shortId(token),
            DESTROYED.test(owner) ? 'destroyed' : `owner ${shortId(owner)}`,
            DESTROYED.test(previous) ? 'created here' : `after ${shortId(previous)}`,
          ],
          [10, 18],
          DESTROYED.test(previous) ? null : { kind: 'transaction', id: previous },
        ),
      ),
      ...heading('Keepers', keepers.length),
      ...keepers.map((keeper) =>
        cells(
          [
            keeper.peer,
            shortId(keeper.token),
            `vote ${keeper.verdict ?? '–'} at ${at(keeper.votedAtMs)}`,
            `${keeper.outcome ?? 'no outcome'} at ${at(keeper.committedAtMs)}`,
          ],
          [14, 10, 24],
          { kind: 'peer', id: keeper.peer },
        ),
      ),
    ],
  };
}
