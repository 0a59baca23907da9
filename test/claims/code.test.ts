/** Rows about the peer's own code: each as it stands, and with that code broken. */
import * as noble from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';
import { capture } from '../../lab/claims/experiments/capture.ts';
import { forgery, type Verifiers } from '../../lab/claims/experiments/forgery.ts';
import { searchLength } from '../../lab/claims/experiments/search-length.ts';
import { isStrictlyEncoded, verifySignature } from '../../node/crypto/ed25519.ts';
import { answerChallenge } from '../../node/ledger/storage-proof.ts';
import { verifyEvidence } from '../../node/minefield/evidence.ts';
import { passes } from '../../node/voting/rules.ts';
import { figureVerdicts, OPTIONS, verdictOf } from './support.ts';

noble.hashes.sha512 = sha512;

const PEER: Verifiers = { signature: verifySignature, evidence: verifyEvidence };

test('P2: as many tokens are looked at at any density; chunks of 9 bits would halve it', () => {
  const looked = (answer = answerChallenge) =>
    figureVerdicts('P2', searchLength(OPTIONS, answer), 'looked at');
  expect(looked().slice(1)).toEqual(['fails', 'fails']);
  const scaled = (factor: number): typeof answerChallenge =>
    function scaledAnswer(stored, challenge) {
      const found = answerChallenge(stored, challenge);
      return { ...found, steps: factor * found.steps };
    };
  expect(looked(scaled(0.5))).toEqual(['fails', 'fails', 'fails']);
  expect(looked(scaled(1.4)).slice(1)).not.toContain('fails');
});

test('E1: whoever votes first needs two; a rule that counts against the whole needs 26', () => {
  const decide = (rule = passes) => figureVerdicts('E1', capture(OPTIONS, rule), 'of 50 that');
  expect(decide()).toEqual(['holds', 'fails', 'fails']);
  const ofAll: typeof passes = (_, { valid, size }) => 2 * valid - size >= 2;
  expect(decide(ofAll)).toEqual(['holds', 'holds', 'holds']);
  // Votes alone: nobody's word that it passed.
  const unvouched: typeof passes = (rule, tally) => passes(rule, { ...tally, committed: 0 });
  expect(decide(unvouched)).toEqual(['holds', 'fails', 'holds']);
});

test('L2 holds, and each of its figures sees the check that it is about', () => {
  const own = forgery(OPTIONS);
  expect(figureVerdicts('L2', own)).not.toContain('fails');
  const unsigned: typeof verifyEvidence = (evidence, terms) =>
    verifyEvidence(evidence, terms).guilty || evidence.rule === 'two-blocks'
      ? { guilty: true, rule: evidence.rule }
      : { guilty: false, reason: '' };
  const credulous = forgery(OPTIONS, { ...PEER, evidence: unsigned });
  for (const part of ['changed', 'turned', 'honest']) {
    expect(figureVerdicts('L2', credulous, part), part).toEqual(['fails']);
  }
  // What strict checks refuse, by the equation with the cofactor that others use.
  const lenient: typeof verifySignature = (key, message, signature) => {
    if (isStrictlyEncoded(key, signature)) return verifySignature(key, message, signature);
    try {
      return noble.verify(signature, message, key, { zip215: true });
    } catch {
      return false;
    }
  };
  const loose = forgery(OPTIONS, { ...PEER, signature: lenient });
  expect(figureVerdicts('L2', loose, 'small-order')).toEqual(['fails']);
  const never = forgery(OPTIONS, { ...PEER, signature: () => false });
  expect(figureVerdicts('L2', never, 'RFC')).toEqual(['fails']);
  expect(verdictOf('L2', never)).toBe('partly');
});
