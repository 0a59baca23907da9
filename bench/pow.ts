/**
 * Argon2id evaluations per second at the papers' work (64 MiB, 10 passes) on one core, through the
 * function by which peers mint and check, against the native libraries of this machine in the same
 * run, and what follows for each row of the papers' difficulty table: time and price of an identity.
 */
import { spawnSync } from 'node:child_process';
import { argon2id } from '../node/crypto/argon2.ts';
import { DEFAULT_PARAMETERS, PAPER_POW } from '../node/parameters.ts';
import { requiredBits } from '../node/identity/difficulty.ts';
import { USD_PER_CORE_HOUR } from '../lab/analysis/cost.ts';
import type { Benchmark } from './run.ts';

/** Rounds of which each measures everybody once, so that a busy moment hits all alike. */
const ROUNDS = 5;
const EVALUATIONS = 3;
/** Whitepaper 5.2. */
const PAPER_ROWS = [
  { members: 1000, paperHours: 23 },
  { members: 10_000, paperHours: 46 },
  { members: 100_000, paperHours: 93 },
  { members: 1_000_000, paperHours: 186 },
] as const;

const INPUT = {
  password: new Uint8Array(64).fill(1),
  salt: new Uint8Array(16).fill(2),
  memoryKiB: PAPER_POW.memoryKiB,
  passes: PAPER_POW.passes,
  parallelism: 1,
  length: 32,
};

/** What the name of a shared library is to the loader, and the function in it. */
const LIBRARIES: readonly { readonly name: string; readonly file: string }[] = [
  { name: 'libargon2 of the system', file: 'libargon2.so.1' },
  { name: 'libsodium of the system', file: 'libsodium.so.23' },
  // For a build of one's own, such as the reference code for exactly this processor.
  ...(process.env['BENCH_ARGON2'] === undefined
    ? []
    : [{ name: 'BENCH_ARGON2', file: process.env['BENCH_ARGON2'] }]),
];

/** Python's ctypes is on nearly every machine; the core's time is taken around the call alone. */
const CALLER = `
import ctypes, sys, time
name, memory, passes, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
library = ctypes.CDLL(name)
password, salt, out = bytes([1]) * 64, bytes([2]) * 16, ctypes.create_string_buffer(32)
size = ctypes.c_size_t
def once():
    if hasattr(library, 'argon2id_hash_raw'):
        return library.argon2id_hash_raw(passes, memory, 1, password, size(64), salt, size(16), out, size(32))
    long = ctypes.c_ulonglong
    return library.crypto_pwhash(out, long(32), password, long(64), salt, long(passes), size(memory * 1024), 2)
for _ in range(count):
    started = time.process_time()
    if once() != 0: sys.exit(1)
    print(time.process_time() - started, out.raw.hex())
`;

/** Seconds of each evaluation, or null where the library or python3 is not to be had. */
function nativeSeconds(file: string, expected: string): number[] | null {
  const { memoryKiB, passes } = INPUT;
  const args = ['-c', CALLER, file, ...[memoryKiB, passes, EVALUATIONS].map(String)];
  const { status, stdout } = spawnSync('python3', args, { encoding: 'utf8' });
  if (status !== 0) return null;
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [seconds = '', output = ''] = line.split(' ');
      if (output !== expected) throw new Error(`${file} computed ${output}, we ${expected}`);
      return Number(seconds);
    });
}

function ownSeconds(): number[] {
  return Array.from({ length: EVALUATIONS }, () => {
    const started = process.cpuUsage();
    argon2id(INPUT);
    const { user, system } = process.cpuUsage(started);
    return (user + system) / 1e6;
  });
}

export const benchmark: Benchmark = {
  name: 'pow',
  description: `Argon2id at ${PAPER_POW.memoryKiB} KiB, ${PAPER_POW.passes} passes, one core, against native libraries`,
  run() {
    const expected = argon2id(INPUT).toHex();
    const own: number[] = [];
    const native = new Map<string, number[]>();
    for (let round = 0; round < ROUNDS; round += 1) {
      own.push(...ownSeconds());
      for (const { name, file } of LIBRARIES) {
        const seconds = nativeSeconds(file, expected);
        if (seconds !== null) native.set(name, [...(native.get(name) ?? []), ...seconds]);
      }
    }
    // The fastest of all: others' use of caches and memory can only lengthen one.
    const secondsEach = Math.min(...own);
    const fastest = [...native]
      .map(([name, seconds]) => ({ name, secondsEach: Math.min(...seconds) }))
      .sort((a, b) => a.secondsEach - b.secondsEach);
    const yardstick = fastest[0];
    return Promise.resolve({
      unit: 'evaluations/s of one core',
      evaluations: own.length,
      peerPerSecond: round3(1 / secondsEach),
      medianPerSecond: round3(1 / (own.sort((a, b) => a - b)[own.length >> 1] ?? Number.NaN)),
      native: fastest.map(({ name, secondsEach: each }) => ({ name, perSecond: round3(1 / each) })),
      yardstick: yardstick?.name ?? null,
      ratio: yardstick === undefined ? null : round3(yardstick.secondsEach / secondsEach),
      usdPerCoreHour: USD_PER_CORE_HOUR,
      difficulty: PAPER_ROWS.map((row) => priced(row, secondsEach)),
    });
  },
};

function priced(row: (typeof PAPER_ROWS)[number], secondsEach: number) {
  const parameters = { ...DEFAULT_PARAMETERS, pow: PAPER_POW, difficulty: 'adaptive' } as const;
  const bits = requiredBits(parameters, row.members);
  const coreHours = (2 ** bits * secondsEach) / 3600;
  return {
    ...row,
    bits,
    coreHours: round3(coreHours),
    usd: round3(coreHours * USD_PER_CORE_HOUR),
  };
}

function round3(value: number): number {
  return Number(value.toPrecision(3));
}
