/**
 * L6: what the papers' confidence says of packages of real statements, by the function with which
 * the peer judges them under `conflictRule: paper`.
 */
import { confidence, type PaperTerms } from '../../../node/minefield/paper.ts';
import type { Statement } from '../../../node/minefield/types.ts';
import { Streams } from '../../simulator/random.ts';
import type { ExperimentOptions, Measured } from '../claim.ts';
import { exact } from '../estimate.ts';
import { Speaker } from '../speaker.ts';

const HOUR_MS = 3_600_000;
/** The paper's δ is not stated; 5 s is PROTOCOL.md's. */
const TERMS: PaperTerms = { deltaMs: 5000, spanMs: 24 * HOUR_MS };
const THRESHOLD = 0.85;
/** Truthful answers added to a package until it no longer convicts. */
const MOST_TRUTHS = 40;

type Confidence = (statements: readonly Statement[], terms: PaperTerms) => number;

/** `judge`: the peer's function, or what a test puts in its place. */
export function dilution(options: ExperimentOptions, judge: Confidence = confidence): Measured {
  const { seed } = options;
  const of = 'package of signed statements';
  const confidenceOf = (lies: readonly number[], truths: number) =>
    judge(packageOf(seed, lies, truths), TERMS);
  const escape = Array.from({ length: MOST_TRUTHS }, (_, truths) =>
    confidenceOf([3, 2], truths),
  ).findIndex((value) => value <= THRESHOLD);
  return {
    figures: {
      '3 conflicts over 24 h': exact(confidenceOf([2, 2, 2], 0), 1, of),
      '2 conflicts among 10 answers': exact(confidenceOf([2, 2], 6), 1, of),
      '4 conflicts among 5 answers': exact(confidenceOf([3, 2], 0), 1, of),
    },
    beside: [
      {
        name: 'truthful answers beside those 5 after which they no longer convict',
        value: escape === -1 ? `more than ${MOST_TRUTHS}` : String(escape),
      },
      {
        name: 'weight α of conflicts below which 2 of 10 convict',
        value: '0.1875 (1 − 0.8 α > 0.85)',
      },
    ],
    conditions: [
      'α = β = γ = 1/3; all signatures good (1), spread over the full 24 h (1): the best case for the accuser',
      'a conflict is a pair of answers about one token within δ = 5 s; |E| is the whole package',
      'our peer hands in only answers that conflict, so truthful ones do not dilute its packages',
    ],
  };
}

/**
 * One speaker's answers, all well signed. `lies`: how often it answers for one token at one time,
 * each time with another owner, per occasion; occasions and truths are spread over 24 h.
 */
function packageOf(seed: number, lies: readonly number[], truths: number): readonly Statement[] {
  const speaker = new Speaker(new Streams(seed).stream('L6'));
  const tokens = Array.from({ length: lies.length + truths }, () => speaker.id());
  speaker.commit(tokens);
  const began = speaker.nowMs;
  const timeOf = (at: number, of: number) =>
    began + Math.round((at / Math.max(1, of - 1)) * TERMS.spanMs);
  const said = lies.flatMap((count, at) =>
    Array.from({ length: count }, () => lie(speaker, tokens[at] ?? '', timeOf(at, lies.length))),
  );
  const honest = tokens
    .slice(lies.length)
    .map((token, at) => speaker.say(token, 0, { time: timeOf(at, truths) }));
  return [...said, ...honest];
}

function lie(speaker: Speaker, token: string, time: number): Statement {
  const { answer } = speaker.say(token, 0);
  if (answer === null) throw new Error('the speaker does not know its own token');
  const mapping = { ...answer.mapping, owner: speaker.id(), tx: speaker.id() };
  return speaker.say(token, 0, { time, answer: { ...answer, mapping } });
}
