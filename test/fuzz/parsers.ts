/** Parsers as targets: never a throw, and what decodes is written again as the very same bytes. */
import { parsePeerMessage } from '../../lab/supervisor/peer-message.ts';
import { readCredentials, readInsert } from '../../lab/telemetry/request.ts';
import { decode, type Reader } from '../../node/codec/reader.ts';
import { Writer } from '../../node/codec/writer.ts';
import { readCertificate, writeCertificate } from '../../node/identity/certificate.ts';
import { loadIdentity, mint, saveIdentity } from '../../node/identity/mint.ts';
import { encodeRecord, readRecord } from '../../node/identity/record.ts';
import { readBlock, writeBlock } from '../../node/ledger/block.ts';
import { readTransaction, writeTransaction } from '../../node/ledger/transaction.ts';
import { encodePackage, readPackage } from '../../node/minefield/evidence.ts';
import { readStatement, writeStatement } from '../../node/minefield/statement.ts';
import { readLabMessage } from '../../node/runtime/control-messages.ts';
import { RuntimeError } from '../../node/runtime/errors.ts';
import { readSeat } from '../../node/runtime/seat.ts';
import { networkTag, readHeader, writeHeader } from '../../node/transport/datagram.ts';
import { cut, readMissing, Reassembly, writeMissing } from '../../node/transport/fragments.ts';
import { introducedBy, introduction } from '../../node/transport/introduction.ts';
import { MAX_PARTIAL_BYTES } from '../../node/transport/limits.ts';
import { decodeMessage, encodeMessage, kindOf, type Message } from '../../node/wire/messages.ts';
import { EXAMPLES } from '../support/messages.ts';
import { seededRandom } from '../support/network.ts';
import { randomBytes } from './mutate.ts';
import { Finding, kindOfReason, sameBytes, type Prepared, type Target } from './target.ts';

const EXECUTIONS = 10_000;
const NETWORK = '5a'.repeat(32);
const draw = seededRandom(2);
const identity = mint(
  NETWORK,
  { memoryKiB: 8, passes: 1, bits: 0 },
  { now: () => 1000, random: (length) => randomBytes(draw, length) },
);

function target(name: string, prepare: () => Prepared): Target {
  return { name, executions: EXECUTIONS, prepare };
}

/** What one of `values` of the wire's messages holds, as bytes. */
function parser<T>(
  name: string,
  codec: { read(this: void, reader: Reader): T; write(this: void, value: T): Uint8Array },
  values: readonly T[],
): Target {
  return target(name, () => ({
    examples: values.map(codec.write),
    run: (input) => {
      const decoded = decode(input, codec.read);
      if (!decoded.ok) return kindOfReason(decoded.reason);
      if (!sameBytes(codec.write(decoded.value), input)) throw new Finding('another encoding');
      return `accepted, ${Math.ceil(Math.log2(input.length + 1))}`;
    },
  }));
}

function parts<M extends Message['type'], T>(
  type: M,
  part: (message: Extract<Message, { type: M }>) => T | null,
): T[] {
  return EXAMPLES.flatMap((message) => {
    const value = isOf(message, type) ? part(message) : null;
    return value === null ? [] : [value];
  });
}

function isOf<M extends Message['type']>(
  message: Message,
  type: M,
): message is Extract<Message, { type: M }> {
  return message.type === type;
}

function written<T>(write: (writer: Writer, value: T) => void): (value: T) => Uint8Array {
  return (value) => {
    const writer = new Writer();
    write(writer, value);
    return writer.finish();
  };
}

const statements = parts('statement', ({ statement }) => statement);

const message = target('message', () => ({
  examples: EXAMPLES.map(encodeMessage),
  run: (input) => {
    const decoded = decodeMessage(input);
    const { type } = kindOf(input);
    if (!decoded.ok) return `${type}: ${kindOfReason(decoded.reason)}`;
    if (decoded.value.type !== type) throw new Finding(`${type} read as ${decoded.value.type}`);
    if (!sameBytes(encodeMessage(decoded.value), input)) throw new Finding('another encoding');
    return `${type} accepted, ${Math.ceil(Math.log2(input.length))}`;
  },
}));

const header = target('datagram-header', () => {
  const tag = networkTag(NETWORK);
  const bytes = (length: number) => randomBytes(draw, length);
  const kinds = ['hello', 'challenge', 'welcome', 'data'] as const;
  return {
    examples: kinds.map((kind) =>
      Uint8Array.of(...writeHeader(tag, kind, bytes(32), new Uint8Array(24)), ...bytes(40)),
    ),
    run: (input) => {
      const read = readHeader(tag, input);
      if (read === null) return 'none';
      const again = writeHeader(tag, read.kind, Uint8Array.fromHex(read.sender), read.nonce);
      if (!sameBytes(again, input.subarray(0, again.length))) throw new Finding('another encoding');
      return read.kind;
    },
  };
});

const fragments = target('fragments', () => {
  const reassembly = new Reassembly();
  const remotes = Array.from({ length: 300 }, () => randomBytes(draw, 32).toHex());
  let turn = 0;
  return {
    examples: [1, 2, 3].flatMap((id) => cut(id, randomBytes(draw, 3000 * id))),
    run: (input) => {
      turn += 1;
      const added = reassembly.add(remotes[turn % remotes.length] ?? '', input);
      if (turn % 500 === 0) reassembly.tick();
      if (reassembly.bytes > MAX_PARTIAL_BYTES) throw new Finding(`${reassembly.bytes} bytes kept`);
      return added.kind;
    },
  };
});

const missing = target('missing-fragments', () => ({
  examples: [
    writeMissing([{ id: 7, mask: 3 }]),
    writeMissing([
      { id: 1, mask: 255 },
      { id: 2, mask: 1 },
    ]),
  ],
  run: (input) => {
    const read = readMissing(input);
    if (read === null) return 'none';
    if (!sameBytes(writeMissing(read), input)) throw new Finding('another encoding');
    return `${read.length}`;
  },
}));

const introduced = target('introduction', () => ({
  examples: [introduction(null), introduction(encodeRecord(identity.record))],
  run: (input) => {
    const read = introducedBy(identity.address, input);
    if (read === null) return 'none';
    if (!sameBytes(introduction(read.record), input)) throw new Finding('another encoding');
    return read.record === null ? 'client' : 'peer';
  },
}));

/** Texts: a throw is a finding, unless it is the operator's error that `allowed` names. */
function texts(
  name: string,
  examples: readonly unknown[],
  read: (text: string) => string,
  allowed: (error: unknown) => boolean = () => false,
): Target {
  return target(name, () => ({
    examples: examples.map((example) =>
      new TextEncoder().encode(typeof example === 'string' ? example : JSON.stringify(example)),
    ),
    run: (input) => {
      try {
        return read(Buffer.from(input).toString('utf8'));
      } catch (error) {
        if (!allowed(error)) throw error;
        return kindOfReason(String(error));
      }
    },
  }));
}

const ENDPOINT = { ip: '10.0.0.1', port: 4000 };
const LINK = {
  region: 'a',
  subnet: '10.0.0.0/24',
  cut: false,
  distribution: 'normal',
  delayMs: 1,
  jitterMs: 0,
  correlation: 0,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  rateBitsPerSecond: 0,
  burst: { enter: 0, leave: 1, lossBad: 1, lossGood: 0 },
};
const control = texts(
  'control-request',
  [
    { id: 1, method: 'stop' },
    { id: 2, method: 'genesis', members: [{ record: '00ff', endpoint: ENDPOINT }] },
    { id: 3, method: 'links', classes: [LINK] },
    { id: 4, method: 'probe', target: ENDPOINT, count: 1, intervalMs: 1, timeoutMs: 1 },
    { id: 5, method: 'clock', skewMs: -5, driftPpm: 7 },
    { id: 6, method: 'load', load: null },
    { id: 7, method: 'conspire', from: 'x', message: { a: [1, null] } },
  ],
  (text) => {
    const read = readLabMessage(text);
    return read.ok ? read.message.method : read.error;
  },
);

const peerMessage = texts(
  'control-message',
  [
    { type: 'minting', attempts: 3, expected: 16 },
    { type: 'reply', id: 4, result: { a: 1 } },
    { type: 'conspire', message: [1, 2] },
    {
      type: 'hello',
      name: 'p',
      pid: 1,
      version: '0',
      record: '00',
      address: '00',
      endpoint: ENDPOINT,
      founded: true,
    },
  ],
  (text) => parsePeerMessage(text)?.type ?? 'none',
);

const seat = texts(
  'seat',
  [
    {
      run: 'r',
      name: 'p',
      kind: 'peer',
      region: 'a',
      network: NETWORK,
      parameters: {},
      bind: ENDPOINT,
      stateDirectory: '/x',
      control: { url: 'ws://x', token: 't' },
      telemetry: { url: 'http://x', user: 'u', password: 'p' },
      probeKey: NETWORK,
    },
  ],
  (text) => readSeat(text).kind,
  (error) => error instanceof RuntimeError,
);

const telemetry = texts(
  'telemetry-request',
  [
    'INSERT INTO lab.votes FORMAT JSONEachRow\n{"run":"r"}\n',
    '?query=INSERT%20INTO%20lab.votes%20FORMAT%20JSONEachRow&user=p&password=x\n{"run":"r"}',
  ],
  (text) => {
    const [head = '', ...rest] = text.split('\n');
    const url = URL.parse(head.startsWith('?') ? head : '/', 'http://lab');
    if (url === null) return 'no url';
    const body = new TextEncoder().encode(head.startsWith('?') ? rest.join('\n') : text);
    const encoding = text.length % 5 === 0 ? 'gzip' : undefined;
    const headers = { authorization: `Basic ${rest[0] ?? ''}`, 'content-encoding': encoding };
    const credentials = readCredentials(text.length % 2 === 0 ? headers : {}, url);
    const insert = readInsert(url, headers, body);
    return `${credentials === null} ${insert.ok ? insert.table : insert.name}`;
  },
);

const savedIdentity = target('saved-identity', () => ({
  examples: [saveIdentity(identity)],
  run: (input) => {
    try {
      const loaded = loadIdentity(input);
      if (!sameBytes(saveIdentity(loaded), input)) throw new Finding('another encoding');
      return 'loaded';
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('the saved identity')) throw error;
      return kindOfReason(error.message);
    }
  },
}));

export const PARSERS: readonly Target[] = [
  message,
  header,
  fragments,
  missing,
  introduced,
  parser('record', { read: readRecord, write: encodeRecord }, [identity.record]),
  parser(
    'certificate',
    { read: readCertificate, write: written(writeCertificate) },
    statements.map(({ certificate }) => certificate),
  ),
  parser(
    'transaction',
    { read: readTransaction, write: written(writeTransaction) },
    parts('submit', ({ transaction }) => transaction),
  ),
  parser(
    'block',
    { read: readBlock, write: written(writeBlock) },
    parts('block', ({ block }) => block),
  ),
  parser('statement', { read: readStatement, write: written(writeStatement) }, statements),
  parser(
    'evidence',
    { read: readPackage, write: encodePackage },
    parts('evidence', ({ evidence }) => evidence),
  ),
  savedIdentity,
  control,
  peerMessage,
  seat,
  telemetry,
];
