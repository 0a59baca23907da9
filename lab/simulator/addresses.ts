/** Where the members of a simulated network are: one subnet of 10.0.0.0/8 per region. */
import type { AddressPlan } from '../drivers/driver.ts';

const BASE = 10 * 2 ** 24;
const NETWORK_BITS = 8;
/** Every member has an address of its own. */
const PORT = 7200;

function text(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/** Equal subnets as large as the regions leave room for: a million members and more in each of 16. */
export function simulatedAddresses(
  regions: readonly string[],
): Pick<AddressPlan, 'subnets' | 'endpoint'> {
  const regionBits = Math.ceil(Math.log2(Math.max(1, regions.length)));
  const size = 2 ** (32 - NETWORK_BITS - regionBits);
  const baseOf = (region: number): number => BASE + region * size;
  return {
    subnets: Object.fromEntries(
      regions.map((region, at) => [region, `${text(baseOf(at))}/${NETWORK_BITS + regionBits}`]),
    ),
    endpoint: (region, index) => {
      const at = regions.indexOf(region);
      if (at < 0) throw new RangeError(`no region ${region}`);
      if (index + 1 >= size) throw new RangeError(`no room for member ${index} of ${region}`);
      return { ip: text(baseOf(at) + index + 1), port: PORT };
    },
  };
}
