import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signingKey } from '../crypto/ed25519.ts';
import { hash, hashBytes } from '../crypto/hash.ts';
import { type Id, ZERO_ID } from '../id.ts';
import { issueCertificate } from '../identity/certificate.ts';
import { mint } from '../identity/mint.ts';
import { MemoryStore, seededRandom } from '../../test/support/network.ts';
import { Chain } from '../ledger/chain.ts';
import { keyHash, ORDINARY, signTransaction } from '../ledger/transaction.ts';
import { assemble } from '../minefield/evidence.ts';
import { signStatement } from '../minefield/statement.ts';
import { decodeMessage, encodeMessage, type Message } from './messages.ts';

const name = (text: string): Id => hash('key', new TextEncoder().encode(text));
const network = name('network');
const random = seededRandom(4);
const identity = mint(
  network,
  { memoryKiB: 8, passes: 1, bits: 0 },
  {
    now: () => 1000,
    random: (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)),
  },
);
const { address, identityKey, lamppost } = identity;
const certificate = issueCertificate(identityKey, {
  network,
  address,
  lamppost: lamppost.publicKey,
  epoch: 1,
  validFromMs: 0,
  validToMs: 1_000_000,
});
const chain = new Chain({ network, peer: address, timeScale: 1 }, new MemoryStore());
const mapping = { token: name('token'), owner: name('owner'), tx: name('tx'), previous: ZERO_ID };
const block = chain.open({ epoch: 1, certificate, lamppost }, [mapping], 1000);
const { header, signature } = block;
const statement = signStatement(
  {
    network,
    peer: address,
    certificate,
    epoch: 1,
    sequence: 1,
    query: new Uint8Array(16),
    token: mapping.token,
    answer: { mapping, path: [], block: chain.headHash },
    recent: chain.recent,
    head: block.header,
    time: 1000,
  },
  lamppost,
);
const key = signingKey(hashBytes('key', new Uint8Array([1])));
const transaction = signTransaction(
  {
    network,
    changes: [{ token: name('token'), owner: keyHash(key.publicKey), previous: ZERO_ID }],
    timestamp: 5,
    valueClass: 'low',
    extraNeighbours: 0,
    purpose: ORDINARY,
  },
  [key],
);
const evidence = assemble(
  { rule: 'false-path', statements: [statement], blocks: [], ancestor: null, votes: [] },
  { network, address, record: identity.record },
);
const ancestor = { epoch: 1, height: 0, under: 1, hash: name('block'), path: [name('step')] };

/** One of every type and of every optional part. */
const MESSAGES: readonly Message[] = [
  { type: 'submit', transaction },
  { type: 'vote', tx: name('tx'), committed: true, ballots: [] },
  {
    type: 'vote',
    tx: name('tx'),
    committed: false,
    ballots: [{ token: name('token'), ballot: 'out-of-order' }],
  },
  { type: 'ask-votes', tx: name('tx') },
  { type: 'get-transaction', tx: name('tx') },
  { type: 'transaction', transaction, commit: null },
  { type: 'transaction', transaction, commit: 'witnessed' },
  {
    type: 'transaction',
    transaction,
    commit: { block: name('block'), position: 31, confirmations: 7 },
  },
  {
    type: 'transaction',
    transaction,
    commit: { block: name('block'), position: null, confirmations: 0 },
  },
  { type: 'committed', tx: name('tx'), block: name('block') },
  { type: 'ask-commits', above: 12, bans: name('bans') },
  { type: 'commits', upTo: 14, more: true, txs: [name('a'), name('b')] },
  { type: 'ask-mapping', token: name('token'), query: new Uint8Array(16).fill(3) },
  { type: 'statement', statement },
  { type: 'get-block', wanted: 5, under: null, priority: 'synchronisation' },
  { type: 'get-block', wanted: name('block'), under: 9, priority: 'historical' },
  { type: 'block', block: null, ancestor: null },
  { type: 'block', block, ancestor },
  { type: 'dispute', statements: [statement, statement] },
  { type: 'evidence', evidence },
  { type: 'witness', transaction },
  { type: 'ask-epoch' },
  { type: 'epoch', reset: null, time: 0 },
  { type: 'epoch', reset: { header, certificate, signature }, time: 12 },
  { type: 'announce-epoch', reset: { header, certificate, signature } },
  { type: 'epoch-noted', epoch: 3 },
  { type: 'introduce', record: identity.record, endpoint: { ip: '10.0.0.7', port: 4000 } },
  { type: 'ask-identity', address },
  {
    type: 'standings',
    standings: [
      { address, standing: { sinceMs: 7, countedFromMs: 8, trustedFromMs: null } },
      { address: name('other'), standing: { sinceMs: 7, countedFromMs: null, trustedFromMs: 9 } },
    ],
  },
  { type: 'ask-standings', digest: name('digest') },
];

test('what is encoded is decoded as it was', () => {
  for (const message of MESSAGES) {
    expect(decodeMessage(encodeMessage(message))).toEqual({ ok: true, value: message });
  }
});

test('a message cut short, or with a byte more, is refused', () => {
  for (const message of MESSAGES) {
    const bytes = encodeMessage(message);
    expect(decodeMessage(Uint8Array.of(...bytes, 0)).ok).toBe(false);
    for (let length = 0; length < bytes.length; length += 7) {
      expect(decodeMessage(bytes.subarray(0, length)).ok).toBe(false);
    }
  }
});

test('whatever arrives is refused, or encodes to the very same bytes; nothing throws', () => {
  const anything = fc.uint8Array({ maxLength: 400 });
  const mutated = fc
    .tuple(fc.constantFrom(...MESSAGES), fc.nat(), fc.nat(255))
    .map(([message, at, value]) => {
      const bytes = encodeMessage(message);
      bytes[at % bytes.length] = value;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(anything, mutated), (bytes) => {
      const message = decodeMessage(bytes);
      if (message.ok) expect(encodeMessage(message.value)).toEqual(bytes);
    }),
    { numRuns: 2000 },
  );
});
