/**
 * What transactions cost in networks of very different size, of whose members all sleep but those that
 * something reaches; ideal cryptography, one thread. Each size is a process of its own. The yardstick
 * is the smaller network: what grows with the network is no protocol cost. `PLOT=docs/scale.svg` in the
 * environment draws the figures.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { plot } from './scale/plot.ts';
import type { Benchmark } from './run.ts';

/** `SIZES=2000,100000` and `TRANSACTIONS=100` in the environment say otherwise. */
const SIZES = (process.env['SIZES'] ?? '1000,10000,100000,1000000').split(',').map(Number);
const TRANSACTIONS = Number(process.env['TRANSACTIONS'] ?? 1000);
/**
 * MiB. A million addresses must do with less than 8 GiB in all; with nurseries of 64 MiB instead of 16
 * the collector copies less of what a burst of messages leaves behind: a sixth of the time.
 */
const HEAP_FLAGS = ['--max-old-space-size=7168', '--max-semi-space-size=64'];

const figuresSchema = z.looseObject({
  members: z.number(),
  perTransaction: z.looseObject({ cpuMs: z.number(), datagrams: z.number() }),
  perMember: z.looseObject({ cpuMs: z.number(), kib: z.number() }),
});

export type ScaleFigures = z.infer<typeof figuresSchema>;

export const benchmark: Benchmark = {
  name: 'scale',
  description: `${TRANSACTIONS} transactions among ${SIZES.join(', ')} members`,
  async run() {
    const figures: ScaleFigures[] = [];
    for (const members of SIZES) figures.push(await measured(members));
    const slopes = {
      cpuPerTransaction: slope(figures, ({ perTransaction }) => perTransaction.cpuMs),
      datagramsPerTransaction: slope(figures, ({ perTransaction }) => perTransaction.datagrams),
      cpuPerMember: slope(figures, ({ perMember }) => perMember.cpuMs),
      memoryPerMember: slope(figures, ({ perMember }) => perMember.kib),
    };
    const file = process.env['PLOT'];
    if (file !== undefined) writeFileSync(file, plot(figures, TRANSACTIONS));
    return { figures, slopes };
  },
};

async function measured(members: number): Promise<ScaleFigures> {
  const script = path.join(import.meta.dirname, 'scale', 'measure.ts');
  const flags = [...HEAP_FLAGS, '--expose-gc'];
  const args = [...flags, script, String(members), String(TRANSACTIONS)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return figuresSchema.parse(JSON.parse(stdout));
}

/** Exponent of growth with the number of members, by least squares: 0 is flat, 1 is proportional. */
function slope(figures: readonly ScaleFigures[], of: (figures: ScaleFigures) => number): number {
  const points = figures.map((each) => ({ x: Math.log(each.members), y: Math.log(of(each)) }));
  const mean = (get: (point: { x: number; y: number }) => number): number =>
    points.reduce((sum, point) => sum + get(point), 0) / points.length;
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)];
  const covariance = mean((point) => (point.x - x) * (point.y - y));
  return Math.round((1000 * covariance) / mean((point) => (point.x - x) ** 2)) / 1000;
}
