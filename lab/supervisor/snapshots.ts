/**
 * Copies of members' state directories, for the fault that restores an old one. Taken while the
 * member stands still, so the copy is what a crash at that moment would have left.
 */
import { existsSync } from 'node:fs';
import { chown, copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { RUN_FILES } from './api.ts';

/** Where a member's state is, with every driver. */
function stateOf(runDirectory: string, member: string): string {
  return path.join(runDirectory, RUN_FILES.members, member, 'state');
}

function snapshotOf(runDirectory: string, member: string, id: string): string {
  return path.join(runDirectory, RUN_FILES.members, member, `snapshot-${id}`);
}

/** Copies the state as it is; an earlier copy of the same id stays as it was. */
export async function takeSnapshot(
  runDirectory: string,
  member: string,
  id: string,
): Promise<void> {
  const target = snapshotOf(runDirectory, member, id);
  if (existsSync(target)) return;
  // Whole or not at all, also when the supervisor dies meanwhile.
  const unfinished = `${target}.part`;
  await rm(unfinished, { recursive: true, force: true });
  await copyDirectory(stateOf(runDirectory, member), unfinished);
  await rename(unfinished, target);
}

/** Puts the copy in the place of the state of a member that does not run; the copy is used up. */
export async function restoreSnapshot(
  runDirectory: string,
  member: string,
  id: string,
): Promise<void> {
  const copy = snapshotOf(runDirectory, member, id);
  if (!existsSync(copy)) return;
  const state = stateOf(runDirectory, member);
  await rm(state, { recursive: true, force: true });
  await rename(copy, state);
}

/** With its files' owners: a member in a container is another user. State directories are flat. */
async function copyDirectory(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const name of await readdir(from)) {
    await copyFile(path.join(from, name), path.join(to, name));
    await keepOwner(path.join(from, name), path.join(to, name));
  }
  await keepOwner(from, to);
}

async function keepOwner(from: string, to: string): Promise<void> {
  const { uid, gid } = await stat(from);
  await chown(to, uid, gid);
}
