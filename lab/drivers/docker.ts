/**
 * The docker driver: one container per member, through the engine's own API (dockerode).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { LinkClass } from '../../node/control.ts';
import { EXIT, LabError } from '../errors.ts';
import { tcProgram } from '../links/tc.ts';
import { helperMissing } from '../links/helper/files.ts';
import { concurrently, InTurn } from '../supervisor/concurrently.ts';
import type { AddressPlan, Driver, DriverContext, LaunchSpec, MemberState } from './driver.ts';
import {
  engine,
  ENGINE_CONCURRENCY,
  engineError,
  engineIsLocal,
  engineStatus,
  LABEL,
  tolerate,
} from './docker-engine.ts';
import { kernelHasNetem, runHelper, type HelperSection } from './docker-helper.ts';
import {
  memberContainer,
  memberContainerName,
  membersDirectory,
  memberStateDirectory,
  prepareState,
} from './docker-member.ts';
import { memoryOf } from './docker-memory.ts';
import { prepareNetworks, type RunNetworks } from './docker-networks.ts';
import { removeRun } from './docker-remove.ts';

/** Between SIGTERM and SIGKILL: time for a last flush. */
const STOP_GRACE_SECONDS = 5;
/** A peer's state is on disk before it speaks: a failed start is tried again only for a lost race. */
const START_TRIES = 3;
const START_PAUSE_MS = 200;

/** Tags of the two images; replaced in tests and benchmarks that need no peer. */
export interface DockerImages {
  peer(): Promise<string>;
  adversary(): Promise<string>;
}

/** Loaded when first asked for: building the program needs the compiler. */
const LAB_IMAGES: DockerImages = {
  peer: async () => (await import('../image/image.ts')).peerImage(),
  adversary: async () => (await import('../image/image.ts')).adversaryImage(),
};

/** Whether members can run in containers here, in words, and whether that kernel has netem. */
export async function dockerAvailable(): Promise<{
  readonly ok: boolean;
  readonly reason: string;
  readonly netem: boolean;
}> {
  if (!engineIsLocal()) {
    return { ok: false, reason: 'the container engine is on another machine', netem: false };
  }
  const missing = helperMissing();
  try {
    const { Version, Os } = await engine().version();
    if (Os !== 'linux') return { ok: false, reason: `the engine runs ${Os}`, netem: false };
    if (missing !== null) return { ok: false, reason: missing, netem: false };
    const netem = await kernelHasNetem();
    const links = netem ? 'with netem' : 'without netem: links are shaped at the socket';
    return { ok: true, reason: `container engine ${Version}, kernel ${links}`, netem };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, reason: `no container engine answers: ${reason}`, netem: false };
  }
}

export function dockerDriver(context: DriverContext, images: DockerImages = LAB_IMAGES): Driver {
  return new DockerDriver(context, images);
}

class DockerDriver implements Driver {
  readonly name = 'docker';
  shaping: 'netem' | 'userspace' = 'userspace';
  readonly #context: DriverContext;
  readonly #images: DockerImages;
  readonly #tags = new Map<LaunchSpec['image'], Promise<string>>();
  #networks: RunNetworks | undefined;
  /** One ending at a time, for the reason that docker-remove.ts gives: endings leave networks too. */
  readonly #endings = new InTurn();

  constructor(context: DriverContext, images: DockerImages) {
    this.#context = context;
    this.#images = images;
  }

  async prepare(): Promise<AddressPlan> {
    this.#context.journal({ type: 'directory', path: membersDirectory(this.#context) });
    const [networks, netem] = await Promise.all([
      prepareNetworks(this.#context),
      kernelHasNetem(),
      this.#tag('peer'),
    ]);
    this.#networks = networks;
    // Kernels refuse a netem that duplicates beside another one below the same root.
    const kernelCan = netem && this.#context.duplicates !== true;
    if (netem && !kernelCan) this.#context.log('links that duplicate are shaped at the socket');
    this.shaping = kernelCan ? 'netem' : 'userspace';
    return networks.plan;
  }

  async launch(spec: LaunchSpec): Promise<void> {
    const networks = this.#prepared();
    const { name } = spec.seat;
    const directory = memberStateDirectory(this.#context, name);
    this.#context.journal({
      type: 'container',
      name: memberContainerName(this.#context.run, name),
    });
    const [image, user] = await Promise.all([this.#tag(spec.image), prepareState(directory)]);
    try {
      const options = memberContainer(this.#context, spec, image, networks.dataName, user);
      const container = await engine().createContainer(options);
      await engine().getNetwork(networks.controlName).connect({ Container: container.id });
      await start(container);
    } catch (error) {
      throw engineError(`launch ${name}`, error);
    }
  }

  async stop(name: string): Promise<void> {
    await this.#endings.run(() =>
      this.#do(`stop ${name}`, this.#container(name).stop({ t: STOP_GRACE_SECONDS }), [304]),
    );
  }

  async start(name: string): Promise<void> {
    await this.#do(`start ${name}`, start(this.#container(name)), [304]);
  }

  async kill(name: string): Promise<void> {
    // 409: it does not run.
    await this.#endings.run(() => this.#do(`kill ${name}`, this.#container(name).kill(), [409]));
  }

  async pause(name: string): Promise<void> {
    await this.#do(`pause ${name}`, this.#container(name).pause(), [304]);
  }

  async resume(name: string): Promise<void> {
    await this.#do(`resume ${name}`, this.#container(name).unpause(), [304]);
  }

  async states(): Promise<ReadonlyMap<string, MemberState>> {
    const containers = await engine().listContainers({
      all: true,
      filters: { label: [`${LABEL.run}=${this.#context.run}`, LABEL.peer] },
    });
    return new Map(
      containers.map(({ Labels, State }) => [Labels[LABEL.peer] ?? '', memberState(State)]),
    );
  }

  async shape(classes: ReadonlyMap<string, readonly LinkClass[]>): Promise<void> {
    const netem = this.shaping === 'netem';
    if (netem) refuseDuplicates(classes);
    const lines = await runHelper(
      'apply',
      await this.#sections(classes, netem),
      this.#context.run,
      (name) => this.#context.journal({ type: 'container', name }),
    );
    const failed = lines.filter((line) => !line.startsWith('ok '));
    if (failed.length === 0 && lines.length >= classes.size) return;
    throw new LabError(
      `links were set for ${lines.length - failed.length} of ${classes.size} members: ` +
        (failed[0] ?? 'the others did not run'),
      { exitCode: EXIT.broke, remedy: 'look at lab links and lab ps; then try again' },
    );
  }

  async logs(name: string, lines: number): Promise<string> {
    const log = await this.#container(name).logs({ stdout: true, stderr: true, tail: lines });
    return plainLog(log);
  }

  async memory(name: string): Promise<{ totalBytes: number; privateBytes: number } | null> {
    try {
      return await memoryOf(this.#container(name));
    } catch (error) {
      if (engineStatus(error) === 404) return null;
      throw error;
    }
  }

  remove(objects: Parameters<Driver['remove']>[0]): Promise<readonly string[]> {
    return removeRun(this.#context.run, this.#context.runDirectory, objects);
  }

  /** A member's process id changes at every start: it is looked up at every application. */
  async #sections(
    classes: ReadonlyMap<string, readonly LinkClass[]>,
    netem: boolean,
  ): Promise<HelperSection[]> {
    const { dataName } = this.#prepared();
    const sections: HelperSection[] = [];
    await concurrently([...classes], ENGINE_CONCURRENCY, async ([name, links]) => {
      const { State, NetworkSettings } = await this.#container(name).inspect();
      const ip = NetworkSettings.Networks[dataName]?.IPAddress;
      if (!State.Running || ip === undefined || ip === '') return;
      const netns = `/proc/${State.Pid}/ns/net`;
      sections.push({ netns, ip, lines: tcProgram(links, { netem }) });
    });
    return sections;
  }

  #container(name: string): Docker.Container {
    return engine().getContainer(memberContainerName(this.#context.run, name));
  }

  async #do(what: string, call: Promise<unknown>, fine: readonly number[]): Promise<void> {
    try {
      await tolerate(call, fine);
    } catch (error) {
      throw engineError(what, error);
    }
  }

  #prepared(): RunNetworks {
    if (this.#networks === undefined) throw new Error('prepare() comes first');
    return this.#networks;
  }

  #tag(image: LaunchSpec['image']): Promise<string> {
    const known = this.#tags.get(image);
    if (known !== undefined) return known;
    const tag = this.#images[image]();
    this.#tags.set(image, tag);
    return tag;
  }
}

async function start(container: Docker.Container): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await tolerate(container.start(), [304]);
      return;
    } catch (error) {
      // The engine can lose a race for its own address table when many start at once.
      if (tries === START_TRIES || engineStatus(error) !== 500) throw error;
      await sleep(START_PAUSE_MS);
    }
  }
}

/** For changes on a living network (exported for tests); a testnet that duplicates from the start is not shaped by netem. */
export function refuseDuplicates(classes: ReadonlyMap<string, readonly LinkClass[]>): void {
  const duplicating = [...classes.values()].flat().find(({ duplicate }) => duplicate > 0);
  if (duplicating === undefined) return;
  throw new LabError('the kernel cannot duplicate datagrams on one link among several', {
    exitCode: EXIT.machineCannot,
    remedy:
      'name the duplication in the testnet file: its links are then shaped at the sockets, ' +
      'which can; or use --driver process',
  });
}

function memberState(state: string): MemberState {
  if (state === 'running' || state === 'paused') return state;
  return state === 'restarting' ? 'running' : 'exited';
}

/** Takes the engine's stream headers (8 bytes per piece: stream, length) out of a log. */
function plainLog(log: Buffer): string {
  const pieces: Buffer[] = [];
  for (let at = 0; at + 8 <= log.length; ) {
    const length = log.readUInt32BE(at + 4);
    pieces.push(log.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(pieces).toString('utf8');
}
