/** A run held against the trace of another stops at the first event that differs, and shows it. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { useCryptography } from '../../node/crypto/cryptography.ts';
import type { Endpoint } from '../../node/host.ts';
import { TYPES } from '../../node/wire/messages.ts';
import { parseTestnet } from '../../lab/manifest/load.ts';
import { compare, type Comparison } from '../../lab/simulator/compare.ts';
import { play } from '../../lab/simulator/play.ts';
import { Recorder } from '../../lab/simulator/recorder.ts';
import { RECORD_BYTES, readRecord, Trace, type TraceEvent } from '../../lab/simulator/trace.ts';
import { TraceReader, TraceWriter } from '../../lab/simulator/trace-file.ts';
import { SMALL } from './playing.ts';

const directory = mkdtempSync(path.join(os.tmpdir(), 'trace-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const SHORT = SMALL.replace('durationMs: 3000', 'durationMs: 1000');
const testnet = parseTestnet(SHORT, 'short.yaml');
const nothing = async (): Promise<void> => undefined;

async function recorded(limit?: number): Promise<{ hash: string; events: number }> {
  const writer = new TraceWriter(directory, limit);
  const ended = await play(testnet, {
    run: 'first',
    recorder: new Recorder(null, 'first'),
    trace: new Trace({ record: (records) => writer.write(records) }),
    announce: () => undefined,
    opened: () => undefined,
    look: nothing,
  });
  writer.close();
  return { hash: ended.traceHash, events: ended.events };
}

async function compared(text: string, next?: TraceReader['next'], limit?: number) {
  const reader = TraceReader.open(directory, limit);
  if (reader === null) throw new Error('no trace was recorded');
  const earlier = { next: next === undefined ? () => reader.next() : () => next.call(reader) };
  try {
    return await compare(parseTestnet(text, 'again.yaml'), {
      run: 'again',
      earlier,
      cryptography: 'real',
      announce: () => undefined,
      look: nothing,
    });
  } finally {
    reader.close();
  }
}

/** The run, with names for its endpoints. */
async function playedWith(
  cryptography: 'real' | 'ideal',
  record: (records: Uint8Array) => void,
): Promise<{ nameOf(endpoint: Endpoint): string | undefined }> {
  const names = new Map<string, string>();
  useCryptography(cryptography);
  try {
    await play(testnet, {
      run: 'first',
      recorder: new Recorder(null, 'first'),
      trace: new Trace({ record }),
      announce: () => undefined,
      opened: ({ endpoints }) => {
        for (const [name, { ip, port }] of endpoints) names.set(`${ip}:${port}`, name);
      },
      look: nothing,
    });
  } finally {
    useCryptography('real');
  }
  return { nameOf: ({ ip, port }) => names.get(`${ip}:${port}`) };
}

function eventsIn(records: Uint8Array): TraceEvent[] {
  return Array.from({ length: records.length / RECORD_BYTES }, (_, index) =>
    readRecord(records.subarray(index * RECORD_BYTES, (index + 1) * RECORD_BYTES)),
  );
}

const first = await recorded();

test('the same run again is the same to its last event', async () => {
  const found: Comparison = await compared(SHORT);
  expect(found).toEqual({ events: first.events, traceHash: first.hash, divergence: null });
  expect(statSync(path.join(directory, 'trace.bin')).size).toBe(first.events * RECORD_BYTES);
});

test('another event is shown by member, time and kind, after those that were the same', async () => {
  // One bit of the content of a datagram late in the run.
  const wrongAt = Math.floor(first.events * 0.9);
  let read = 0;
  const found = await compared(SHORT, function (this: TraceReader) {
    const record = this.next();
    read += 1;
    if (record instanceof Uint8Array && read > wrongAt && record[14] === 1) {
      record[RECORD_BYTES - 1] = (record[RECORD_BYTES - 1] ?? 0) ^ 1;
    }
    return record;
  });
  expect(found.events).toBeGreaterThanOrEqual(wrongAt);
  expect(found.traceHash).toBeNull();
  expect(found.divergence?.before).toHaveLength(5);
  const event =
    /^\d+\.\d{6} s {2}(honest|client)-\d\d {2}datagram from (honest|client)-\d\d, \d+ bytes/;
  expect(found.divergence?.was).toMatch(event);
  expect(found.divergence?.is).toMatch(event);
  expect(found.divergence?.is).toMatch(
    /: (data( \([a-z, -]+\))?|hello|welcome|challenge), number \d+ of its sender$/,
  );
});

test.each(['real', 'ideal'] as const)(
  'what a peer was told is read with its key: message types of a datagram (%s cryptography)',
  async (cryptography) => {
    const [peer, from] = ['honest-02', 'honest-05'];
    const kept: Uint8Array[] = [];
    const earlier = await playedWith(cryptography, (records) => void kept.push(records.slice()));
    const records = Buffer.concat(kept);
    // The trace knows how many bytes a datagram had: enough for a message, and not a handshake's.
    const at = eventsIn(records).findIndex(
      ({ kind, member, from: sender, lengthBytes }) =>
        kind === 'datagram' &&
        lengthBytes > 300 &&
        lengthBytes !== 512 &&
        earlier.nameOf(member) === peer &&
        sender !== null &&
        earlier.nameOf(sender) === from,
    );
    expect(at).toBeGreaterThan(0);
    let read = 0;
    const found = await compare(testnet, {
      run: 'again',
      earlier: {
        next: () => {
          const record = records.subarray(read * RECORD_BYTES, (read + 1) * RECORD_BYTES);
          if (read === at) record[RECORD_BYTES - 1] = (record[RECORD_BYTES - 1] ?? 0) ^ 1;
          read += 1;
          return record;
        },
      },
      cryptography,
      announce: () => undefined,
      look: nothing,
    });
    expect(found.events).toBe(at);
    const types = /: data \(([a-z-]+)(, [a-z-]+)*\), number \d+ of its sender$/.exec(
      found.divergence?.is ?? '',
    );
    expect(TYPES).toContain(types?.[1]);
  },
);

test('a run that goes on longer, or ends sooner, parts where one of them ends', async () => {
  const longer = await compared(SHORT.replace('durationMs: 1000', 'durationMs: 1900'));
  expect(longer.divergence).not.toBeNull();
  let read = 0;
  const more = await compared(SHORT, function (this: TraceReader) {
    read += 1;
    return read > first.events - 10 ? null : this.next();
  });
  expect(more.events).toBe(first.events - 10);
  expect(more.divergence?.was).toBeNull();
  expect(more.divergence?.is).not.toBeNull();
});

test('past what the trace file holds nothing is held against anything', async () => {
  const limit = Math.floor(first.events / 2);
  await recorded(limit);
  expect(statSync(path.join(directory, 'trace.bin')).size).toBe(limit * RECORD_BYTES);
  expect(await compared(SHORT, undefined, limit)).toEqual({
    events: first.events,
    traceHash: first.hash,
    divergence: null,
  });
});
