import { expect, test } from 'vitest';
import { VirtualNetwork, virtualEndpoint } from '../../test/support/network.ts';
import { Chain } from '../ledger/chain.ts';
import { Membership } from '../ledger/membership.ts';
import type { EvidencePackage } from '../minefield/types.ts';
import {
  entryOf,
  identityOf,
  idOf,
  MemoryStore,
  NETWORK,
  Speaker,
} from '../minefield/speaker.fixture.ts';
import { DEFAULT_PARAMETERS } from '../parameters.ts';
import { Hearing } from './hearing.ts';
import { Holdings } from './holdings.ts';
import { Speakers } from './speakers.ts';

function listener() {
  const membership = new Membership();
  for (const number of [1, 2]) {
    const { address, record } = identityOf(number);
    membership.add({ address, record, endpoint: virtualEndpoint(number) });
  }
  const self = identityOf(2).address;
  const chain = new Chain({ network: NETWORK, peer: self, timeScale: 1 }, new MemoryStore());
  const network = new VirtualNetwork();
  const found: EvidencePackage[] = [];
  const hearing = new Hearing(
    {
      self,
      membership,
      host: network.host(virtualEndpoint(2)),
      parameters: DEFAULT_PARAMETERS,
      holdings: new Holdings(chain, new MemoryStore()),
      send: () => {},
    },
    new Speakers(NETWORK, (address) => membership.get(address), null),
    {
      convict: (evidence) => found.push(evidence),
      against: () => undefined,
      stated: () => {},
      answered: () => {},
      disputed: () => {},
      committed: () => {},
      block: () => {},
    },
  );
  return { hearing, found, network };
}

/** A speaker with a chain of some height, and the same one with another last block. */
function twoFaces() {
  const speaker = new Speaker();
  for (let height = 1; height < 40; height += 1) speaker.append(entryOf(height));
  const twin = speaker.fork();
  speaker.append(entryOf(100));
  twin.append(entryOf(200));
  return { speaker, twin, address: speaker.identity.address };
}

test('a fork that only blocks show which catching up reads convicts', () => {
  const { speaker, twin, address } = twoFaces();
  const { hearing, found } = listener();
  hearing.onStatement(address, speaker.say(idOf(1)), false);
  expect(found).toEqual([]);
  for (let height = twin.chain.height; height > 30; height -= 1) {
    hearing.onRead(address, twin.chain.blockAt(height) ?? null);
  }
  expect(found.map(({ rule }) => rule)).toContain('two-blocks');
});

test('an honest chain that is read convicts nobody, nor does one that another shows', () => {
  const { speaker, twin, address } = twoFaces();
  const { hearing, found } = listener();
  hearing.onStatement(address, speaker.say(idOf(1)), false);
  for (let height = speaker.chain.height; height >= 0; height -= 1) {
    hearing.onRead(address, speaker.chain.blockAt(height) ?? null);
    hearing.onRead(identityOf(3).address, twin.chain.blockAt(height) ?? null);
  }
  expect(found).toEqual([]);
});

test('of the blocks that are read so many a second are filed, whoever floods', () => {
  const { speaker, twin, address } = twoFaces();
  const { hearing, found, network } = listener();
  hearing.onStatement(address, speaker.say(idOf(1)), false);
  const [first, last] = [twin.chain.blockAt(1) ?? null, twin.chain.head];
  for (let count = 0; count < 500; count += 1) hearing.onRead(address, first);
  hearing.onRead(address, last);
  expect(found).toEqual([]);
  network.run(1100);
  hearing.onRead(address, last);
  expect(found).toHaveLength(1);
});
