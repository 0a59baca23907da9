/**
 * A Linux kernel with netem for the links' proof on machines whose own kernel has none: Debian's cloud
 * kernel, taken out of its package by `lab doctor --fix`. Nothing is installed and no boot loader is touched.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';

export interface VmKernel {
  /** The bootable image. */
  readonly kernel: string;
  /** Folder that holds `kernel/net/sched/sch_netem.ko` and the rest. */
  readonly modules: string;
}

/** The kernel that the doctor put there, or null. */
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
