import { expect, test } from 'vitest';
import { entryOf, idOf, identityOf, NETWORK, Speaker } from '../minefield/speaker.fixture.ts';
import { Speakers } from './speakers.ts';

const speaker = new Speaker(1);
speaker.append(entryOf(3));
const endpoint = { ip: '10.0.0.1', port: 1 };

/** All members' records are those of one identity. */
function speakersWhoKnow(number: number): Speakers {
  const { record } = identityOf(number);
  return new Speakers(NETWORK, (address) => ({ address, record, endpoint }), null);
}

test('a good certificate is believed once it was checked, a strange one never', () => {
  const honest = speakersWhoKnow(1);
  const strange = speakersWhoKnow(2);
  for (let turn = 0; turn < 3; turn += 1) {
    const said = speaker.say(idOf(3));
    expect(honest.hearStatement(said)).toEqual({ kind: 'kept' });
    expect(strange.hearStatement(said)).toMatchObject({ kind: 'refused' });
  }
});
