/** IPv4 addresses as numbers: what tables and trace records of the simulator hold. */
import type { Endpoint } from '../../node/host.ts';

const ZERO = 48;
const DOT = 46;

/** The address as an unsigned 32-bit number, or null for what is not four decimal numbers. */
export function addressNumber(ip: string): number | null {
  let address = 0;
  let part = -1;
  let parts = 0;
  for (let at = 0; at <= ip.length; at += 1) {
    const code = at === ip.length ? DOT : ip.charCodeAt(at);
    if (code === DOT) {
      if (part < 0 || part > 255) return null;
      address = address * 256 + part;
      part = -1;
      parts += 1;
    } else {
      if (code < ZERO || code > ZERO + 9 || part === 0) return null;
      part = (part < 0 ? 0 : part * 10) + code - ZERO;
      if (part > 255) return null;
    }
  }
  return parts === 4 ? address : null;
}

/** Address and port in one number below 2^48, or null when the address is none. */
export function endpointNumber(endpoint: Endpoint): number | null {
  const address = addressNumber(endpoint.ip);
  return address === null ? null : endpointKey(address, endpoint.port);
}

/** The same, of an address that is a number already. */
export function endpointKey(address: number, port: number): number {
  return address * 65_536 + port;
}

/** The inverse of `endpointNumber`. */
export function endpointOf(number: number): Endpoint {
  const address = Math.floor(number / 65_536);
  const parts = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255);
  return { ip: parts.join('.'), port: number % 65_536 };
}

/** A subnet as number and mask. RangeError for what is no CIDR. */
export function subnetNumber(subnet: string): {
  readonly base: number;
  readonly mask: number;
  readonly bits: number;
} {
  const [ip = '', length = '32'] = subnet.split('/');
  const bits = Number(length);
  const address = addressNumber(ip);
  if (address === null || !/^\d{1,2}$/.test(length) || bits > 32) {
    throw new RangeError(`no CIDR: ${subnet}`);
  }
  const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
  return { base: (address & mask) >>> 0, mask, bits };
}
