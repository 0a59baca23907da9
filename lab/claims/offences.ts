/** One evidence package for each rule of `chain`, from a speaker that commits that offence. */
import type { Id } from '../../node/id.ts';
import { encodeRecord } from '../../node/identity/record.ts';
import type { Ancestor, Signed } from '../../node/minefield/conflict.ts';
import { PAST_MARGIN_MS } from '../../node/minefield/conflict.ts';
import type { EvidencePackage, Rule } from '../../node/minefield/types.ts';
import { type SignedVote, signVote } from '../../node/voting/signed-vote.ts';
import { Streams } from '../simulator/random.ts';
import { NETWORK, Speaker } from './speaker.ts';

/** Those of `conflictRule: chain`. */
export const OFFENCES = [
  'same-sequence',
  'height-fell',
  'two-blocks',
  'not-an-ancestor',
  'false-path',
  'old-epoch',
  'double-vote',
] as const satisfies readonly Rule[];

type Offence = (typeof OFFENCES)[number];

interface Words {
  readonly signed: readonly Signed[];
  readonly votes?: readonly SignedVote[];
  readonly ancestor?: Ancestor;
}

/** Words of the same liar each time; only a liar can have said them. */
export function packageOf(rule: Offence, seed: number): EvidencePackage {
  // Two with one stream are one identity with two lives, until they commit different things.
  const [speaker, twin] = [liar(seed), liar(seed)];
  const [token = ''] = speaker.tokens;
  const words = WORDS[rule](speaker, twin, token);
  return packed(rule, speaker, words);
}

const WORDS: Readonly<Record<Offence, (speaker: Life, twin: Life, token: Id) => Words>> = {
  'same-sequence': (speaker, twin, token) => ({
    signed: [speaker.say(token, 2), twin.say(twin.tokens[1] ?? '', 2)],
  }),
  'height-fell': (speaker, _, token) => {
    const head = speaker.chain.head.header;
    speaker.commit([speaker.id()]);
    return { signed: [speaker.say(token, 2), speaker.say(speaker.id(), 0, { head, recent: [] })] };
  },
  'two-blocks': (speaker, twin) => ({ signed: diverge(speaker, twin) }),
  'not-an-ancestor': (speaker, twin) => {
    const [ours] = diverge(speaker, twin);
    twin.commit([twin.id()]);
    return { signed: ours === undefined ? [] : [ours, twin.chain.head] };
  },
  'false-path': (speaker, _, token) => {
    const { answer } = speaker.say(token, 0);
    if (answer === null) throw new Error('the speaker does not know its own token');
    const mapping = { ...answer.mapping, owner: speaker.id() };
    return { signed: [speaker.say(token, 2, { answer: { ...answer, mapping } })] };
  },
  'old-epoch': (speaker, twin, token) => {
    twin.reopen(2);
    speaker.nowMs = twin.nowMs + PAST_MARGIN_MS + 1000;
    return { signed: [twin.chain.head, speaker.say(token, 2)] };
  },
  'double-vote': (speaker, twin, token) => {
    const previous = speaker.id();
    const vote = (tx: Id) =>
      signVote(
        {
          network: NETWORK,
          peer: speaker.identity.address,
          tx,
          committed: false,
          ballots: [{ token, previous, ballot: 'valid' }],
        },
        speaker.chain.session,
      );
    return { signed: [], votes: [vote(speaker.id()), vote(`${twin.id().slice(1)}0`)] };
  },
};

type Life = Speaker & { readonly tokens: readonly Id[] };

function liar(seed: number): Life {
  const speaker = new Speaker(new Streams(seed).stream('offences'));
  const tokens = Array.from({ length: 40 }, () => speaker.id());
  speaker.commit(tokens);
  return Object.assign(speaker, { tokens });
}

/** Each commits another token at the next height. */
function diverge(speaker: Life, twin: Life): readonly Signed[] {
  twin.id();
  speaker.commit([speaker.id()]);
  twin.commit([twin.id()]);
  return [speaker.chain.head, twin.chain.head];
}

function packed(
  rule: Rule,
  speaker: Speaker,
  { signed, votes = [], ancestor }: Words,
): EvidencePackage {
  return {
    network: NETWORK,
    accused: speaker.identity.address,
    rule,
    record: encodeRecord(speaker.identity.record),
    statements: signed.flatMap((item) => ('head' in item ? [item] : [])),
    blocks: signed.flatMap((item) => ('header' in item ? [item] : [])),
    ancestor: ancestor ?? null,
    votes,
  };
}

/** Somebody who has said nothing. */
export function strangerOf(seed: number): Pick<EvidencePackage, 'accused' | 'record'> {
  const { address, record } = new Speaker(new Streams(seed).stream('stranger')).identity;
  return { accused: address, record: encodeRecord(record) };
}

/** Words that an honest peer says in a life with a restart: every pair, under every rule that fits. */
export function honestPackages(seed: number, quick: boolean): readonly EvidencePackage[] {
  const speaker = new Speaker(new Streams(seed).stream('honest'));
  const words: Signed[] = [];
  for (let day = 0; day < (quick ? 4 : 12); day += 1) {
    const token = speaker.id();
    speaker.commit([token]);
    words.push(speaker.chain.head, speaker.say(token, 2), speaker.say(speaker.id(), 2));
    if (day === 2) {
      speaker.nowMs += PAST_MARGIN_MS * 2;
      speaker.reopen(2);
    }
  }
  const pairs = words.flatMap((a, at) => words.slice(at + 1).map((b) => [a, b] as const));
  return pairs.flatMap(([a, b]) =>
    OFFENCES.filter((rule) => rule !== 'double-vote').flatMap((rule) =>
      (rule === 'false-path'
        ? [[a], [b]]
        : [
            [a, b],
            [b, a],
          ]
      ).map((signed) => packed(rule, speaker, { signed })),
    ),
  );
}
