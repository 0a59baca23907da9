/**
 * Runs measure.sh with given programs on a kernel that has netem: in namespaces of this machine where
 * its own kernel does, else on Debian's cloud kernel in QEMU. The root file system and the entry point
 * are the helper's own.
 */
import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { writeRoot, type RootFile } from '../../lab/image/files.ts';
import { helperFiles, helperMissing } from '../../lab/links/helper/files.ts';
import { findVmKernel } from '../../lab/links/vm/kernel.ts';

const run = promisify(execFile);
/** A boot takes about 4 s under software emulation, the pings a few more. */
const TIMEOUT_MS = 120_000;
const MODULES = ['veth', 'bridge', 'sch_htb', 'sch_netem', 'cls_u32'];
const LAB_HOME = path.resolve(process.env['LAB_HOME'] ?? '.lab');

/** Null when the proof can run here, else what is missing. */
export async function proofMissing(): Promise<string | null> {
  const helper = helperMissing();
  if (helper !== null) return helper;
  if (await ownKernelHasNetem()) return null;
  const missing = [
    ...(qemu() === null ? ['qemu-system-x86 (apt-get install qemu-system-x86)'] : []),
    ...((await findVmKernel(LAB_HOME)) === null ? ['cloud kernel (lab doctor --fix)'] : []),
  ];
  return missing.length === 0
    ? null
    : `this kernel has no netem, and there is no ${missing.join(', no ')}`;
}

/** The output of measure.sh for these files (plan and sections). */
export async function runProof(files: readonly RootFile[]): Promise<string> {
  const work = await mkdtemp(path.join(tmpdir(), 'lab-links-'));
  try {
    const script = (name: string): RootFile => ({
      path: `/${name}`,
      source: { text: readFileSync(path.join(import.meta.dirname, name), 'utf8') },
      mode: 0o755,
    });
    const root = path.join(work, 'root');
    await writeRoot(root, [
      ...(await helperFiles()),
      script('measure.sh'),
      script('init.sh'),
      ...files,
    ]);
    return (await ownKernelHasNetem()) ? await inNamespace(root) : await inMachine(work, root);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function ownKernelHasNetem(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const probe = 'tc qdisc add dev lo root netem delay 1ms';
  return run('unshare', ['--net', 'sh', '-c', probe]).then(
    () => true,
    () => false,
  );
}

/** A network and mount namespace of its own: all of it is gone when the script ends. */
async function inNamespace(root: string): Promise<string> {
  await Promise.all(['proc', 'run', 'dev'].map((name) => mkdir(path.join(root, name))));
  const script =
    `mount -t proc proc ${root}/proc; mount -t tmpfs tmpfs ${root}/run; mount --bind /dev ${root}/dev;` +
    ` exec chroot ${root} /bin/sh /measure.sh`;
  const { stdout } = await run('unshare', ['--net', '--mount', 'sh', '-c', script], {
    timeout: TIMEOUT_MS,
  });
  return stdout;
}

async function inMachine(work: string, root: string): Promise<string> {
  const vm = await findVmKernel(LAB_HOME);
  const emulator = qemu();
  if (vm === null || emulator === null) throw new Error((await proofMissing()) ?? 'no machine');
  const modules = await modulesInOrder(vm.modules, MODULES);
  await mkdir(path.join(root, 'modules.d'), { recursive: true });
  const names: string[] = [];
  for (const file of modules) {
    const name = path.basename(file).replace(/\.xz$/, '');
    await writeFile(path.join(root, 'modules.d', name), await moduleBytes(file));
    names.push(`/modules.d/${name}`);
  }
  await writeFile(path.join(root, 'modules'), `${names.join('\n')}\n`);
  await run('sh', ['-c', 'cp init.sh init && find . | busybox cpio -o -H newc > ../initrd'], {
    cwd: root,
  });
  const { stdout } = await run(
    emulator,
    [
      '-accel',
      'tcg',
      '-m',
      '512',
      '-smp',
      '1',
      '-nographic',
      '-no-reboot',
      '-nodefaults',
      '-serial',
      'stdio',
      '-kernel',
      vm.kernel,
      '-initrd',
      path.join(work, 'initrd'),
      '-append',
      'console=ttyS0 quiet panic=-1 rdinit=/init mitigations=off',
    ],
    { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: 8_000_000 },
  );
  return stdout.replaceAll('\r', '');
}

/** Paths of the modules, what one depends on before it. A module says itself what it needs. */
async function modulesInOrder(folder: string, wanted: readonly string[]): Promise<string[]> {
  const files = new Map(
    globSync('kernel/**/*.ko*', { cwd: folder }).map((file) => [
      path
        .basename(file)
        .replace(/\.ko.*$/, '')
        .replaceAll('-', '_'),
      path.join(folder, file),
    ]),
  );
  const order = new Set<string>();
  const visit = async (name: string): Promise<void> => {
    const file = files.get(name.replaceAll('-', '_'));
    // Built into the kernel.
    if (file === undefined || order.has(file)) return;
    const bytes = await moduleBytes(file);
    const needs = /\0depends=([^\0]*)\0/.exec(bytes.toString('latin1'))?.[1] ?? '';
    for (const need of needs.split(',').filter((one) => one !== '')) await visit(need);
    order.add(file);
  };
  for (const name of wanted) await visit(name);
  return [...order];
}

async function moduleBytes(file: string): Promise<Buffer> {
  if (!file.endsWith('.xz')) return readFile(file);
  const { stdout } = await run('xz', ['-dc', file], { encoding: 'buffer', maxBuffer: 64_000_000 });
  return stdout;
}

function qemu(): string | null {
  const name = 'qemu-system-x86_64';
  const folders = (process.env['PATH'] ?? '').split(':');
  const folder = folders.find((one) => existsSync(path.join(one, name)));
  return folder === undefined ? null : path.join(folder, name);
}
