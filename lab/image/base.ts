/**
 * The images below the programs: Node alone, and the privileged helper. Each is tagged by the hash of
 * what is in it, so that it is built once and found at once afterwards.
 *
 * Without a registry they are assembled FROM scratch: the pinned Node binary with the libraries that
 * it links. Where this machine's Node cannot run in the engine's containers (another platform or
 * architecture), the base is the public Node image; that way has not been tried where we develop,
 * since no registry is reachable there.
 */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { engine, engineStatus, engineError, LABEL } from '../drivers/docker-engine.ts';
import { helperFiles } from '../links/helper/files.ts';
import { contentHash, programFiles, writeRoot, type RootFile } from './files.ts';

/** The user and group that peers run as in containers: nobody's number on any machine. */
export const PEER_UID = 65_532;
const PINNED_NODE = path.resolve(import.meta.dirname, '../../node_modules/node/bin/node');
export const NODE_IN_IMAGE = '/bin/node';
/** The public base where the local binary does not fit; not reachable from a machine without registry. */
const PUBLIC_BASE = 'node:26-slim';
/** The tag of the privileged helper's image. */
export async function helperImage(): Promise<string> {
  const files = await helperFiles();
  const dockerfile = 'FROM scratch\nCOPY root/ /\nENTRYPOINT ["/bin/sh", "/entry.sh"]\n';
  const tag = `lab-helper:${await contentHash(files, dockerfile)}`;
  return build('helper', tag, dockerfile, (context) =>
    writeRoot(path.join(context, 'root'), files),
  );
}

/** The image below the program: Node, its libraries, an unprivileged user; nothing to run but Node. */
export async function nodeImage(): Promise<string> {
  const users: RootFile[] = [
    text('/etc/passwd', `root:x:0:0::/:/\npeer:x:${PEER_UID}:${PEER_UID}::/:/\n`),
    text('/etc/group', `root:x:0:\npeer:x:${PEER_UID}:\n`),
    // Without it the resolver's first look costs a timeout; peers are told addresses, not names.
    text('/etc/nsswitch.conf', 'hosts: files\n'),
  ];
  const local = await localNodeFits();
  const files = local ? [...users, ...(await programFiles(PINNED_NODE, NODE_IN_IMAGE))] : users;
  const base = local ? 'scratch' : PUBLIC_BASE;
  const link = local ? '' : `RUN ["ln", "-sf", "/usr/local/bin/node", "${NODE_IN_IMAGE}"]\n`;
  const dockerfile = `FROM ${base}\n${link}COPY root/ /\nUSER ${PEER_UID}:${PEER_UID}\n`;
  const tag = `lab-node:${await contentHash(files, dockerfile)}`;
  return build('node', tag, dockerfile, (context) => writeRoot(path.join(context, 'root'), files));
}

/** Whether the engine runs what this machine runs: Linux, glibc, the same processor. */
async function localNodeFits(): Promise<boolean> {
  if (process.platform !== 'linux' || !existsSync(PINNED_NODE)) return false;
  const { Os, Arch } = await engine().version();
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
  return Os === 'linux' && Arch === architecture;
}

const building = new Map<string, Promise<string>>();

/** Builds the tag unless the engine has it; two callers at once share one build. */
export async function build(
  kind: string,
  tag: string,
  dockerfile: string,
  fill: (context: string) => Promise<void>,
): Promise<string> {
  const under = building.get(tag);
  if (under !== undefined) return under;
  const promise = buildOnce(kind, tag, dockerfile, fill);
  building.set(tag, promise);
  try {
    return await promise;
  } finally {
    building.delete(tag);
  }
}

async function buildOnce(
  kind: string,
  tag: string,
  dockerfile: string,
  fill: (context: string) => Promise<void>,
): Promise<string> {
  if (await exists(tag)) return tag;
  const folder = path.resolve(process.env['LAB_HOME'] ?? '.lab', 'build');
  await mkdir(folder, { recursive: true });
  const context = await mkdtemp(path.join(folder, `image-${kind}-`));
  try {
    await fill(context);
    await writeFile(path.join(context, 'Dockerfile'), dockerfile);
    await send(kind, tag, context);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
  return tag;
}

async function exists(tag: string): Promise<boolean> {
  try {
    await engine().getImage(tag).inspect();
    return true;
  } catch (error) {
    if (engineStatus(error) === 404) return false;
    throw error;
  }
}

async function send(kind: string, tag: string, context: string): Promise<void> {
  const stream = await engine().buildImage(
    { context, src: await readdir(context) },
    { t: tag, labels: { [LABEL.image]: kind }, networkmode: 'none', forcerm: true },
  );
  await new Promise<void>((resolve, reject) => {
    engine().modem.followProgress(stream, (error: Error | null, lines: { error?: string }[]) => {
      const failed = error?.message ?? lines.find((line) => line.error !== undefined)?.error;
      if (failed === undefined) resolve();
      else reject(engineError(`build the ${kind} image`, new Error(failed)));
    });
  });
}

function text(inside: string, content: string): RootFile {
  return { path: inside, source: { text: content }, mode: 0o644 };
}
