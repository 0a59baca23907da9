import { expect, test } from 'vitest';
import { BoxKey, NONCE_BYTES } from '../crypto/box.ts';
import { type Header, Parcel, readHeader } from './datagram.ts';

const key = (byte: number): BoxKey => new BoxKey(new Uint8Array(32).fill(byte));
const tag = new Uint8Array(8).fill(7);
const header: Header = {
  kind: 'data',
  sender: 'ab'.repeat(32),
  nonce: new Uint8Array(NONCE_BYTES),
  epoch: 1,
  counter: 2,
};
const parcel = new Parcel(120, tag, header, key(1), 'content');

test('a parcel is as long as what it stands for, and opens for its key and network alone', () => {
  expect(parcel.length).toBe(120);
  expect(parcel.openWith(key(1))).toBe('content');
  expect(parcel.openWith(key(2))).toBeNull();
  expect(readHeader(tag, parcel)).toBe(header);
  expect(readHeader(new Uint8Array(8), parcel)).toBeNull();
});

test('copies and parts of a parcel say nothing', () => {
  for (const bytes of [parcel.slice(), parcel.subarray(0, 110), new Uint8Array(parcel)]) {
    expect(bytes).not.toBeInstanceOf(Parcel);
    expect(readHeader(tag, bytes)).toBeNull();
  }
});
