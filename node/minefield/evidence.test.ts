import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode } from '../codec/reader.ts';
import { encodeRecord, signRecord } from '../identity/record.ts';
import {
  type Conflict,
  doubleVote,
  isNotAnAncestor,
  PAST_MARGIN_MS,
  SpeakerFile,
  type Signed,
} from './conflict.ts';
import { assemble, encodePackage, packageHash, readPackage, verifyEvidence } from './evidence.ts';
import { PaperFile } from './paper.ts';
import { type SignedVote, signVote } from '../voting/signed-vote.ts';
import { entryOf, idOf, mappingOf, MemoryStore, NETWORK, POW, Speaker } from './speaker.fixture.ts';
import type { EvidencePackage, Rule } from './types.ts';

const context = { network: NETWORK, pow: POW, paper: null };

function honest(): Speaker {
  const speaker = new Speaker();
  for (let block = 0; block < 5; block += 1) speaker.append(entryOf(block), entryOf(block + 50));
  return speaker;
}

function firstConflict(file: SpeakerFile, signed: readonly Signed[]): Conflict | null {
  for (const item of signed) {
    const conflict = file.add(item);
    if (conflict !== null) return conflict;
  }
  return null;
}

function packageOf(speaker: Speaker, conflict: Conflict | null): EvidencePackage {
  if (conflict === null) throw new Error('no conflict was found');
  const { address, record } = speaker.identity;
  return assemble(conflict, { network: NETWORK, address, record });
}

/** For two successors of one mapping, among other tokens. */
function votesOf({ chain, identity }: Speaker): [SignedVote, SignedVote] {
  const ballot = (token: number) => ({
    token: idOf(token),
    previous: idOf(token + 1),
    ballot: 'valid' as const,
  });
  const vote = (tx: number, ...tokens: readonly number[]): SignedVote => {
    const peer = identity.address;
    const said = { network: NETWORK, peer, tx: idOf(tx), committed: false };
    return signVote({ ...said, ballots: tokens.map(ballot) }, chain.session);
  };
  return [vote(1, 10, 20), vote(2, 20, 30)];
}

/** One package per rule and kind of proof, from a liar who commits that offence. */
function offences(): readonly (readonly [string, Rule, EvidencePackage])[] {
  const speaker = honest();
  const convict = (...signed: readonly Signed[]): EvidencePackage =>
    packageOf(speaker, firstConflict(new SpeakerFile(), signed));
  const once = speaker.say(idOf(1));
  const twice = speaker.say(idOf(2), { sequence: once.sequence });
  const lie = { answer: { mapping: mappingOf(1, 9), path: [], block: idOf(1) } };
  const old = { head: speaker.chain.head.header, sequence: 500 };
  const twin = speaker.fork();
  const ours = speaker.append(entryOf(60));
  const theirs = twin.append(entryOf(61));
  const spokenLie = twin.say(idOf(1));
  const fell = convict(speaker.say(idOf(1), { sequence: 499 }), speaker.say(idOf(88_888), old));
  const apart = convict(ours, twin.append(entryOf(62)));
  const spoken = convict(speaker.say(idOf(1)), spokenLie);
  for (let block = 0; block < 6; block += 1) twin.append(entryOf(70 + block));
  const file = new SpeakerFile();
  file.add(ours);
  file.add(twin.say(idOf(1)));
  const proof = twin.chain.ancestorPath(ours.header.height, twin.chain.height);
  if (proof === undefined) throw new Error('no proof');
  const { height } = ours.header;
  const descent = file.addAncestor(1, height, twin.chain.height, proof);
  const reopened = honest();
  reopened.start(2);
  speaker.nowMs = reopened.nowMs + PAST_MARGIN_MS + 1000;
  return [
    ['two statements of one number', 'same-sequence', convict(once, twice)],
    ['a head that fell', 'height-fell', fell],
    ['two signed blocks of one height', 'two-blocks', convict(ours, theirs)],
    ['two statements with heads of one height', 'two-blocks', spoken],
    ['a block that does not follow the one before', 'not-an-ancestor', apart],
    ['a head that has another ancestor', 'not-an-ancestor', packageOf(speaker, descent)],
    ['an old epoch that goes on', 'old-epoch', convict(reopened.chain.head, speaker.say(idOf(1)))],
    ['an old chain that goes on', 'old-epoch', convict(speaker.append(), reopened.say(idOf(1)))],
    ['two valid votes', 'double-vote', packageOf(speaker, doubleVote(...votesOf(speaker)))],
    ['a path that leads elsewhere', 'false-path', convict(speaker.say(idOf(1), lie))],
  ];
}

const cases = offences();

describe.each(cases)('%s', (_name, rule, evidence) => {
  test(`convicts by ${rule}, also after the wire`, () => {
    expect(verifyEvidence(evidence, context)).toEqual({ guilty: true, rule });
    const back = decode(encodePackage(evidence), readPackage);
    expect(back).toEqual({ ok: true, value: evidence });
    expect(back.ok && packageHash(back.value)).toBe(packageHash(evidence));
  });

  test('convicts no longer when any one field is another', () => {
    const places = leaves(evidence, []);
    expect(places.length).toBeGreaterThan(30);
    for (const place of places) {
      const changed = structuredClone(evidence);
      mutate(changed, place);
      expect([place.join('.'), verifyEvidence(changed, context).guilty]).toEqual([
        place.join('.'),
        false,
      ]);
    }
  });

  test('every byte string is refused or is the one encoding of its package', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(255), (at, value) => {
        const bytes = encodePackage(evidence);
        bytes[at % bytes.length] = value;
        const back = decode(bytes, readPackage);
        if (back.ok) expect(encodePackage(back.value)).toEqual(bytes);
      }),
    );
  });

  test('does not convict with something added or left out', () => {
    const speaker = new Speaker();
    const extra = speaker.say(idOf(1));
    for (const change of [
      { statements: [...evidence.statements, extra] },
      { blocks: [...evidence.blocks, speaker.chain.head] },
      { votes: [...evidence.votes, ...votesOf(speaker).slice(1)] },
      {
        statements: evidence.statements.slice(1),
        blocks: evidence.blocks.slice(1),
        votes: evidence.votes.slice(1),
      },
      { ancestor: evidence.ancestor === null ? { hash: idOf(1), path: [] } : null },
    ]) {
      const verdict = verifyEvidence({ ...evidence, ...change }, context);
      expect(verdict).toMatchObject({ guilty: false, reason: expect.any(String) });
    }
  });
});

test('answers between which a token moved convict an honest peer under paper alone', () => {
  const paper = { deltaMs: 1000, spanMs: 2000 };
  const speaker = honest();
  const file = new PaperFile(paper);
  const say = () => file.add(speaker.say(idOf(1)));
  const found = [1, 2, 3, 4].map((version) => {
    const conflict = say();
    if (version === 2) speaker.nowMs += 3000;
    speaker.append(entryOf(1, version));
    return conflict;
  });
  expect(found).toEqual([null, null, null, null]);
  const evidence = packageOf(speaker, say());
  const terms = { ...context, paper };
  expect(verifyEvidence(evidence, terms)).toEqual({ guilty: true, rule: 'paper-conflicts' });
  expect(verifyEvidence(evidence, context).guilty).toBe(false);
  expect(decode(encodePackage(evidence), readPackage)).toEqual({ ok: true, value: evidence });
  for (const place of leaves(evidence, [])) {
    const changed = structuredClone(evidence);
    mutate(changed, place);
    expect([place.join('.'), verifyEvidence(changed, terms).guilty]).toEqual([
      place.join('.'),
      false,
    ]);
  }
  const { statements } = evidence;
  const twice = [...statements.slice(1), ...statements.slice(-1)];
  expect(verifyEvidence({ ...evidence, statements: twice }, terms).guilty).toBe(false);
});

test('the same package says nothing on another network or of another peer', () => {
  const evidence = cases[0]?.[2] ?? packageOf(new Speaker(), null);
  expect(verifyEvidence(evidence, { ...context, network: idOf(3) }).guilty).toBe(false);
  const other = new Speaker(2);
  const framed = packageOf(other, { ...evidence });
  expect(verifyEvidence(framed, context)).toEqual({
    guilty: false,
    reason: 'something in it was said by another than the accused',
  });
});

test('the same key under another address proves nothing against the accused', () => {
  const evidence = cases[0]?.[2] ?? packageOf(new Speaker(), null);
  const { record, identityKey } = new Speaker().identity;
  const resalted = signRecord({ ...record, salt: new Uint8Array(8).fill(9) }, identityKey);
  expect(verifyEvidence({ ...evidence, record: encodeRecord(resalted) }, context)).toEqual({
    guilty: false,
    reason: 'the identity record is of another address',
  });
});

test('what was said in two epochs is never compared', () => {
  const before = honest();
  const after = new Speaker();
  after.store = new MemoryStore();
  after.start(2);
  for (let block = 0; block < 9; block += 1) after.append(entryOf(block + 200));
  const signed = [5, 4, 3].map((height) => before.chain.blockAt(height) ?? before.chain.head);
  const later = [4, 5, 6].map((height) => after.chain.blockAt(height) ?? after.chain.head);
  const file = new SpeakerFile();
  const said = [before.say(idOf(1)), after.say(idOf(201)), after.say(idOf(88_888))];
  for (const item of [...signed, ...later, ...said]) expect(file.add(item)).toBeNull();
  const proof = after.chain.ancestorPath(3, 6);
  const [lower, higher] = [signed[2], later[2]];
  if (proof === undefined || lower === undefined || higher === undefined) throw new Error('none');
  expect(isNotAnAncestor(lower.header, higher.header, proof)).toBe(false);
});

type Deed = 'append' | 'say' | 'unknown' | 'restart' | 'back' | 'keep' | 'restore' | 'rotate';

/** Everything an honest peer signs over a life with appends, answers, restarts and a bad clock. */
function lifeOf(deeds: readonly Deed[]): { speaker: Speaker; signed: readonly Signed[] } {
  const speaker = new Speaker();
  const signed: Signed[] = [speaker.chain.head];
  let kept = speaker.store.copy();
  let epoch = 1;
  for (const [index, deed] of deeds.entries()) {
    if (deed === 'append') signed.push(speaker.append(entryOf(index % 7, index)));
    if (deed === 'say') signed.push(speaker.say(idOf(index % 7)));
    if (deed === 'unknown') signed.push(speaker.say(idOf(88_888)));
    if (deed === 'back') speaker.nowMs -= 300;
    if (deed === 'rotate') speaker.rotate(index);
    if (deed === 'keep') kept = speaker.store.copy();
    if (deed === 'restore') speaker.store = kept.copy();
    if (deed === 'restart' || deed === 'restore') {
      // Its neighbours told it of the epochs that its disk forgot.
      epoch += 1;
      speaker.start(epoch);
      signed.push(speaker.chain.head);
    }
  }
  return { speaker, signed };
}

const deed = fc.constantFrom<Deed[]>(
  'append',
  'append',
  'say',
  'say',
  'unknown',
  'restart',
  'back',
  'keep',
  'restore',
  'rotate',
);
const life = fc.array(deed, { maxLength: 40 }).map(lifeOf);

test('nothing that an honest peer signs convicts it, in whatever order it arrives', () => {
  fc.assert(
    fc.property(life, fc.infiniteStream(fc.nat()), ({ speaker, signed }, random) => {
      const order = signed
        .map((item) => ({ item, key: random.next().value ?? 0 }))
        .toSorted((a, b) => a.key - b.key);
      const file = new SpeakerFile();
      for (const { item } of order) {
        expect(file.add(item)).toBeNull();
        expect(file.add(item)).toBeNull();
      }
      for (const { header } of signed.filter((item) => 'header' in item)) {
        const { height } = speaker.chain;
        const proof = speaker.chain.ancestorPath(header.height, height);
        if (proof === undefined) continue;
        expect(file.addAncestor(header.epoch, header.height, height, proof)).toBeNull();
      }
    }),
    { numRuns: 60 },
  );
});

test('no pair of honest statements and blocks convicts under any rule', () => {
  const rules: readonly Rule[] = [
    'same-sequence',
    'height-fell',
    'two-blocks',
    'not-an-ancestor',
    'false-path',
    'old-epoch',
  ];
  fc.assert(
    fc.property(life, fc.nat(), fc.nat(), ({ speaker, signed }, a, b) => {
      const pair = [signed[a % signed.length], signed[b % signed.length]];
      const statements = pair.filter((item) => item !== undefined && 'head' in item);
      const blocks = pair.filter((item) => item !== undefined && 'header' in item);
      for (const rule of rules) {
        const used = rule === 'false-path' ? statements.slice(0, 1) : statements;
        const conflict: Conflict = { rule, statements: used, blocks, ancestor: null, votes: [] };
        // The earlier of two statements may stand second: that must not convict either.
        const turned = { ...conflict, statements: used.toReversed() };
        for (const accusation of [conflict, turned]) {
          expect(verifyEvidence(packageOf(speaker, accusation), context).guilty).toBe(false);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('a file stays bounded, keeps the newest and reaches back to the oldest', () => {
  const speaker = new Speaker();
  const file = new SpeakerFile();
  for (let index = 0; index < 300; index += 1) {
    speaker.append(entryOf(index));
    file.add(speaker.say(idOf(index)));
  }
  expect(file.statements.length).toBe(48);
  expect(file.heads.length).toBe(96);
  expect(file.statements.at(-1)?.sequence).toBe(300);
  expect(file.statements.at(0)?.sequence).toBe(1);
  const gaps = file.statements.map(
    (statement, at) => statement.sequence - (file.statements[at - 1]?.sequence ?? 0),
  );
  expect(Math.max(...gaps)).toBeLessThan(40);
});

type Place = readonly (string | number)[];

/** The way to every leaf of a value; byte strings are leaves. */
function leaves(value: unknown, way: Place): readonly Place[] {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return [way];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, [...way, name]));
}

/** Puts another value of the same kind in that place. */
function mutate(target: object, [name = '', ...rest]: Place): void {
  const value: unknown = Reflect.get(target, name);
  if (rest.length === 0) Reflect.set(target, name, another(value));
  else if (typeof value === 'object' && value !== null) mutate(value, rest);
}

function another(value: unknown): unknown {
  if (typeof value === 'number') return value + 1 > 255 && value < 256 ? value - 1 : value + 1;
  if (value instanceof Uint8Array) return value.with(value.length - 1, (value.at(-1) ?? 0) ^ 1);
  // As good an ancestor as an answer, the two things that can be null.
  if (value === null) return { hash: idOf(1), path: [], mapping: mappingOf(1), block: idOf(1) };
  if (typeof value === 'boolean') return !value;
  if (value === 'valid') return 'invalid';
  if (typeof value !== 'string') throw new Error(`no other ${typeof value}`);
  if (value.length === 64) return `${value.slice(0, -1)}${value.endsWith('0') ? '1' : '0'}`;
  return value === 'two-blocks' ? 'same-sequence' : 'two-blocks';
}
