/**
 * The images that members run: the peer's, and the adversary's, which is the peer's with one more
 * layer that brings attacks/. Tagged by content, so that a second call finds them at once.
 */
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { buildPeerFiles } from './build.ts';
import { build, NODE_IN_IMAGE, nodeImage } from './base.ts';
import { contentHash } from './files.ts';
import { PEER_NODE_FLAGS } from './flags.ts';

/** The tag of the peer's image, built if it is not there. */
export function peerImage(): Promise<string> {
  return programImage('peer');
}

/** The tag of the adversary's image: the peer's image and one more layer. */
export function adversaryImage(): Promise<string> {
  return programImage('adversary');
}

async function programImage(image: 'peer' | 'adversary'): Promise<string> {
  const program = await buildPeerFiles(image);
  const below = image === 'peer' ? await nodeImage() : await peerImage();
  const entry = path.posix.join(
    '/app',
    path.relative(program.directory, path.resolve(program.directory, program.entry)),
  );
  const command = JSON.stringify([NODE_IN_IMAGE, ...PEER_NODE_FLAGS, entry]);
  const dockerfile = `FROM ${below}\nCOPY app/ /app/\nWORKDIR /app\nENTRYPOINT ${command}\n`;
  const tag = `lab-${image}:${await contentHash([], dockerfile + program.hash)}`;
  return build(image, tag, dockerfile, (context) =>
    cp(program.directory, path.join(context, 'app'), { recursive: true, dereference: true }),
  );
}
