/** Endpoints on the wire: four bytes of IPv4 ‖ port u16. */
import type { Reader } from '../codec/reader.ts';
import type { Writer } from '../codec/writer.ts';
import type { Endpoint } from '../host.ts';

export const ENDPOINT_BYTES = 6;

/** Hosts hand over IPv4 endpoints only: another form is a bug and throws. */
export function writeEndpoint(writer: Writer, { ip, port }: Endpoint): void {
  const bytes = ip.split('.').map(Number);
  if (bytes.length !== 4) throw new RangeError(`not an IPv4 address: ${ip}`);
  for (const byte of bytes) writer.u8(byte);
  writer.u16(port);
}

export function readEndpoint(reader: Reader): Endpoint {
  return { ip: reader.raw(4).join('.'), port: reader.u16() };
}

export function isSameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.ip === b.ip && a.port === b.port;
}
