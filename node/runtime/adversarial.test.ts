import { expect, test } from 'vitest';
import type { Seat } from '../control.ts';
import { DEFAULT_PARAMETERS } from '../parameters.ts';
import { virtualEndpoint, VirtualNetwork } from '../../test/support/network.ts';
import { type AdversaryModule, type Birth, mintingSources } from './adversarial.ts';

const SEAT: Seat = {
  run: 'r',
  name: 'sybil-02',
  kind: 'peer',
  region: 'east',
  network: '11'.repeat(32),
  parameters: DEFAULT_PARAMETERS,
  members: 30,
  bind: virtualEndpoint(1),
  stateDirectory: '',
  control: { url: '', token: '' },
  telemetry: { url: '', user: '', password: '' },
  probeKey: '',
};
const create: AdversaryModule['create'] = () => {
  throw new Error('no peer is there yet');
};
const PART = { knobs: { reach: 0.1 }, index: 1, members: 3 };
const host = new VirtualNetwork({ seed: 1, link: () => ({}) }).host(virtualEndpoint(1));

test('an honest identity is minted by the host’s clock, wherever it lies', () => {
  const sources = mintingSources(SEAT, host, undefined);
  expect(sources.now()).toBe(host.now());
  expect(sources.wants).toBe(undefined);
  expect(mintingSources(SEAT, host, { module: { create }, part: PART }).wants).toBe(undefined);
});

test('an adversary chooses place and date by what it knows before it is born', () => {
  const births: Birth[] = [];
  const module: AdversaryModule = {
    create,
    wants: (birth) => {
      births.push(birth);
      return (address) => address.startsWith(String(birth.index));
    },
    dates: () => (nowMs) => nowMs - 5000,
  };
  const sources = mintingSources(SEAT, host, { module, part: PART });
  expect(sources.now()).toBe(host.now() - 5000);
  expect([sources.wants?.('1a'), sources.wants?.('2a')]).toEqual([true, false]);
  const { network, parameters } = SEAT;
  expect(births).toEqual([{ ...PART, network, parameters, peers: 30 }]);
});
