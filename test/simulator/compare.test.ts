/** A run held against the trace of another stops at the first event that differs, and shows it. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseTestnet } from '../../lab/manifest/load.ts';
import { compare, type Comparison } from '../../lab/simulator/compare.ts';
import { play } from '../../lab/simulator/play.ts';
import { Recorder } from '../../lab/simulator/recorder.ts';
import { RECORD_BYTES, Trace } from '../../lab/simulator/trace.ts';
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
    /: (data|hello|welcome|challenge), number \d+ of its sender$/,
  );
});

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
