import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode } from '../codec/reader.ts';
import { signingKey } from '../crypto/ed25519.ts';
import { issueCertificate } from '../identity/certificate.ts';
import { type Statement } from './types.ts';
import {
  encodeStatement,
  readStatement,
  signStatement,
  statementHash,
  verifyStatement,
} from './statement.ts';
import { entryOf, idOf, mappingOf, NETWORK, Speaker } from './speaker.fixture.ts';

function speakerWith(tokens: number): Speaker {
  const speaker = new Speaker();
  for (let from = 0; from < tokens; from += 8) {
    const count = Math.min(8, tokens - from);
    speaker.append(...Array.from({ length: count }, (_, index) => entryOf(from + index, 1)));
  }
  return speaker;
}

const speaker = speakerWith(40);
const key = speaker.identity.identityKey.publicKey;
const samples: readonly Statement[] = [
  speaker.say(idOf(3)),
  speaker.say(idOf(77_777)),
  speaker.say(idOf(39), { recent: [] }),
  speaker.say(idOf(39), { recent: speaker.chain.recent }),
];

test('a statement about a state of 1,000 tokens with two recent mappings fits one datagram', () => {
  const large = speakerWith(1_000);
  const sizes = Array.from({ length: 100 }, (_, index) => large.say(idOf(index * 10)))
    .map((statement) => encodeStatement(statement).length)
    .sort((a, b) => a - b);
  expect(sizes[50]).toBeLessThanOrEqual(1_250);
});

test('a statement survives the wire and verifies', () => {
  for (const statement of samples) {
    const bytes = encodeStatement(statement);
    expect(decode(bytes, readStatement)).toEqual({ ok: true, value: statement });
    expect(verifyStatement(statement, key)).toEqual({ ok: true });
  }
});

test('every byte string is refused or is the one encoding of what it decodes to', () => {
  fc.assert(
    fc.property(fc.constantFrom(...samples), fc.nat(), fc.nat(255), (statement, at, value) => {
      const bytes = encodeStatement(statement);
      bytes[at % bytes.length] = value;
      const back = decode(bytes, readStatement);
      if (back.ok) expect(encodeStatement(back.value)).toEqual(bytes);
    }),
    { numRuns: 500 },
  );
});

test('a statement with any one bit changed does not verify', () => {
  fc.assert(
    fc.property(fc.constantFrom(...samples), fc.nat(), fc.nat(7), (statement, at, bit) => {
      const bytes = encodeStatement(statement);
      const index = at % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
      const back = decode(bytes, readStatement);
      expect(back.ok && verifyStatement(back.value, key).ok).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test('a statement made of parts that do not belong together is refused with the reason', () => {
  const statement = samples[0] ?? speaker.say(idOf(3));
  const other = idOf(5);
  const cases: readonly (readonly [Partial<Statement>, string])[] = [
    [{ epoch: 2 }, 'its certificate is for another epoch'],
    [{ head: { ...statement.head, peer: other } }, 'its head belongs to another peer'],
    [{ head: { ...statement.head, network: other } }, 'its head belongs to another network'],
    [{ head: { ...statement.head, epoch: 9 } }, 'its head belongs to another epoch'],
    [{ token: other }, 'it answers for another token'],
    [{ query: new Uint8Array(3) }, 'its query has 3 bytes'],
    [{ time: 9_000_001 }, 'its time is outside its certificate'],
    [{ sequence: 99 }, 'its signature is false'],
  ];
  for (const [change, reason] of cases) {
    expect(verifyStatement({ ...statement, ...change }, key)).toEqual({ ok: false, reason });
  }
  expect(verifyStatement(statement, new Speaker(2).identity.identityKey.publicKey)).toEqual({
    ok: false,
    reason: 'its certificate is not by the identity key',
  });
});

test('what a lamppost signs past its certificate, or before it, is refused', () => {
  const { validFromMs, validToMs } = speaker.chain.session.certificate;
  for (const time of [validFromMs - 1, validToMs + 1]) {
    expect(verifyStatement(speaker.say(idOf(3), { time }), key)).toEqual({
      ok: false,
      reason: 'its time is outside its certificate',
    });
  }
  for (const time of [validFromMs, validToMs]) {
    expect(verifyStatement(speaker.say(idOf(3), { time }), key).ok).toBe(true);
  }
});

test('what a lamppost signs that another identity certified, or nobody, is refused', () => {
  const lamppost = signingKey(new Uint8Array(32).fill(77));
  const { address } = speaker.identity;
  const terms = { network: NETWORK, address, lamppost: lamppost.publicKey, epoch: 1 };
  const span = { validFromMs: 1_000_000, validToMs: 9_000_000 };
  const stranger = new Speaker(2).identity.identityKey;
  const foreign = issueCertificate(stranger, { ...terms, ...span });
  const refused = (certificate: Statement['certificate']) =>
    verifyStatement(signStatement({ ...speaker.say(idOf(3)), certificate }, lamppost), key);
  expect(refused(foreign)).toEqual({
    ok: false,
    reason: 'its certificate is not by the identity key',
  });
  expect(refused(speaker.chain.session.certificate)).toEqual({
    ok: false,
    reason: 'its signature is false',
  });
  const own = issueCertificate(speaker.identity.identityKey, { ...terms, ...span });
  expect(refused(own).ok).toBe(true);
});

test('a false path under a good signature verifies: it is evidence', () => {
  const lie = speaker.say(idOf(3), {
    answer: { mapping: mappingOf(3, 5), path: [], block: idOf(1) },
  });
  expect(verifyStatement(lie, key)).toEqual({ ok: true });
});

test('the hash names what was said, not the signature', () => {
  const [first, second] = samples;
  if (first === undefined || second === undefined) throw new Error('no samples');
  const resigned: Statement = { ...first, signature: new Uint8Array(64) };
  expect(statementHash(resigned)).toBe(statementHash(first));
  expect(statementHash(second)).not.toBe(statementHash(first));
});
