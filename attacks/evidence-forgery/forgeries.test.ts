import { expect, test } from 'vitest';
import { signingKey } from '../../node/crypto/ed25519.ts';
import { verifyEvidence } from '../../node/minefield/evidence.ts';
import { SpeakerFile } from '../../node/minefield/conflict.ts';
import { assemble } from '../../node/minefield/evidence.ts';
import { paperTerms } from '../../node/minefield/paper.ts';
import { entryOf, idOf, NETWORK, POW, Speaker } from '../../node/minefield/speaker.fixture.ts';
import { Archive } from './archive.ts';
import { FORGERIES, type Material } from './forgeries.ts';

/** What a victim really said, and a true package against somebody else. */
function material(): Material {
  const victim = new Speaker(1);
  victim.append(entryOf(1), entryOf(2));
  const archive = new Archive();
  for (const token of [1, 2]) {
    archive.hear({ type: 'statement', statement: victim.say(idOf(token)) });
  }
  const liar = new Speaker(2);
  liar.append(entryOf(1));
  const once = liar.say(idOf(1));
  const file = new SpeakerFile();
  file.add(once);
  const conflict = file.add(liar.say(idOf(2), { sequence: once.sequence }));
  if (conflict === null) throw new Error('the liar is no liar');
  const { address, record } = liar.identity;
  archive.hear({
    type: 'evidence',
    evidence: assemble(conflict, { network: NETWORK, address, record }),
  });
  return {
    network: NETWORK,
    victim: victim.identity.address,
    record: victim.identity.record,
    words: archive.of(victim.identity.address),
    packages: archive.packages,
    identityKey: signingKey(new Uint8Array(32).fill(3)),
    lamppost: signingKey(new Uint8Array(32).fill(4)),
  };
}

/** The one check that each of them is stopped by. */
const STOPPED_BY: Readonly<Record<string, string>> = {
  fabricated: 'statement 2 proves nothing: its certificate is not by the identity key',
  mutated: 'statement 2 proves nothing: its signature is false',
  malleable: 'statement 2 proves nothing: its signature is false',
  'small-order': 'statement 2 proves nothing: its signature is false',
  'borrowed-certificate': 'statement 2 proves nothing: its signature is false',
  foreign: 'the package is for another network',
  expired: 'statement 2 proves nothing: its time is outside its certificate',
  mislabelled: 'what was signed does not break old-epoch',
  reattributed: 'something in it was said by another than the accused',
  'broken-path': 'statement 1 proves nothing: its signature is false',
};

test.each(Object.keys(FORGERIES).filter((kind) => kind !== 'replayed'))(
  'a package that is %s convicts nobody, and is stopped by the check it attacks',
  (kind) => {
    const forged = FORGERIES[kind]?.(material());
    if (forged === null || forged === undefined) throw new Error('nothing was forged');
    const chain = { network: NETWORK, pow: POW, paper: null };
    expect(verifyEvidence(forged, chain)).toEqual({ guilty: false, reason: STOPPED_BY[kind] });
    const paper = paperTerms({ conflictRule: 'paper', timeScale: 3600 });
    expect(verifyEvidence(forged, { ...chain, paper }).guilty).toBe(false);
  },
);

test('a true package that is sent again convicts whom it convicted, and nobody else', () => {
  const { victim, ...all } = material();
  const again = FORGERIES['replayed']?.({ ...all, victim });
  if (again === null || again === undefined) throw new Error('nothing was sent again');
  expect(verifyEvidence(again, { network: NETWORK, pow: POW, paper: null }).guilty).toBe(true);
  expect(again.accused).not.toBe(victim);
});

test('who has heard nothing can forge nothing', () => {
  const bare = { ...material(), words: new Archive().of(idOf(9)), packages: [] };
  for (const forge of Object.values(FORGERIES)) expect(forge(bare)).toBeNull();
});
