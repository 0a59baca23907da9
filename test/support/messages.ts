/** Messages of every type, for tests and for fuzzing: add yours here. */
import { signingKey } from '../../node/crypto/ed25519.ts';
import { hash, hashBytes } from '../../node/crypto/hash.ts';
import { type Id, ZERO_ID } from '../../node/id.ts';
import { issueCertificate } from '../../node/identity/certificate.ts';
import { mint } from '../../node/identity/mint.ts';
import { MemoryStore, seededRandom } from './network.ts';
import { Chain } from '../../node/ledger/chain.ts';
import { keyHash, ORDINARY, signTransaction } from '../../node/ledger/transaction.ts';
import { assemble } from '../../node/minefield/evidence.ts';
import { signStatement } from '../../node/minefield/statement.ts';
import { signVote } from '../../node/voting/signed-vote.ts';
import type { Message } from '../../node/wire/messages.ts';

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
const rival = signTransaction({ ...transaction.body, timestamp: 6 }, [key]);
const [one, other] =
  transaction.id < rival.id ? ([transaction, rival] as const) : ([rival, transaction] as const);
const signedVote = (count: number) =>
  signVote(
    {
      network,
      peer: address,
      tx: name('tx'),
      committed: false,
      ballots: Array.from({ length: count }, (_, index) => ({
        token: name(`token ${index}`),
        previous: index === 0 ? ZERO_ID : name('tx'),
        ballot: index === 0 ? 'valid' : 'out-of-order',
      })),
    },
    { certificate, lamppost },
  );
const evidence = assemble(
  { rule: 'false-path', statements: [statement], blocks: [], ancestor: null, votes: [] },
  { network, address, record: identity.record },
);
const ancestor = { epoch: 1, height: 0, under: 1, hash: name('block'), path: [name('step')] };

/** One of every type and of every optional part. */
export const EXAMPLES: readonly Message[] = [
  { type: 'submit', transaction },
  { type: 'vote', tx: name('tx'), committed: true, ballots: [] },
  {
    type: 'vote',
    tx: name('tx'),
    committed: false,
    ballots: [{ token: name('token'), ballot: 'out-of-order', view: [1, 7, 7, 65_535] }],
  },
  { type: 'signed-vote', vote: signedVote(2), views: [[3], []] },
  { type: 'signed-vote', vote: { ...signedVote(0), committed: true }, views: [] },
  { type: 'vote-certificate', votes: [signedVote(2)] },
  { type: 'frozen', one, other },
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
  {
    type: 'commits',
    above: { height: 12, hash: name('above') },
    upTo: { height: 14, hash: name('block') },
    more: true,
    txs: [name('a'), name('b')],
  },
  { type: 'ask-mapping', token: name('token'), query: new Uint8Array(16).fill(3) },
  { type: 'ask-mapping', token: name('token'), query: new Uint8Array(16).fill(3), direct: true },
  {
    type: 'forward',
    origin: name('origin'),
    question: { type: 'ask-mapping', token: name('token'), query: new Uint8Array(16).fill(3) },
  },
  {
    type: 'forward',
    origin: name('origin'),
    question: { type: 'get-transaction', tx: name('tx') },
  },
  { type: 'statement', statement },
  { type: 'get-block', wanted: 5, under: null, priority: 'synchronisation' },
  { type: 'get-block', wanted: name('block'), under: 9, priority: 'historical' },
  { type: 'block', wanted: 7, block: null, ancestor: null },
  { type: 'block', wanted: name('block'), block, ancestor },
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
  { type: 'find', near: name('near'), view: name('view') },
  { type: 'challenge', token: name('token'), nonce: new Uint8Array(16).fill(4), bits: 10 },
  {
    type: 'storage-proof',
    nonce: new Uint8Array(16).fill(4),
    tx: name('tx'),
    found: Array.from({ length: 10 }, (_, chunk) =>
      chunk % 3 === 0 ? null : { token: name(`token ${chunk}`), tx: name('tx') },
    ),
  },
  { type: 'found', near: name('near'), members: [] },
  {
    type: 'found',
    near: name('near'),
    members: [
      {
        address,
        record: identity.record,
        endpoint: { ip: '10.1.2.3', port: 4000 },
        standing: { sinceMs: 7, countedFromMs: 9, trustedFromMs: null },
      },
    ],
  },
];
