import fc from 'fast-check';
import { isIPv4 } from 'node:net';
import { expect, test } from 'vitest';
import { addressNumber, endpointNumber, endpointOf, subnetNumber } from './address.ts';

test('every IPv4 endpoint is a number and back', () => {
  const endpoint = fc.record({ ip: fc.ipV4(), port: fc.nat(65_535) });
  fc.assert(
    fc.property(endpoint, (one) => {
      const number = endpointNumber(one);
      expect(number === null ? null : endpointOf(number)).toEqual(one);
    }),
  );
});

test('what the platform does not take for an IPv4 address is none here', () => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom('0', '1', '2', '5', '9', '.', ' ', '-'), maxLength: 12 }),
    fc.ipV4(),
  );
  fc.assert(
    fc.property(text, (ip) => {
      expect(addressNumber(ip) !== null).toBe(isIPv4(ip));
    }),
    { numRuns: 2000 },
  );
  for (const ip of ['01.2.3.4', '1.2.3.00', '1.2.3.256', '1.2.3.4.', '1.2..4', '']) {
    expect([ip, addressNumber(ip) !== null]).toEqual([ip, isIPv4(ip)]);
  }
});

test('a subnet is its first address and a mask', () => {
  expect(subnetNumber('10.1.2.3/16')).toEqual({ base: 0x0a010000, mask: 0xffff0000, bits: 16 });
  expect(subnetNumber('255.0.0.0/8')).toEqual({ base: 0xff000000, mask: 0xff000000, bits: 8 });
  expect(subnetNumber('1.2.3.4/0')).toEqual({ base: 0, mask: 0, bits: 0 });
  for (const bad of ['10.0.0.0/33', '10.0.0/8', 'x', '10.0.0.0/', '10.0.0.0/-1']) {
    expect(() => subnetNumber(bad)).toThrow(RangeError);
  }
});
