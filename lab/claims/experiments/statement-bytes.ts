/**
 * B2: bytes of mapping answers with 2 to 4 recent mappings, as the peer encodes them, from a chain
 * that holds so many tokens; and of the datagrams that carry them.
 */
import { TAG_BYTES } from '../../../node/crypto/box.ts';
import type { Statement } from '../../../node/minefield/types.ts';
import { DATAGRAM_BYTES, HEADER_BYTES, TICKET_BYTES } from '../../../node/transport/limits.ts';
import { encodeMessage } from '../../../node/wire/messages.ts';
import { Streams } from '../../simulator/random.ts';
import type { ExperimentOptions, Measured } from '../claim.ts';
import { quantileOf, share } from '../estimate.ts';
import { Speaker } from '../speaker.ts';

const TOKENS = { quick: 300, full: 2000 };
/** 400 of 400 is the least that shows 99 %. */
const ASKED = { quick: 400, full: 1000 };
const RECENT = [2, 3, 4] as const;
/** header, box(ticket, flags), length of the message. */
const AROUND_BYTES = HEADER_BYTES + TAG_BYTES + TICKET_BYTES + 1 + 2;

type Encoder = (statement: Statement) => Uint8Array;
const asMessage: Encoder = (statement) => encodeMessage({ type: 'statement', statement });

export function statementBytes(options: ExperimentOptions, encode = asMessage): Measured {
  const random = new Streams(options.seed).stream('B2');
  const speaker = new Speaker(random);
  const count = options.quick ? TOKENS.quick : TOKENS.full;
  const asked = options.quick ? ASKED.quick : ASKED.full;
  const tokens = Array.from({ length: count }, () => speaker.id());
  speaker.commit(tokens);
  // Half of them change hands: a transferred token also names its previous transaction.
  const moved = tokens.filter((_, at) => at % 2 === 0);
  speaker.commit(moved, (token) => speaker.chain.state.get(token)?.tx ?? '');
  const draw = () => tokens[Math.floor(random.next() * count)] ?? '';
  const sizes = new Map<number, readonly number[]>(
    RECENT.map((recent) => [
      recent,
      Array.from({ length: asked }, () => encode(speaker.say(draw(), recent)).length),
    ]),
  );
  const of = (recent: number) => sizes.get(recent) ?? [];
  const fitting = (recent: number) =>
    share(
      of(recent).filter((bytes) => bytes + AROUND_BYTES <= DATAGRAM_BYTES).length,
      asked,
      'answers',
    );
  return {
    figures: {
      'median with 2 recent mappings': quantileOf(of(2), 0.5, 'answers'),
      'median with 4 recent mappings': quantileOf(of(4), 0.5, 'answers'),
      'in one datagram with 2': fitting(2),
      'in one datagram with 3': fitting(3),
      'in one datagram with 4': fitting(4),
    },
    beside: RECENT.map((recent) => ({
      name: `largest with ${recent}, and as a datagram`,
      value: `${Math.max(...of(recent))} and ${Math.max(...of(recent)) + AROUND_BYTES} of ${DATAGRAM_BYTES} bytes`,
    })),
    conditions: [
      `a state of ${count} tokens, half of them transferred; the path to the state root grows by 32 bytes with each doubling`,
      'encoded by the peer; certificate, head, path and signature included, which the paper leaves out',
    ],
  };
}
