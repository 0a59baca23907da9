/**
 * A Linux kernel with netem for the links' proof on machines whose own kernel has none: Debian's cloud
 * kernel, taken out of its package. Nothing is installed and no boot loader is touched.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { EXIT, LabError } from '../../errors.ts';

const run = promisify(execFile);
/** Package that depends on the newest cloud kernel of the machine's release. */
const PACKAGE = 'linux-image-cloud-amd64';

export interface VmKernel {
  /** The bootable image. */
  readonly kernel: string;
  /** Folder that holds `kernel/net/sched/sch_netem.ko` and the rest. */
  readonly modules: string;
}

/** The kernel that an earlier call put there, or null. */
export async function findVmKernel(labHome: string): Promise<VmKernel | null> {
  const root = path.join(labHome, 'vm', 'kernel');
  try {
    const image = (await readdir(path.join(root, 'boot'))).find((name) =>
      name.startsWith('vmlinuz-'),
    );
    if (image === undefined) return null;
    const version = image.slice('vmlinuz-'.length);
    const modules = path.join(root, 'lib', 'modules', version);
    await readdir(path.join(modules, 'kernel', 'net', 'sched'));
    return { kernel: path.join(root, 'boot', image), modules };
  } catch {
    return null;
  }
}

/** Downloads and unpacks the kernel unless it is there (needs apt and dpkg, 27 MB). LabError if not. */
export async function ensureVmKernel(labHome: string): Promise<VmKernel> {
  const found = await findVmKernel(labHome);
  if (found !== null) return found;
  const folder = path.join(labHome, 'vm');
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(path.join(folder, 'download-'));
  try {
    const name = await newestKernel();
    await run('apt-get', ['download', name], { cwd: work });
    const deb = (await readdir(work)).find((file) => file.endsWith('.deb'));
    if (deb === undefined) throw new Error(`apt-get downloaded no ${name}`);
    await run('dpkg-deb', ['-x', path.join(work, deb), path.join(work, 'root')]);
    await rm(path.join(folder, 'kernel'), { recursive: true, force: true });
    await rename(path.join(work, 'root'), path.join(folder, 'kernel'));
  } catch (cause) {
    throw new LabError('the kernel for the netem test could not be fetched', {
      exitCode: EXIT.machineCannot,
      remedy: `apt-get update, then try: apt-get download ${PACKAGE}`,
      cause,
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const kernel = await findVmKernel(labHome);
  if (kernel !== null) return kernel;
  throw new LabError('the kernel package has no kernel where it is expected', {
    exitCode: EXIT.machineCannot,
  });
}

async function newestKernel(): Promise<string> {
  const { stdout } = await run('apt-cache', ['depends', PACKAGE]);
  const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
  if (name === undefined) throw new Error(`${PACKAGE} depends on no kernel`);
  return name;
}
