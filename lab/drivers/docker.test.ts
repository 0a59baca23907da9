import { expect, test } from 'vitest';
import { chooseDriver } from './choose.ts';
import { refuseDuplicates } from './docker.ts';
import { fromRollup } from './docker-memory.ts';
import { addressPlan } from './docker-networks.ts';

test('auto takes the engine when it is usable, and says why when it is not', async () => {
  const answer = (ok: boolean) => async () => ({ ok, reason: 'because', netem: false });
  expect((await chooseDriver('auto', answer(true))).driver).toBe('docker');
  const chosen = await chooseDriver('auto', answer(false));
  expect(chosen.driver).toBe('process');
  expect(chosen.reason).toContain('because');
  expect((await chooseDriver('docker', answer(false))).driver).toBe('docker');
});

test('every member’s address lies in its own region’s subnet and is nobody else’s', () => {
  const regions = Array.from({ length: 31 }, (_, index) => `r${index}`);
  const plan = addressPlan(regions, 64);
  const seen = new Set<string>();
  for (const region of regions) {
    const subnet = plan.subnets[region] ?? '';
    for (const index of [0, 1, 254, 255, 256, 1_021]) {
      const { ip } = plan.endpoint(region, index);
      expect(seen.has(ip)).toBe(false);
      seen.add(ip);
      const number = (text: string) =>
        text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
      const base = number(subnet.split('/')[0] ?? '');
      const offset = number(ip) - base;
      expect(offset).toBeGreaterThan(0);
      expect(offset).toBeLessThan(1_023);
    }
  }
  expect(() => plan.endpoint('r0', 1_022)).toThrow('at most');
});

test('private memory is what no other process shares', () => {
  const text = 'Rss:  55000 kB\nPss: 20000 kB\nPrivate_Clean: 1000 kB\nPrivate_Dirty: 12000 kB\n';
  expect(fromRollup(text)).toEqual({ totalBytes: 55_000 * 1024, privateBytes: 13_000 * 1024 });
});

test('duplication on a living network is refused in words where the kernel shapes', () => {
  const link = { region: 'a', subnet: '10.64.4.0/22', delayMs: 1, jitterMs: 0, loss: 0 } as const;
  const rest = {
    distribution: 'normal',
    correlation: 0,
    reorder: 0,
    rateBitsPerSecond: 0,
  } as const;
  const classes = (duplicate: number) =>
    new Map([['peer', [{ ...link, ...rest, duplicate, cut: false }]]]);
  expect(() => refuseDuplicates(classes(0))).not.toThrow();
  expect(() => refuseDuplicates(classes(0.01))).toThrow('cannot duplicate');
});
