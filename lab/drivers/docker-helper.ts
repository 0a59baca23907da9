/**
 * Runs the privileged helper: one short-lived container per application, for all members at once. It
 * shares the host's process ids, enters each member's network namespace and sets its links there, so
 * that the members themselves need no privilege.
 */
import { PassThrough } from 'node:stream';
import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { helperImage } from '../image/base.ts';
import { engine, LABEL, tolerate } from './docker-engine.ts';

/** Enter another user's network namespace (open it, join it), and change the queues there. */
const HELPER_CAPABILITIES = ['SYS_PTRACE', 'SYS_ADMIN', 'NET_ADMIN'];

export type HelperCommand = 'apply' | 'show' | 'clear' | 'probe';

/** One member's part of the helper's input. */
export interface HelperSection {
  readonly netns: string;
  /** Address that the data interface holds; tells it from the control interface. */
  readonly ip: string;
  /** tc batch lines (tc.ts); empty for show and clear. */
  readonly lines: readonly string[];
}

/** What helper.sh reads from stdin. */
export function helperInput(sections: readonly HelperSection[]): string {
  return sections
    .map(({ netns, ip, lines }) => `${[`@ ${netns} ${ip}`, ...lines].join('\n')}\n`)
    .join('');
}

/**
 * The helper's answer, one line per section. `run` labels the container; `announce` gets its name
 * before it exists. Throws what the engine throws.
 */
export async function runHelper(
  command: HelperCommand,
  sections: readonly HelperSection[],
  run: string,
  announce: (name: string) => void,
): Promise<string[]> {
  const name = `lab-${run}-links-${randomBytes(4).toString('hex')}`;
  const image = await helperImage();
  announce(name);
  const container = await engine().createContainer({
    name,
    Image: image,
    Cmd: [command],
    Labels: { [LABEL.run]: run },
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      PidMode: 'host',
      NetworkMode: 'none',
      // Not `Privileged`: some machines cannot give all capabilities, and these are enough.
      CapDrop: ['ALL'],
      CapAdd: HELPER_CAPABILITIES,
      SecurityOpt: ['apparmor=unconfined'],
    },
  });
  try {
    return await converse(container, helperInput(sections));
  } finally {
    await tolerate(container.remove({ force: true, v: true }), [404, 409]);
  }
}

async function converse(container: Docker.Container, input: string): Promise<string[]> {
  const stream = await container.attach({
    stream: true,
    stdin: true,
    stdout: true,
    stderr: true,
    hijack: true,
  });
  const out = new PassThrough();
  const err = new PassThrough();
  engine().modem.demuxStream(stream, out, err);
  stream.on('end', () => {
    out.end();
    err.end();
  });
  const answers = Promise.all([text(out), text(err)]);
  await container.start();
  stream.end(input);
  const [answer, complaint] = await answers;
  const { StatusCode: code }: { StatusCode: number } = await container.wait();
  if (code !== 0) throw new Error(`the links helper ended with ${code}: ${complaint.trim()}`);
  return answer.split('\n').filter((line) => line !== '');
}

let netem: Promise<boolean> | undefined;

/** Whether the kernel under the engine has netem: tried once per process, in the helper's own namespace. */
export function kernelHasNetem(): Promise<boolean> {
  netem ??= runHelper('probe', [], 'probe', () => undefined).then(
    (lines) => lines.includes('netem yes'),
    (error: unknown) => {
      // The doctor asks again once it has mended what was in the way.
      netem = undefined;
      throw error;
    },
  );
  return netem;
}
